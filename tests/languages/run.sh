#!/usr/bin/env bash
# Connects an account through each language's backend, and runs the scripts of tests/curl, with a local run and a
# command-line tool that are already built. Go, Ruby and Ruby's gems jwt and webrick must be there. LINKSPAN_BIN names
# the local run's binary, with the tool beside it, when it is not target/debug/linkspan-local.
set -euo pipefail
cd "$(dirname "$0")"
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check pyjwt==2.15.1
PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" -m unittest discover "$@"
