#!/usr/bin/env bash
# Connects a customer's account with curl and openssl alone, step by step, as the customer's browser would.
set -euo pipefail
base=${LINKSPAN_URL:-http://127.0.0.1:9000}
secret=${WORKSPACE_SECRET:-local-demo-secret-local-demo-secret-local-demo-secret-local-demo-secret}
cookies=$(mktemp) && trap 'rm -f "$cookies"' EXIT

# 1. Your backend signs its customer's token: a JWT under HS256.
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
header=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url)
claims=$(printf '{"iss":"demo","id":"customer-1","name":"Customer One","exp":%d}' $(($(date +%s) + 600)) | base64url)
signature=$(printf '%s.%s' "$header" "$claims" | openssl dgst -sha256 -hmac "$secret" -binary | base64url)
token=$header.$claims.$signature

# 2. The customer's browser posts the form that your backend made, and is sent to the provider.
browse() { curl --silent --show-error --fail --location --cookie "$cookies" --cookie-jar "$cookies" \
  --output /dev/null --write-out '%{url_effective}\n' "$@"; }
payload='{"integrationKey":"demo-oauth2","token":"'$token'","redirectUri":"'$base'/demo/connected","customState":"from curl"}'
sign_in=$(browse --data-urlencode "payload=$payload" "$base/connection-popup")

# 3. The customer signs in there, and allows.
request=${sign_in#*request=}
browse --data "request=$request&user_name=ada&password=lovelace" "$base/demo-provider/sign-in" > /dev/null
result=$(browse --data "request=$request&decision=allow" "$base/demo-provider/consent")
echo "The browser came back to $result"

# 4. Your backend believes only what it reads with the customer's token.
connection=$(sed -n 's/.*[?&]connectionId=\([^&#]*\).*/\1/p' <<< "$result")
curl --silent --show-error --fail --header "Authorization: Bearer $token" "$base/connections/$connection"
echo
