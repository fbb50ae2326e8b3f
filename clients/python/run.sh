#!/usr/bin/env bash
# Builds the package, checks its types, and tests what was built against a local run that is built already. LINKSPAN_BIN
# names its binary when it is not target/debug/linkspan-local.
set -euo pipefail
cd "$(dirname "$0")"
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
export PYTHONDONTWRITEBYTECODE=1
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement requirements-dev.txt
# The wheel is made of the source distribution: both are whole.
cmp LICENSE ../../LICENSE
"$venv/bin/python" -m build --outdir "$venv/dist" . >"$venv/build.log" 2>&1 || { cat "$venv/build.log"; exit 1; }
"$venv/bin/pip" install --quiet --disable-pip-version-check "$venv"/dist/linkspan-*.whl
"$venv/bin/python" generate.py --check
"$venv/bin/mypy" --cache-dir "$venv/mypy" src generate.py tests
"$venv/bin/python" -m unittest discover --start-directory tests "$@"
