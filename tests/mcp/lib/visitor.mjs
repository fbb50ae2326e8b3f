// A customer who connects, and an agent that then uses the server through the proxy.

import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { DEMO, adminToken, customerToken } from "../../browser/lib/linkspan.mjs";

const RESULT = "http://127.0.0.1:1/connected";

/** Defines an integration by a server's address, and these settings beside it. */
export function define(linkspan, key, mcpServer, config = {}) {
  const option = { key: "mcp", type: "oauth2", config: { mcpServer, ...config } };
  return linkspan.call("PUT", `/integrations/${key}`, adminToken(DEMO), { name: "Greeter", authOptions: [option] });
}

/** Follows every redirect with the cookies of each origin, as a browser does; `page` answers what is no redirect. */
async function follow(address, page) {
  const jars = new Map();
  let request = { url: new URL(address), method: "GET" };
  for (let hops = 0; hops < 30; hops += 1) {
    if (request.url.href.startsWith(RESULT)) return request.url.searchParams;
    const jar = jars.get(request.url.origin) ?? new Map();
    jars.set(request.url.origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const { url, method, body } = request;
    const response = await fetch(url, { method, body, redirect: "manual", headers: { cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = set.match(/^([^=]+)=([^;]*)/);
      jar.set(name, value);
    }
    const location = response.headers.get("location");
    if (location) {
      request = { url: new URL(location, url), method: "GET" };
    } else {
      const text = await response.text();
      assert.equal(response.status, 200, `${url}: ${text}`);
      assert.ok(page, `${url}: ${text}`);
      request = { url, method: "POST", body: page(text) };
    }
  }
  throw new Error("too many redirects");
}

/** Connects a customer. Returns the connection's id. */
export async function connect(linkspan, integrationKey, { page, customer = "customer-1" } = {}) {
  const token = customerToken(DEMO, customer);
  const start = linkspan.startLink({ token, integrationKey, redirectUri: RESULT });
  const result = await follow(start, page);
  assert.equal(result.get("error"), null, result.get("errorData"));
  return result.get("connectionId");
}

/** The tool's answer, which the SDK's own client gets with nothing but the customer's token. */
export async function greeting(linkspan, connectionId, customer = "customer-1") {
  const headers = { authorization: `Bearer ${customerToken(DEMO, customer)}` };
  const address = new URL(`${linkspan.url}/connections/${connectionId}/proxy`);
  const client = new Client({ name: "agent", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(address, { requestInit: { headers } }));
  try {
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map((tool) => tool.name), ["greet"]);
    const { content } = await client.callTool({ name: "greet", arguments: {} });
    return content[0].text;
  } finally {
    await client.close();
  }
}

/** Refreshes a connection's credentials. */
export async function refresh(linkspan, connectionId) {
  const response = await fetch(`${linkspan.url}/connections/${connectionId}/refresh-credentials`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken(DEMO)}` },
  });
  assert.equal(response.status, 204, await response.text());
}
