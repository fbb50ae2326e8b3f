#!/usr/bin/env bash
# Defines an integration with HubSpot, and starts a connection: up to the page where HubSpot asks who you are.
set -euo pipefail
export LINKSPAN_URL=${LINKSPAN_URL:-http://127.0.0.1:9000} LINKSPAN_WORKSPACE=demo
export LINKSPAN_SECRET=local-demo-secret-local-demo-secret-local-demo-secret-local-demo-secret

# 1. A file says what you connect to. Everything else is in the connector.
mkdir -p integrations
cat > integrations/crm.yaml <<'EOF'
connector: hubspot
parameters:
  clientId: ${env:HUBSPOT_CLIENT_ID}
  clientSecret: ${env:HUBSPOT_CLIENT_SECRET}
EOF

# 2. The client that you register at HubSpot, with the callback address that this prints.
export HUBSPOT_CLIENT_ID=${HUBSPOT_CLIENT_ID:-your-client-id} HUBSPOT_CLIENT_SECRET=${HUBSPOT_CLIENT_SECRET:-your-client-secret}
linkspan integration put integrations/crm.yaml

# 3. The address that your customer's browser is sent to.
payload='{"integrationKey":"crm","token":"'$(linkspan token --customer customer-1)'","redirectUri":"'$LINKSPAN_URL'/demo/connected"}'
curl --silent --show-error --fail --output /dev/null --write-out '%{redirect_url}\n' \
  --data-urlencode "payload=$payload" "$LINKSPAN_URL/connection-popup"
