#!/usr/bin/env bash
# Builds all contenders and measures them in one run. Options go to bench.py: --rounds N, --warm N, --sizes N,N, --dry.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR=$PWD/target

# As sam does: each in its own folder, so that Cargo resolves the features that it needs and no more.
for folder in functions/{initiate,callback,finish,api,refresh} tests/bench/floor/{echo,dynamodb} infra/local; do
  (cd "$folder" && cargo build --release --quiet)
done

# Lambda's runtime client for Node is C++ and compiles when it is installed.
for tool in cmake autoconf automake libtoolize g++ make python3 node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: see tests/bench/README.md"; exit 1; }
done
npm ci --prefix tests/bench/grant --no-audit --no-fund --loglevel=error
npm run build --prefix tests/bench/grant --silent -- --log-level=error

PYTHONPATH=tests/lambda PYTHONDONTWRITEBYTECODE=1 exec python3 tests/bench/bench.py "$@"
