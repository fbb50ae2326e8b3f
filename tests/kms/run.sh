#!/usr/bin/env bash
# The wrapping key in KMS, keys that sign there, and the root workspace's secret in Secrets Manager, against moto's:
# `moto_server` must be there (pip install "moto[server]").
set -euo pipefail
cd "$(dirname "$0")/../.."
log=$(mktemp)
moto_server -H 127.0.0.1 -p 0 >"$log" 2>&1 &
moto=$!
trap 'kill $moto 2>/dev/null || true; rm -f "$log"' EXIT
for _ in $(seq 300); do
  endpoint=$(grep -o 'http://127.0.0.1:[0-9]*' "$log" || true)
  [ -z "$endpoint" ] || break
  kill -0 $moto || { cat "$log"; exit 1; }
  sleep 0.1
done
[ -n "$endpoint" ] || { cat "$log"; exit 1; }

# The settings of a function: the tests read them as the functions do.
export AWS_ENDPOINT_URL_KMS=$endpoint AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
ask() {
  curl --silent --show-error --fail "$endpoint" --header 'Content-Type: application/x-amz-json-1.1' \
    --header "X-Amz-Target: TrentService.$1" --data "$2" \
    --header "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/$AWS_REGION/kms/aws4_request"
}
create_key() {
  ask CreateKey "${1:-{\}}" | grep -o 'arn:aws:kms:[^"]*'
}
KMS_KEY_ID=$(create_key)
OTHER_KMS_KEY_ID=$(create_key)
# Keys that sign, of the workspace `acme`.
for key in ec:ECC_NIST_P256 rsa:RSA_2048; do
  arn=$(create_key "{\"KeyUsage\": \"SIGN_VERIFY\", \"KeySpec\": \"${key#*:}\"}")
  ask CreateAlias "{\"AliasName\": \"alias/linkspan/acme/${key%:*}\", \"TargetKeyId\": \"$arn\"}"
done
# Secrets: one that was changed once, and a new one.
manage() {
  curl --silent --show-error --fail "$endpoint" --header 'Content-Type: application/x-amz-json-1.1' \
    --header "X-Amz-Target: secretsmanager.$1" --data "$2" \
    --header "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/$AWS_REGION/secretsmanager/aws4_request"
}
create_secret() {
  manage CreateSecret "{\"Name\": \"$1\", \"SecretString\": \"$2\", \"ClientRequestToken\": \"$1-0000000000-0000000000-0000000000\"}" |
    grep -o 'arn:aws:secretsmanager:[^"]*'
}
ROOT_SECRET_ARN=$(create_secret changed first-root-secret-first-root-secret)
NEW_SECRET_ARN=$(create_secret new only-root-secret-only-root-secret)
manage PutSecretValue "{\"SecretId\": \"$ROOT_SECRET_ARN\", \"SecretString\": \"second-root-secret-second-root-secret\",
  \"ClientRequestToken\": \"second-0000000000-0000000000-0000000000\"}" >/dev/null
export KMS_KEY_ID OTHER_KMS_KEY_ID ROOT_SECRET_ARN NEW_SECRET_ARN
cargo test -p tests --features kms --test kms "$@"
