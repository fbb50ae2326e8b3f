#!/usr/bin/env bash
# Makes a link, opens it as the customer who got it by mail would, and asks what became of it, with curl and openssl alone.
set -euo pipefail
base=${LINKSPAN_URL:-http://127.0.0.1:9000}
secret=${WORKSPACE_SECRET:-local-demo-secret-local-demo-secret-local-demo-secret-local-demo-secret}
cookies=$(mktemp) && trap 'rm -f "$cookies"' EXIT

# 1. Your backend signs a token that may make connection requests, and nothing else.
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
header=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url)
claims=$(printf '{"iss":"demo","isAdmin":true,"scope":"requests:create","exp":%d}' $(($(date +%s) + 600)) | base64url)
signature=$(printf '%s.%s' "$header" "$claims" | openssl dgst -sha256 -hmac "$secret" -binary | base64url)
call() { curl --silent --show-error --fail --header "Authorization: Bearer $header.$claims.$signature" "$@"; }

# 2. It makes the link. Mail it, show it as a QR code, or give it to an agent.
request=$(call --json '{"userId":"customer-1","integrationKey":"demo-oauth2","prompt":"We need your calendar.","expiresIn":86400}' \
  "$base/connection-requests")
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
url=$(field url <<< "$request")
echo "The link: $url"

# 3. The customer opens it, reads who asks, and presses the button.
browse() { curl --silent --show-error --fail --location --cookie "$cookies" --cookie-jar "$cookies" \
  --header 'Accept: text/html' "$@"; }
flow=$(browse "$url" | sed -n 's/.*name="flow" value="\([^"]*\)".*/\1/p')
sign_in=$(browse --data "flow=$flow" --output /dev/null --write-out '%{url_effective}' "$base/connection-popup")

# 4. They sign in at the provider, and allow.
provider=${sign_in#*request=}
browse --data "request=$provider&user_name=ada&password=lovelace" --output /dev/null "$base/demo-provider/sign-in"
browse --data "request=$provider&decision=allow" "$base/demo-provider/consent" | sed -n 's/.*<h1>\(.*\)<\/h1>.*/The page says: \1/p'

# 5. Your backend asks what became of it.
call "$base/connection-requests/$(field requestId <<< "$request")"
echo
