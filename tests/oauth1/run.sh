#!/usr/bin/env bash
# Connects to an independent OAuth 1.0a provider, with a local run that is already built. LINKSPAN_BIN names its binary
# when it is not target/debug/linkspan-local.
set -euo pipefail
cd "$(dirname "$0")"
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" -m unittest discover "$@"
