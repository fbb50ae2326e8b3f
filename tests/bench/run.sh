#!/usr/bin/env bash
# Builds all contenders and measures them in one run. Options go to bench.py: --rounds N, --warm N, --sizes N,N, --dry.
# `run.sh shares` measures at the share of a processor that memory buys; its options go to shares.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR=$PWD/target

what=bench
if [ "${1:-}" = shares ]; then
  what=shares
  shift
fi

if [ $what = bench ]; then
  # As sam does: each in its own folder, so that Cargo resolves the features that it needs and no more.
  for folder in functions/{initiate,callback,finish,api,refresh} tests/bench/floor/{echo,dynamodb} infra/local; do
    (cd "$folder" && cargo build --release --quiet)
  done
else
  # The same, but for whom they trust. They are kept apart: nobody is to deploy them.
  export BENCH_FUNCTIONS=$CARGO_TARGET_DIR/bench/trusting
  mkdir -p "$BENCH_FUNCTIONS"
  for package in initiate callback finish api floor-dynamodb; do
    cargo build --release --quiet -p "$package" -p protocol --features protocol/bench-roots
  done
  for function in initiate callback finish api floor-put; do
    mv "$CARGO_TARGET_DIR/release/$function" "$BENCH_FUNCTIONS/"
  done
  for folder in tests/bench/tls infra/local; do (cd "$folder" && cargo build --release --quiet); done
fi

# Lambda's runtime client for Node is C++ and compiles when it is installed.
for tool in cmake autoconf automake libtoolize g++ make python3 node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: see tests/bench/README.md"; exit 1; }
done
npm ci --prefix tests/bench/grant --no-audit --no-fund --loglevel=error
npm run build --prefix tests/bench/grant --silent -- --log-level=error

PYTHONPATH=tests/lambda PYTHONDONTWRITEBYTECODE=1 exec python3 "tests/bench/$what.py" "$@"
