// The two published SDKs, and what they send and expect, read from what they ship.
//
// REST. Every call goes to `apiUri` with `Authorization`; the newer SDK adds `membrane-api-version`. A browser asks
// first (a preflight). Answers are taken as they come, none is parsed against a schema; an error becomes one of the
// SDK's own only if its body has a `type` that the SDK knows. Of the answers, these fields are read:
//
//   connect()    older  GET /integrations/{key}: id
//                       GET /integrations/{key}/connector-spec: auth.type, auth.options[authOptionKey].type
//                newer  GET /integrations/{key}: id
//                       POST /connection-options {integrationId}: an array, of which key and type
//   reconnect()  older  GET /connections/{id}: id, integrationId
//                       GET /integrations/{integrationId}/connector-spec, as above
//                newer  GET /connections/{id}: id
//                       POST /connection-options {connectionId}, as above
//   findAll()    both   GET /integrations?limit=1000&cursor=0: items, cursor; again while there is a cursor
//
// The start is a form with one urlencoded field, `payload`:
//
//   older  POST /connection-popup?integrationId={id}, or ?connectionId={id} alone; in the payload: token,
//          connectionParameters, name, authOptionKey, allowMultipleConnections, requestId, redirectUri
//   newer  POST /connect; in the payload: token, input, connectorParameters, one of integrationId, integrationKey and
//          connectionId, connectionKey, name, authOptionKey, allowMultipleConnections, connectionRequestId, requestId,
//          redirectUri
//
// It is posted to a hidden iframe if the option's type is `client-credentials`, to the page's own window if there is a
// `redirectUri` (sent only with `sameWindow`), and else to a popup. The older SDK asks for the type first, the newer one
// for `redirectUri`. Without `authOptionKey` the older SDK takes the type of the default option; the newer one knows
// none then, and opens a popup.
//
// The result is a message {source: "integration.app", requestId, type} to the window: `newConnectionCreated` resolves
// with its `connection`, `newConnectionFailure` rejects with its `errorData` (else with its `error`), and any other type
// ends the waiting without an answer. Beside it there is an event stream at /sse/connection-events/{requestId} (the
// newer SDK adds ?token=), which is dropped for good at its first error. A popup that is closed resolves with null. An
// iframe that says nothing is waited for without end.

import { readFileSync } from "node:fs";

// The packages' own builds for a script element, byte for byte as published.
const script = (name) => readFileSync(new URL(`../node_modules/${name}/dist/bundle.js`, import.meta.url));

/** What differs between them. The claims are each SDK's spelling of who the customer is. */
export const SDKS = [
  {
    name: "@integration-app/sdk 1.14.1",
    older: true,
    script: script("@integration-app/sdk"),
    client: "IntegrationAppClient",
    startPath: "/connection-popup",
    claims: (workspace, customer) => ({ workspaceKey: workspace, id: customer }),
  },
  {
    name: "@membranehq/sdk 0.28.3",
    older: false,
    script: script("@membranehq/sdk"),
    client: "MembraneClient",
    startPath: "/connect",
    claims: (workspace, customer) => ({ iss: workspace, tenantKey: customer }),
  },
];
