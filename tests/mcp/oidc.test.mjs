// A certified authorization server, apart from the MCP server: it checks registration, resource and PKCE by the standards.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, test } from "node:test";
import { Provider } from "oidc-provider";
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { mcpAuthMetadataRouter } from "@modelcontextprotocol/sdk/server/auth/router.js";

import { startLinkspan } from "../browser/lib/linkspan.mjs";
import { SCOPE, serveTools, start } from "./lib/server.mjs";
import { connect, define, greeting, refresh } from "./lib/visitor.mjs";

let linkspan, issuer, server;

before(async () => {
  linkspan = await startLinkspan();
  let provider;
  let resource;
  issuer = await start((app, origin) => {
    provider = authorizationServer(origin, () => resource);
    app.get("/interaction/:uid", (request, response) => agree(provider, request, response));
    app.use(provider.callback());
  });
  server = await start((app, origin) => {
    resource = `${origin}/mcp`;
    const oauthMetadata = { issuer: issuer.origin, authorization_endpoint: issuer.origin, token_endpoint: issuer.origin, response_types_supported: ["code"] };
    app.use(mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl: new URL(resource) }));
    return { address: serveTools(app, origin, { verifyAccessToken: (token) => verify(provider, token) }) };
  });
});
after(() => Promise.all([server, issuer, linkspan].map((site) => site?.stop())));

test("a customer connects by a client that registered itself", async () => {
  const defined = await define(linkspan, "certified", server.address, { extra: { prompt: "consent" } });
  const { discovered } = defined.authOptions[0];
  assert.equal(discovered.config.issuer, issuer.origin);
  assert.equal(discovered.config.resource, server.address);
  assert.equal(discovered.config.authorizationResponseIssParameterSupported, true);
  assert.deepEqual(discovered.config.scopes, [SCOPE, "offline_access"]);
  assert.equal(discovered.client.by, "registration");
  const id = await connect(linkspan, "certified");
  const answer = `Hello ada, by ${discovered.config.clientId}`;
  assert.equal(await greeting(linkspan, id), answer);
  await refresh(linkspan, id);
  assert.equal(await greeting(linkspan, id), answer);
});

function authorizationServer(origin, resource) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return new Provider(origin, {
    cookies: { keys: ["a test's cookies"] },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // A token is for the resource that is named, and for no other.
        getResourceServerInfo: (_, named) => {
          assert.equal(named, resource());
          return { scope: SCOPE, accessTokenFormat: "opaque" };
        },
        useGrantedResource: () => false,
      },
    },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "test" }] },
    pkce: { required: () => true },
    scopes: ["openid", "offline_access"],
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 600, RefreshToken: 86400, Session: 3600 },
  });
}

/** Signs Ada in, and grants what is asked for. */
async function agree(provider, request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  let result = { login: { accountId: "ada" } };
  if (prompt.name === "consent") {
    const grant = grantId
      ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    const { missingOIDCScope = [], missingResourceScopes = {} } = prompt.details;
    grant.addOIDCScope([...missingOIDCScope, "offline_access"].join(" "));
    for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
      grant.addResourceScope(resource, scopes.join(" "));
    }
    result = { consent: { grantId: await grant.save() } };
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

async function verify(provider, text) {
  const token = await provider.AccessToken.find(text);
  if (!token) throw new InvalidTokenError("no such token");
  return {
    token: text,
    clientId: token.clientId,
    scopes: token.scope.split(" "),
    expiresAt: token.exp,
    resource: new URL([token.aud].flat()[0]),
    extra: { user: token.accountId },
  };
}
