#!/usr/bin/env bash
# Connects an account through each language's backend, with a local run that is already built. Go, Ruby and Ruby's gems jwt
# and webrick must be there. LINKSPAN_BIN names the binary when it is not target/debug/linkspan-local.
set -euo pipefail
cd "$(dirname "$0")"
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check pyjwt==2.15.1
PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" -m unittest discover "$@"
