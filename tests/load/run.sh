#!/usr/bin/env bash
# Many customers at once against an optimised local run: builds it, starts it on free ports, prints tables, stops it.
# `run.sh 2000` makes 2,000 flows instead of 20,000. docs/reliability.md says what is measured.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR=$PWD/target
flows=${1:-20000}

cargo build --release --quiet --bin linkspan-local --example load
local=$CARGO_TARGET_DIR/release/linkspan-local

# Each request has connections to and from the service, and to and from its database in the same process.
needed=8192
if [ "$(ulimit -Sn)" != unlimited ] && [ "$(ulimit -Sn)" -lt $needed ]; then
  ulimit -Sn $needed || { echo "needs $needed open files: ulimit -Hn is $(ulimit -Hn)"; exit 1; }
fi

# In memory where there is room: not the disk is to be measured.
place=/dev/shm
[ -w $place ] || place=/tmp
folder=$(mktemp -d -p "${TMPDIR:-$place}")
processes=()
stop() {
  kill "${processes[@]}" 2>/dev/null || true
  wait "${processes[@]}" 2>/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT

# Starts a local run, and waits until it is ready. Its output goes to files of this name.
start() {
  local name=$1
  shift
  "$local" --port 0 "$@" >"$folder/$name" 2>"$folder/$name.log" &
  processes+=($!)
  for _ in $(seq 300); do
    grep -q '^Linkspan is ready at ' "$folder/$name" && return
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  cat "$folder/$name.log"
  return 1
}
address() {
  sed -n "s/^$2 at //p" "$folder/$1"
}

# The tables are in a file, so that what is stored is not the process's memory. The provider is another process.
start service --data-dir "$folder/tables"
service=$!
start provider --callback-base "$(address service 'Linkspan is ready')"

"$CARGO_TARGET_DIR/release/examples/load" "$(address service 'Linkspan is ready')" \
  "$(address provider 'Linkspan is ready')" "$(address service DynamoDB)" "$service" "$flows"
