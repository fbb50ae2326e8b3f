// The REST calls around a connection, from a page on another site and from a backend.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MembraneClient } from "@membranehq/sdk";

import { DEMO, adminToken, customerToken } from "../browser/lib/linkspan.mjs";
import { SDKS } from "./lib/sdks.mjs";
import { assertConnection, tokenOf, world } from "./lib/world.mjs";

const here = world();

/** A client of the page's own SDK with this token. */
const withToken = (client, { name, token, integration, options }) =>
  new window[name]({ apiUri: client.apiUri, token }).integration(integration).connect(options);

for (const sdk of SDKS) {
  describe(sdk.name, () => {
    test("the page's client reads what there is", async (t) => {
      const visitor = await here.visit(t, sdk);
      const { value } = await visitor.call(async (client) => ({
        self: await client.self.get(),
        all: await client.integrations.findAll(),
        integration: await client.integration("demo-oauth2").get(),
        spec: await client.integration("keys").getConnectorSpec(),
        connections: await client.connections.find({ integrationKey: "demo-oauth2", limit: 10 }),
      }));
      assert.equal(value.self.id, visitor.customer);
      assert.equal(value.self.name, "Ada's shop");
      assert.deepEqual(value.all.filter(({ key }) => key === "demo-oauth2"), [value.integration]);
      assert.equal(value.integration.authType, "oauth2");
      assert.equal(value.spec.auth.type, "client-credentials");
      assert.deepEqual(Object.keys(value.spec.auth.options), ["api-key", "password"]);
      assert.deepEqual(value.connections, { items: [] });
      const [request] = visitor.sent("/self");
      const version = (await request.allHeaders())["membrane-api-version"];
      assert.equal(version, sdk.older ? undefined : "2025-10-21");
    });

    test("the page's client names, uses and archives its connection", async (t) => {
      const visitor = await here.visit(t, sdk);
      const { value, error } = await visitor.call(async (client) => {
        const options = { authOptionKey: "password", parameters: { user: "a", password: "b" } };
        const { id } = await client.integration("keys").connect(options);
        const connection = client.connection(id);
        const answers = {
          id,
          read: await connection.get(),
          patched: await connection.patch({ name: "Patched" }),
          put: await connection.put({ ...(await connection.get()), name: "Put" }),
          found: await client.connections.find({ search: "pu", connected: true, disconnected: false }),
          unfound: await client.connections.find({ search: "patched" }),
          proxied: await connection.proxy.get("/me").then(() => "passed", ({ data }) => data ?? "refused"),
          integration: await client.integration("keys").get(),
        };
        await connection.refreshCredentials();
        await connection.archive();
        await connection.archive();
        answers.archived = await connection.get();
        answers.left = await client.connections.find();
        const withArchived = { includeArchived: true };
        const { cursor } = await client.connections.find(withArchived);
        answers.withArchived = await client.connections.find({ ...withArchived, cursor });
        answers.refused = await connection.patch({ name: "N" }).catch(({ data }) => data);
        return answers;
      });
      assert.equal(error, undefined, JSON.stringify(error));
      assertConnection(value.read, visitor.customer);
      assert.deepEqual([value.patched.name, value.put.name], ["Patched", "Put"]);
      assert.deepEqual(value.found.items, [value.put]);
      assert.deepEqual(value.unfound.items, []);
      assert.equal(value.integration.connection.id, value.id);
      assert.ok(value.proxied);
      assert.equal(new Date(value.archived.archivedAt).toISOString(), value.archived.archivedAt);
      assert.deepEqual(value.left, { items: [] });
      assert.deepEqual(value.withArchived, { items: [value.archived] });
      assert.equal(value.refused.key, "not_found");
    });

    test("a connection is made of credentials that the caller holds", async (t) => {
      const visitor = await here.visit(t, sdk);
      const { value, error } = await visitor.call(async (client) => {
        const created = await client.connections.create({
          integrationKey: "keys",
          authOptionKey: "password",
          name: "Given",
          credentials: { user: "a", password: "b" },
        });
        return { created, read: await client.connection(created.id).get() };
      });
      assert.equal(error, undefined, JSON.stringify(error));
      assert.deepEqual(value.read, value.created);
      assert.equal(value.created.name, "Given");
      assertConnection(value.created, visitor.customer);
    });

    test("an expired token rejects before anything opens", async (t) => {
      const visitor = await here.visit(t, sdk);
      const token = tokenOf(sdk, visitor.customer, { exp: Math.floor(Date.now() / 1000) - 60 });
      const { error } = await visitor.call(withToken, { name: sdk.client, token, integration: "demo-oauth2" });
      assert.equal(error.data.type, "bad_request");
      assert.equal(error.data.key, "not_authenticated");
      assert.equal(visitor.start(), undefined);
    });

    test("somebody else's connection is not found", async (t) => {
      const visitor = await here.visit(t, sdk);
      const other = await here.visit(t, sdk);
      const connect = (client) =>
        client.integration("keys").connect({ authOptionKey: "password", parameters: { user: "a", password: "b" } });
      const { id } = (await visitor.call(connect)).value;
      const { error } = await other.call((client, id) => client.connection(id).reconnect(), id);
      assert.equal(error.data.type, "bad_request");
      assert.equal(error.data.key, "not_found");
    });

    test("a page that the workspace does not list connects nothing and hears nothing", async (t) => {
      const visitor = await here.visit(t, sdk);
      const { linkspan } = here;
      const key = `elsewhere-${sdk.older}`;
      const workspace = { name: "Elsewhere", redirectUris: ["https://app.example/connected"] };
      const { secret } = await linkspan.call("PUT", `/workspaces/${key}`, adminToken(DEMO), workspace);
      const admin = adminToken({ key, secret });
      const option = { key: "anything", type: "client-credentials" };
      await linkspan.call("PUT", "/integrations/open", admin, { name: "Open", authOptions: [option] });
      // The browser shows the iframe nothing of an error page.
      const unshown = visitor.page.waitForEvent("requestfailed", (request) => request.isNavigationRequest());
      const token = customerToken({ key, secret }, visitor.customer);
      const options = { authOptionKey: "anything", parameters: { any: "thing" } };
      await visitor.click(withToken, { name: sdk.client, token, integration: "open", options });
      const request = await unshown;
      assert.equal(request, visitor.start());
      assert.equal((await request.response()).status(), 403);
      assert.deepEqual(await visitor.heard(), []);
      assert.deepEqual(await linkspan.connections(admin), []);
    });
  });
}

test("the newer SDK signs a backend's tokens itself", async () => {
  const client = new MembraneClient({
    apiUri: here.linkspan.url,
    workspaceKey: DEMO.key,
    workspaceSecret: DEMO.secret,
    tenantKey: "customer-of-a-backend",
  });
  assert.equal((await client.self.get()).id, "customer-of-a-backend");
  assert.deepEqual(await client.connections.find(), { items: [] });
});

test("a browser may ask before it calls", async () => {
  const wanted = ["authorization", "content-type", "membrane-api-version"];
  for (const [method, path] of [
    ["GET", "/self"],
    ["GET", "/integrations/keys/connector-spec"],
    ["POST", "/connection-options"],
    ["PATCH", "/connections/some-id"],
    ["DELETE", "/connections/some-id"],
  ]) {
    const { ok, status, headers } = await fetch(here.linkspan.url + path, {
      method: "OPTIONS",
      headers: {
        origin: here.application.origin,
        "access-control-request-method": method,
        "access-control-request-headers": wanted.join(","),
      },
    });
    assert.ok(ok, `${method} ${path}: ${status}`);
    assert.equal(headers.get("access-control-allow-origin"), "*");
    assert.ok(headers.get("access-control-allow-methods").split(", ").includes(method), method);
    assert.deepEqual(wanted.filter((name) => !headers.get("access-control-allow-headers").includes(name)), []);
  }
});
