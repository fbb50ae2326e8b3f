#!/usr/bin/env bash
# Makes a connection of each line of connections.jsonl. The answers are kept in carried.jsonl and refused.jsonl, without
# the credentials. Run it again after a refusal: what was carried over is left out.
set -euo pipefail
: "${LINKSPAN_URL:?}" "${LINKSPAN_WORKSPACE:?}"
touch carried.jsonl && : > refused.jsonl
number=0
while IFS= read -r connection; do
  number=$((number + 1))
  hash=$(sha256sum <<< "$connection" | cut -c1-64)
  ! grep --quiet "$hash" carried.jsonl || continue
  answer=$(curl --silent --show-error --write-out '\n%{http_code}' --data @- <<< "$connection" \
    --header "Authorization: Bearer $(linkspan token --admin)" --header 'Content-Type: application/json' \
    "$LINKSPAN_URL/connections")
  to=refused.jsonl
  [ "${answer##*$'\n'}" != 201 ] || to=carried.jsonl
  printf '{"line":%d,"sha256":"%s","answer":%s}\n' "$number" "$hash" "${answer%$'\n'*}" >> "$to"
done < connections.jsonl
wc -l carried.jsonl refused.jsonl
