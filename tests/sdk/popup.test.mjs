// OAuth 2 in a popup: the visitor signs in at the demo provider, and the SDK's promise tells how it ended.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ConnectionMessagePayload } from "@membranehq/sdk";

import { allow, deny, signIn } from "../browser/lib/demo_provider.mjs";
import { SDKS } from "./lib/sdks.mjs";
import { assertCloses, assertConnection, world } from "./lib/world.mjs";

const here = world();

const connect = (client, options) => client.integration("demo-oauth2").connect(options);
const reconnect = (client, id) => client.connection(id).reconnect();
const read = (client, id) => client.connection(id).get();

/** Connects Ada's account. From then on the provider knows the visitor, and asks only for consent. */
async function connected(visitor, options) {
  const { popup, outcome } = await visitor.open(connect, options);
  await signIn(popup);
  await allow(popup);
  return (await outcome()).value;
}

/** The page heard one message, from the service, of the shape that the newer SDK exports. */
async function assertHeardOne(visitor, type) {
  const [message, ...others] = await visitor.heard();
  assert.deepEqual(others, []);
  assert.equal(message.origin, here.linkspan.url);
  assert.equal(message.data.type, type);
  assert.equal(message.data.requestId, visitor.payload().requestId);
  ConnectionMessagePayload.parse(message.data);
}

for (const sdk of SDKS) {
  describe(sdk.name, () => {
    test("connect() resolves with the connection", async (t) => {
      const visitor = await here.visit(t, sdk);
      const { popup, outcome } = await visitor.open(connect, { name: "Ada's CRM" });
      await signIn(popup);
      await allow(popup);
      const { value } = await outcome();
      assertConnection(value, visitor.customer);
      assert.equal(value.name, "Ada's CRM");
      assert.equal(value.authOptionKey, "oauth2");
      await assertCloses(popup);
      await assertHeardOne(visitor, "newConnectionCreated");
      assert.deepEqual((await visitor.call(read, value.id)).value, value);
    });

    test("the event stream says at once that there is none", async (t) => {
      const visitor = await here.visit(t, sdk);
      const { popup } = await visitor.open(connect);
      await popup.waitForURL("**/demo-provider/**");
      const [stream, ...others] = visitor.sent("/sse/connection-events");
      assert.deepEqual(others, []);
      const { pathname, searchParams } = new URL(stream.url());
      const { requestId, token } = visitor.payload();
      assert.equal(pathname, `/sse/connection-events/${requestId}`);
      assert.equal(searchParams.get("token"), sdk.older ? null : token);
      assert.equal((await stream.response()).status(), 501);
    });

    test("a refusal at the provider rejects with the error", async (t) => {
      const visitor = await here.visit(t, sdk);
      const { popup, outcome } = await visitor.open(connect);
      await signIn(popup);
      await deny(popup);
      const { error } = await outcome();
      assert.equal(error.isError, true);
      assert.equal(error.data.type, "connection");
      assert.equal(error.data.key, "authorization_denied");
      // The older SDK leaves room for a link.
      assert.equal(error.message.trimEnd(), error.data.message);
      await assertCloses(popup);
      await assertHeardOne(visitor, "newConnectionFailure");
      assert.deepEqual(await visitor.connections(), []);
    });

    test("a popup that the visitor closes resolves with null", async (t) => {
      const visitor = await here.visit(t, sdk);
      const { popup, outcome } = await visitor.open((client) => {
        window.closings = 0;
        return client.integration("demo-oauth2").connect({ onPopupClosed: () => (window.closings += 1) });
      });
      await popup.waitForURL("**/demo-provider/**");
      await popup.close();
      assert.deepEqual(await outcome(), { value: null });
      assert.equal(await visitor.page.evaluate("window.closings"), sdk.older ? 0 : 1);
      assert.deepEqual(await visitor.heard(), []);
    });

    test("a new connection replaces the old one, unless several are wanted", async (t) => {
      const visitor = await here.visit(t, sdk);
      const again = async (options) => {
        const { popup, outcome } = await visitor.open(connect, options);
        await allow(popup);
        return (await outcome()).value.id;
      };
      const { id: first } = await connected(visitor);
      const second = await again({ allowMultipleConnections: true });
      assert.deepEqual(await visitor.connections(), [first, second].sort());
      const third = await again();
      assert.deepEqual(await visitor.connections(), [third]);
    });

    test("reconnect() renews the connection and keeps what it is", async (t) => {
      const visitor = await here.visit(t, sdk);
      const before = await connected(visitor, { name: "Mine" });
      const { popup, outcome } = await visitor.open(reconnect, before.id);
      await allow(popup);
      const { value } = await outcome();
      for (const changed of ["updatedAt", "version"]) assert.notEqual(value[changed], before[changed]);
      const { updatedAt, version, lastActiveAt, nextCredentialsRefreshAt } = before;
      assert.deepEqual({ ...value, updatedAt, version, lastActiveAt, nextCredentialsRefreshAt }, before);
      assert.deepEqual(await visitor.connections(), [before.id]);
    });

    test("a reconnection that fails says which, and changes nothing", async (t) => {
      const visitor = await here.visit(t, sdk);
      const before = await connected(visitor);
      const { popup, outcome } = await visitor.open(reconnect, before.id);
      await deny(popup);
      const { error } = await outcome();
      assert.equal(error.data.key, "authorization_denied");
      const [, { data: message }] = await visitor.heard();
      assert.equal(message.connectionId, before.id);
      // The older SDK does not pass it on.
      if (!sdk.older) assert.equal(error.data.data.connectionId, before.id);
      assert.deepEqual((await visitor.call(read, before.id)).value, before);
    });

    // The newer SDK opens a popup for every option that it is not told; the older one finds out, and takes an iframe.
    if (!sdk.older) {
      test("a popup asks for what is missing", async (t) => {
        const visitor = await here.visit(t, sdk);
        const { popup, outcome } = await visitor.open((client) => client.integration("keys").connect());
        const submit = () => popup.getByRole("button", { name: "Connect", exact: true }).click();
        await popup.getByLabel("API key").fill("wrong");
        await submit();
        await popup.getByRole("alert").waitFor();
        await popup.getByRole("button", { name: "With a password" }).click();
        await popup.getByLabel("User").fill("ada");
        await popup.getByLabel("Password").fill("lovelace");
        await submit();
        const { value } = await outcome();
        assertConnection(value, visitor.customer);
        assert.equal(value.authOptionKey, "password");
        await assertHeardOne(visitor, "newConnectionCreated");
      });
    }
  });
}
