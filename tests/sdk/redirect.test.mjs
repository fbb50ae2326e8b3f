// `sameWindow`: the page itself goes to the provider, and its `redirectUri` gets the result.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { allow, deny, signIn } from "../browser/lib/demo_provider.mjs";
import { SDKS } from "./lib/sdks.mjs";
import { assertConnection, tokenOf, world } from "./lib/world.mjs";

const here = world();

const connect = (client, redirectUri) =>
  client.integration("demo-oauth2").connect({ sameWindow: true, redirectUri });

for (const sdk of SDKS) {
  describe(sdk.name, () => {
    test("a connection's id comes to redirectUri", async (t) => {
      const visitor = await here.visit(t, sdk);
      await visitor.click(connect, `${here.application.origin}/connected?tab=apps#end`);
      await signIn(visitor.page);
      await allow(visitor.page);
      await visitor.page.waitForURL("**/connected?**");
      const url = new URL(visitor.page.url());
      assert.deepEqual([...url.searchParams.keys()], ["tab", "connectionId"]);
      assert.equal(url.hash, "#end");
      const token = tokenOf(sdk, visitor.customer);
      const connection = await here.linkspan.connection(url.searchParams.get("connectionId"), token);
      assertConnection(connection, visitor.customer);
    });

    test("an error comes to redirectUri", async (t) => {
      const visitor = await here.visit(t, sdk);
      await visitor.click(connect, `${here.application.origin}/connected`);
      await signIn(visitor.page);
      await deny(visitor.page);
      await visitor.page.waitForURL("**/connected?**");
      const { searchParams } = new URL(visitor.page.url());
      assert.deepEqual([...searchParams.keys()], ["error", "errorData"]);
      const { key, message } = JSON.parse(searchParams.get("errorData"));
      assert.equal(key, "authorization_denied");
      assert.equal(message, searchParams.get("error"));
    });
  });
}
