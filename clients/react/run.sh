#!/usr/bin/env bash
# Builds the package, checks its types and tests it in Chromium, with a local run that is already built. LINKSPAN_BIN
# names its binary when it is not target/debug/linkspan-local, CHROMIUM_BIN the browser when it is not /usr/bin/chromium.
set -euo pipefail
cd "$(dirname "$0")"
# The tests drive the browser as tests/browser does, and their backend uses the package beside this one.
npm ci --silent --prefix ../../tests/browser
npm ci --silent --prefix ../js
npm run --silent build --prefix ../js
npm ci --silent
npm run --silent build
exec npm test --silent -- "$@"
