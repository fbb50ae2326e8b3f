// Client credentials: in a hidden iframe, where the service can ask for nothing and the SDK waits for a message.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { allow, signIn } from "../browser/lib/demo_provider.mjs";
import { DEMO, adminToken } from "../browser/lib/linkspan.mjs";
import { SDKS } from "./lib/sdks.mjs";
import { assertCloses, assertConnection, world } from "./lib/world.mjs";

const here = world();

const connect = (client, options) => client.integration("keys").connect(options);
const PASSWORD = { user: "ada", password: "lovelace" };

/** A key that the demo provider takes: the access token of an OAuth 2 connection. */
async function validKey(visitor) {
  const { popup, outcome } = await visitor.open((client) => client.integration("demo-oauth2").connect());
  await signIn(popup);
  await allow(popup);
  const { id } = (await outcome()).value;
  const secrets = await here.linkspan.call("GET", `/connections/${id}?includeSecrets=true`, adminToken(DEMO));
  return secrets.credentials.access_token;
}

async function assertInIframe(visitor) {
  const headers = await visitor.start().allHeaders();
  assert.equal(headers["sec-fetch-dest"], "iframe");
  assert.equal(headers["sec-fetch-site"], "cross-site");
  assert.equal(headers.origin, here.application.origin);
}

for (const sdk of SDKS) {
  describe(sdk.name, () => {
    test("connect() and reconnect() need no window", async (t) => {
      const visitor = await here.visit(t, sdk);
      const parameters = { apiKey: await validKey(visitor) };
      const { value } = await visitor.call(connect, { authOptionKey: "api-key", parameters });
      assertConnection(value, visitor.customer);
      assert.equal(value.authOptionKey, "api-key");
      await assertInIframe(visitor);
      assert.deepEqual(visitor.payload()[sdk.older ? "connectionParameters" : "input"], parameters);

      const renewed = await visitor.call(
        (client, { id, ...options }) => client.connection(id).reconnect(options),
        { id: value.id, authOptionKey: "api-key", parameters },
      );
      await assertInIframe(visitor);
      assert.equal(renewed.value.id, value.id);
      assert.notEqual(renewed.value.updatedAt, value.updatedAt);
      assert.equal(visitor.page.context().pages().length, 1);
    });

    test("what the provider refuses rejects", async (t) => {
      const visitor = await here.visit(t, sdk);
      const parameters = { apiKey: "wrong" };
      const { error } = await visitor.call(connect, { authOptionKey: "api-key", parameters });
      assert.equal(error.data.type, "connection");
      assert.equal(error.data.key, "credentials_rejected");
      assert.deepEqual(await visitor.connections(), []);
    });

    test("what would have to be asked for rejects", async (t) => {
      const visitor = await here.visit(t, sdk);
      const { error } = await visitor.call(connect, { authOptionKey: "password", parameters: { user: "ada" } });
      assert.equal(error.data.type, "connection");
      assert.equal(error.data.key, "interaction_required");
    });

    test("a redirectUri counts for the newer SDK only", async (t) => {
      const visitor = await here.visit(t, sdk);
      // In an iframe it is not even looked at: an error page about it would be seen by nobody.
      const redirectUri = sdk.older ? "https://elsewhere.example/" : `${here.application.origin}/connected`;
      const options = { authOptionKey: "password", parameters: PASSWORD, sameWindow: true, redirectUri };
      if (sdk.older) {
        const { value } = await visitor.call(connect, options);
        assertConnection(value, visitor.customer);
        await assertInIframe(visitor);
      } else {
        await visitor.click(connect, options);
        await visitor.page.waitForURL("**/connected?connectionId=*");
      }
      assert.equal(visitor.payload().redirectUri, redirectUri);
    });

    if (!sdk.older) {
      test("client.connect() names the integration by its key", async (t) => {
        const visitor = await here.visit(t, sdk);
        const connect = (client, options) => client.connect({ integrationKey: "keys", ...options });
        const { value } = await visitor.call(connect, { authOptionKey: "password", input: PASSWORD });
        assertConnection(value, visitor.customer);
        await assertInIframe(visitor);
        assert.equal(visitor.payload().integrationKey, "keys");
        // Without the option's key it is a popup, which closes itself.
        const { popup, outcome } = await visitor.open(connect, { input: { apiKey: "wrong" } });
        assert.equal((await outcome()).error.data.key, "credentials_rejected");
        await assertCloses(popup);
      });
    }
  });
}
