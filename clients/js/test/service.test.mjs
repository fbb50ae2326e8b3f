// The package against the local run: what a team's backend does, and what goes wrong there.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { Linkspan, LinkspanError } from "linkspan";

import { DEMO, startLinkspan } from "../../../tests/browser/lib/linkspan.mjs";
import { Visitor } from "./lib/visitor.mjs";

const APP = "http://localhost:3000/connected";

let run, linkspan;

before(async () => {
  run = await startLinkspan();
  linkspan = new Linkspan({ url: run.url, workspaceKey: DEMO.key, secret: DEMO.secret });
});
after(() => run.stop());

const is = (wanted) => (error) => {
  assert.ok(error instanceof LinkspanError, String(error.stack));
  for (const [name, value] of Object.entries(wanted)) assert.deepEqual(error[name], value, name);
  return true;
};

/** A visitor whose browser has posted the form, and has come back from the provider. */
async function visited(customer, start = {}, { workspace = linkspan, decision = "allow" } = {}) {
  const visitor = new Visitor();
  visitor.page = workspace.startForm(customer, { integrationKey: "demo-oauth2", redirectUri: APP, ...start }).html("Go");
  // The form stands on a page of the app's, which is told nothing but the address in the end.
  visitor.url = visitor.stopsAt = APP;
  await visitor.connect(decision);
  return visitor;
}

async function connected(customer, start) {
  const visitor = await visited(customer, start);
  return linkspan.connectionFromResult(visitor.query, customer);
}

async function all(list) {
  const items = [];
  for await (const item of list) items.push(item);
  return items;
}

describe("the result", () => {
  test("is the connection, read with the customer's token", async () => {
    const visitor = await visited({ id: "ada", name: "Ada" }, { name: "Ada's CRM", customState: "kept" });
    assert.equal(visitor.query.get("customState"), "kept");
    const connection = await linkspan.connectionFromResult(visitor.query, { id: "ada" });
    assert.equal(connection.userId, "ada");
    assert.equal(connection.name, "Ada's CRM");
    assert.equal(connection.state, "READY");
    // What a framework makes of the query.
    const parsed = Object.fromEntries(visitor.query);
    assert.deepEqual(await linkspan.connectionFromResult(parsed, { id: "ada" }), connection);
  });

  test("is not another customer's connection", async () => {
    const visitor = await visited({ id: "bob" });
    await assert.rejects(linkspan.connectionFromResult(visitor.query, { id: "eve" }), is({ key: "not_found", status: 404 }));
  });

  for (const connectionId of ["made-up", "", "..", "../self", "..%2Fself", "0".repeat(24)]) {
    test(`is not what somebody typed: ${connectionId}`, async () => {
      const query = new URLSearchParams({ connectionId });
      await assert.rejects(linkspan.connectionFromResult(query, { id: "ada" }), is({ key: "not_found" }));
    });
  }

  test("is an error that says what happened", async () => {
    const visitor = await visited({ id: "carol" }, {}, { decision: "deny" });
    await assert.rejects(linkspan.connectionFromResult(visitor.query, { id: "carol" }), (error) => {
      assert.match(error.reference, /^[0-9A-Z]{8}$/);
      return is({
        type: "connection",
        key: "authorization_denied",
        message: "The access was not granted.",
        status: undefined,
      })(error);
    });
  });

  test("is an error even if somebody typed it", async () => {
    for (const errorData of ["", "no JSON", "[]", "null", '{"type":"of my own","key":"k","message":"m"}']) {
      const query = { error: "Typed.", errorData, connectionId: "1" };
      await assert.rejects(linkspan.connectionFromResult(query, { id: "ada" }), is({ message: "Typed." }));
    }
  });

  test("is missing where the address has none", async () => {
    for (const query of [new URLSearchParams(), {}, { connectionId: ["1", "2"] }, Object.create({ connectionId: "1" })]) {
      await assert.rejects(linkspan.connectionFromResult(query, { id: "ada" }), is({ key: "result_missing" }));
    }
  });

  test("of a workspace that confirms its users is the connection too", async () => {
    const team = await workspace("confirming", { confirmUser: true });
    await integration(team);
    const come = () =>
      visited({ id: "ada" }, { integrationKey: "crm", connectionParameters: { apiKey: "k" } }, { workspace: team });
    const sent = (await come()).query;
    assert.ok(sent.has("connectionRequestId"), sent.toString());
    await assert.rejects(team.connectionFromResult(sent, { id: "eve" }), is({ key: "access_denied", status: 403 }));
    const connection = await team.connectionFromResult((await come()).query, { id: "ada" });
    assert.equal(connection.userId, "ada");
  });
});

/** Defines a workspace, and gives its client. */
async function workspace(key, definition) {
  const secret = `the secret of ${key} `.repeat(4);
  const redirectUris = ["http://localhost:3000/*"];
  const body = { name: key, secret, redirectUris, origins: ["http://localhost:3000"], ...definition };
  await linkspan.asManager().request("PUT", `/workspaces/${key}`, { body });
  return new Linkspan({ url: run.url, workspaceKey: key, secret });
}

/** Defines an integration of the workspace's whose customers enter a key. */
async function integration(team) {
  const inputSchema = { type: "object", properties: { apiKey: { type: "string" } }, required: ["apiKey"] };
  const authOptions = [{ key: "api-key", type: "client-credentials", inputSchema }];
  const body = { name: "CRM", baseUri: `${run.url}/demo-provider/api`, authOptions };
  await team.asManager().request("PUT", "/integrations/crm", { body });
}

describe("connections", () => {
  test("live from their making to their restoring", async () => {
    const customer = { id: "dora" };
    const { id } = await connected(customer);
    const { connections } = linkspan.asCustomer(customer);
    assert.equal((await connections.rename(id, "Dora's")).name, "Dora's");
    assert.equal((await connections.get(id)).name, "Dora's");
    assert.deepEqual(await connections.test(id), { success: true });
    assert.equal(await connections.refresh(id), undefined);
    assert.equal(await connections.archive(id), undefined);
    assert.ok((await connections.get(id)).archivedAt);
    assert.deepEqual(await all(connections.list()), []);
    assert.equal((await connections.restore(id)).archivedAt, undefined);
    assert.equal(await connections.disconnect(id), undefined);
    assert.equal((await connections.get(id)).state, "CLIENT_ACTION_REQUIRED");
    const failed = is({ type: "connection", key: "connection_disconnected" });
    await assert.rejects(connections.refresh(id), failed);
  });

  test("are listed over all pages", async () => {
    const customer = { id: "emil" };
    const made = [];
    for (const name of ["one", "two", "three"]) {
      made.unshift((await connected(customer, { name, allowMultipleConnections: true })).id);
    }
    const ids = async (list) => (await all(list)).map(({ id }) => id);
    const { connections } = linkspan.asCustomer(customer);
    assert.deepEqual(await ids(connections.list({ limit: 1 })), made);
    assert.deepEqual(await ids(connections.list({ search: "TWO" })), [made[1]]);
    assert.deepEqual(await ids(connections.list({ connected: false })), []);
    const manager = linkspan.asManager().connections;
    assert.deepEqual(await ids(manager.list({ userId: "emil", integrationKey: "demo-oauth2" })), made);
    await connections.archive(made[0]);
    assert.deepEqual(await ids(connections.list()), made.slice(1));
    assert.deepEqual((await ids(connections.list({ includeArchived: true }))).sort(), made.sort());
  });

  test("show their secrets to the manager alone", async () => {
    const customer = { id: "fritz" };
    const { id } = await connected(customer);
    const shown = await linkspan.asManager().connections.get(id, { includeSecrets: true });
    assert.equal(typeof shown.credentials.access_token, "string");
    assert.equal((await linkspan.asManager().connections.get(id)).credentials, undefined);
    const refused = linkspan.asCustomer(customer).connections.get(id, { includeSecrets: true });
    await assert.rejects(refused, is({ key: "access_denied", status: 403 }));
  });

  test("are called through the proxy", async () => {
    const customer = { id: "greta" };
    const { id } = await connected(customer);
    const api = linkspan.asCustomer(customer).proxy(id);
    const user = await api("/me");
    assert.equal(user.status, 200);
    assert.equal((await user.json()).name, "Ada Lovelace");
    assert.equal((await api("/nothing-here")).status, 404);
    const foreign = await linkspan.asCustomer({ id: "eve" }).proxy(id)("/me");
    assert.equal((await foreign.json()).key, "not_found");
  });
});

describe("connection requests", () => {
  test("a link is made, read and cancelled", async () => {
    const { connectionRequests } = linkspan.asManager({ scopes: ["requests:create"] });
    const made = await connectionRequests.create({
      userId: "ada",
      integrationKey: "demo-oauth2",
      prompt: "We need your calendar.",
      tags: ["mailed"],
    });
    assert.equal(made.status, "pending");
    assert.deepEqual(made.tags, ["mailed"]);
    const page = await (await fetch(made.url, { headers: { accept: "text/html" } })).text();
    assert.match(page, /We need your calendar\./);
    assert.equal(await connectionRequests.cancel(made.requestId), undefined);
    assert.equal((await connectionRequests.get(made.requestId)).status, "cancelled");
  });
});

describe("integrations and attempts", () => {
  test("integrations are listed and read", async () => {
    const { integrations } = linkspan.asCustomer({ id: "ada" });
    const listed = await integrations.list();
    const { id, name } = listed.find(({ key }) => key === "demo-oauth2");
    assert.equal((await integrations.get("demo-oauth2")).name, name);
    assert.equal((await integrations.get(id)).key, "demo-oauth2");
    await assert.rejects(integrations.get("nothing"), is({ key: "not_found", status: 404 }));
  });

  test("attempts say why nothing was connected", async () => {
    const customer = { id: "hugo" };
    const refused = await visited(customer, {}, { decision: "deny" });
    await connected(customer);
    const { reference } = JSON.parse(refused.query.get("errorData"));
    const found = await all(linkspan.asManager().attempts.list({ reference }));
    assert.deepEqual(found.map(({ status, userId, error }) => [status, userId, error.key]), [
      ["error", "hugo", "authorization_denied"],
    ]);
    const { attempts } = linkspan.asCustomer(customer);
    assert.deepEqual((await all(attempts.list({ limit: 1 }))).map(({ status }) => status), ["success", "error"]);
    assert.equal((await all(attempts.list({ status: "error" }))).length, 1);
  });
});

describe("tokens", () => {
  const self = { id: "ada", name: "Ada", fields: { plan: "pro" } };

  test("say whom they speak for", async () => {
    assert.deepEqual(await linkspan.asCustomer(self).self(), { ...self, internalId: self.id });
    assert.deepEqual(await linkspan.asManager().self(), { workspaceKey: "demo", isAdmin: true });
    const { scopes } = await linkspan.asCustomer(self, { scopes: ["proxy", "connect"] }).self();
    assert.deepEqual(scopes.sort(), ["connect", "proxy"]);
  });

  test("allow no more than their scopes", async () => {
    const limited = linkspan.asManager({ scopes: ["connections:read"] });
    await all(limited.connections.list());
    const error = { key: "insufficient_scope", status: 403, data: { scope: "integrations:read" } };
    await assert.rejects(limited.integrations.list(), is(error));
  });

  test("end", async (t) => {
    const call = () => linkspan.asCustomer(self, { expiresIn: 60 }).self();
    await call();
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() - 61_000 });
    await assert.rejects(call(), is({ key: "not_authenticated", status: 401 }));
  });

  test("that last for days are refused", async () => {
    await linkspan.asCustomer(self, { expiresIn: 24 * 3600 }).self();
    const call = linkspan.asCustomer(self, { expiresIn: 25 * 3600 }).self();
    await assert.rejects(call, is({ key: "not_authenticated", status: 401 }));
  });

  test("of a wrong secret are refused", async () => {
    const wrong = new Linkspan({ url: run.url, workspaceKey: "demo", secret: `${DEMO.secret}!` });
    await assert.rejects(wrong.asManager().self(), is({ key: "not_authenticated", status: 401, type: "bad_request" }));
  });

  for (const [algorithm, type, options] of [
    ["RS256", "rsa", { modulusLength: 2048 }],
    ["PS384", "rsa", { modulusLength: 2048 }],
    ["ES256", "ec", { namedCurve: "P-256" }],
    ["ES384", "ec", { namedCurve: "P-384" }],
    ["EdDSA", "ed25519"],
  ]) {
    test(`of a registered key are taken: ${algorithm}`, async () => {
      const pem = { publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } };
      const { publicKey, privateKey } = generateKeyPairSync(type, { ...options, ...pem });
      const key = `keys-${algorithm.toLowerCase()}`;
      await workspace(key, { secret: undefined, publicKeys: [publicKey], tokenAudience: "linkspan" });
      const settings = { url: run.url, workspaceKey: key, privateKey, algorithm, audience: "linkspan" };
      assert.deepEqual(await new Linkspan(settings).asCustomer(self).self(), { ...self, internalId: self.id });
      const other = new Linkspan({ ...settings, audience: undefined });
      await assert.rejects(other.asCustomer(self).self(), is({ key: "not_authenticated" }));
    });
  }
});
