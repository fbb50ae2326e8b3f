#!/usr/bin/env bash
# Runs the browser tests against a local run that is already built. LINKSPAN_BIN names its binary when it is not
# target/debug/linkspan-local, CHROMIUM_BIN the browser when it is not /usr/bin/chromium.
set -euo pipefail
cd "$(dirname "$0")"
npm ci --silent
exec node --test "$@"
