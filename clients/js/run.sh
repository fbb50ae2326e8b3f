#!/usr/bin/env bash
# Builds the package, checks its types and tests it, with a local run that is already built. LINKSPAN_BIN names its
# binary when it is not target/debug/linkspan-local.
set -euo pipefail
cd "$(dirname "$0")"
npm ci --silent
npm run --silent build
exec npm test --silent -- "$@"
