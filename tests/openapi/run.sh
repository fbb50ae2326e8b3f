#!/usr/bin/env bash
# Tries docs/openapi.json on a local run that is already built; `schemathesis` must be there (pip install
# schemathesis==4.32.5). LINKSPAN_BIN names the binary when it is not target/debug/linkspan-local.
set -euo pipefail
cd "$(dirname "$0")"
PYTHONDONTWRITEBYTECODE=1 python3 run.py "$@"
