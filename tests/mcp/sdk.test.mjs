// The official SDK's server and authorization server, with a client of each kind.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startLinkspan } from "../browser/lib/linkspan.mjs";
import { SCOPE, startWithSdk } from "./lib/server.mjs";
import { connect, define, greeting, refresh } from "./lib/visitor.mjs";

let linkspan;

before(async () => {
  linkspan = await startLinkspan();
});
after(() => linkspan?.stop());

async function serverOf(t, settings) {
  const server = await startWithSdk(settings);
  t.after(server.stop);
  return server;
}

/** Every request that names a resource names the server, and the scopes are those of its challenge. */
function assertBound(server) {
  assert.deepEqual(server.provider.seen, [
    { what: "authorization", resource: server.address, scopes: [SCOPE] },
    { what: "code", resource: server.address },
    { what: "refresh", resource: server.address },
  ]);
}

test("a client that registers itself", async (t) => {
  const server = await serverOf(t, { registers: true });
  const defined = await define(linkspan, "registered", server.address);
  assert.equal(defined.state, "READY");
  assert.equal(defined.baseUri, server.address);
  const { discovered } = defined.authOptions[0];
  assert.equal(discovered.client.by, "registration");
  const [client, ...others] = server.provider.known.values();
  assert.deepEqual(others, []);
  assert.equal(discovered.config.clientId, client.client_id);
  assert.deepEqual(client.redirect_uris, [defined.oAuthCallbackUri]);
  assert.equal(client.client_name, "Demo workspace");

  const id = await connect(linkspan, "registered");
  assert.equal(await greeting(linkspan, id), `Hello Ada, by ${client.client_id}`);
  await refresh(linkspan, id);
  assert.equal(await greeting(linkspan, id), `Hello Ada, by ${client.client_id}`);
  assertBound(server);

  await define(linkspan, "registered", server.address);
  assert.equal(server.provider.known.size, 1, "it is registered once");
});

test("a client that the server reads about in Linkspan's document", async (t) => {
  const server = await serverOf(t, { readsDocuments: true });
  const defined = await define(linkspan, "document", server.address);
  const document = `${linkspan.url}/oauth-client/${defined.id}`;
  assert.equal(defined.authOptions[0].discovered.config.clientId, document);
  const id = await connect(linkspan, "document");
  assert.equal(await greeting(linkspan, id), `Hello Ada, by ${document}`);
  await refresh(linkspan, id);
  assertBound(server);
});

test("a client that is given", async (t) => {
  const client = { client_id: "ours", client_secret: "a secret of ours" };
  // The server knows the callback before it knows of any start.
  const clients = [client];
  const server = await serverOf(t, { registers: true, readsDocuments: true, clients });
  const config = { clientId: client.client_id, clientSecret: client.client_secret };
  const defined = await define(linkspan, "given", server.address, config);
  client.redirect_uris = [defined.oAuthCallbackUri];
  assert.equal(defined.authOptions[0].discovered.client, undefined);
  assert.equal(server.provider.known.size, 1, "none is registered");
  const id = await connect(linkspan, "given");
  assert.equal(await greeting(linkspan, id), "Hello Ada, by ours");
  await refresh(linkspan, id);
  assertBound(server);
});

test("a server that takes neither needs a client", async (t) => {
  const server = await serverOf(t, {});
  await assert.rejects(define(linkspan, "none", server.address), /authOptions\[0\]\.config\.mcpServer needs a client/);
});
