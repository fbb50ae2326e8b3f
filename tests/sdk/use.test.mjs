// What a connection is for: calls to the service's API with its credentials, which stay fresh.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { allow, signIn } from "../browser/lib/demo_provider.mjs";
import { DEMO, adminToken } from "../browser/lib/linkspan.mjs";
import { startSite } from "../browser/lib/site.mjs";
import { SDKS } from "./lib/sdks.mjs";
import { world } from "./lib/world.mjs";

const here = world();
let service;
let echo;

/** A service that says what it was asked, and an integration of it. */
async function defineEcho() {
  service = await startSite(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const asked = { method: request.method, url: request.url, key: request.headers["x-api-key"] };
    const status = request.url.startsWith("/api/missing") ? 404 : 200;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ ...asked, body: body && JSON.parse(body) }));
  });
  await here.linkspan.call("PUT", "/integrations/echo", adminToken(DEMO), {
    name: "Echo",
    baseUri: `${service.origin}/api`,
    authOptions: [
      {
        key: "key",
        type: "client-credentials",
        inputSchema: { type: "object", properties: { apiKey: { type: "string" } } },
        apiClient: { headers: { "X-Api-Key": "${credentials.apiKey}" } },
      },
    ],
  });
}
after(() => service?.stop());

const secretsOf = (id) => here.linkspan.call("GET", `/connections/${id}?includeSecrets=true`, adminToken(DEMO));

for (const sdk of SDKS) {
  describe(sdk.name, () => {
    test("proxy.get, post, put, patch and delete reach the service with the connection's credentials", async (t) => {
      await (echo ??= defineEcho());
      const visitor = await here.visit(t, sdk);
      const { value, error } = await visitor.call(async (client) => {
        const { id } = await client.integration("echo").connect({ parameters: { apiKey: "k-1" } });
        const { proxy } = client.connection(id);
        return {
          got: await proxy.get("/contacts?city=London"),
          posted: await proxy.post("/contacts", { name: "Ada" }),
          put: await proxy.put("/contacts/1", { name: "Ada L." }),
          patched: await proxy.patch("/contacts/1", { name: "Lady Lovelace" }),
          deleted: await proxy.delete("/contacts/1"),
          missing: await proxy.get("/missing").then(() => "passed", () => "refused"),
        };
      });
      assert.equal(error, undefined, JSON.stringify(error));
      const key = "k-1";
      assert.deepEqual(value, {
        got: { method: "GET", url: "/api/contacts?city=London", key, body: "" },
        posted: { method: "POST", url: "/api/contacts", key, body: { name: "Ada" } },
        put: { method: "PUT", url: "/api/contacts/1", key, body: { name: "Ada L." } },
        patched: { method: "PATCH", url: "/api/contacts/1", key, body: { name: "Lady Lovelace" } },
        deleted: { method: "DELETE", url: "/api/contacts/1", key, body: "" },
        missing: "refused",
      });
    });

    test("refreshCredentials() brings new ones, which the service takes", async (t) => {
      const visitor = await here.visit(t, sdk);
      const { popup, outcome } = await visitor.open((client) => client.integration("demo-oauth2").connect());
      await signIn(popup);
      await allow(popup);
      const { id } = (await outcome()).value;
      const before = (await secretsOf(id)).credentials;
      const { value, error } = await visitor.call(async (client, id) => {
        await client.connection(id).refreshCredentials();
        return client.connection(id).proxy.get("/me");
      }, id);
      assert.equal(error, undefined, JSON.stringify(error));
      assert.equal(value.userName, "ada");
      const after = (await secretsOf(id)).credentials;
      assert.notEqual(after.access_token, before.access_token);
      assert.notEqual(after.refresh_token, before.refresh_token);
    });
  });
}
