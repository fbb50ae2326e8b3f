// The whole way through a certified OpenID provider, in a real browser, between three sites: the caller's app, the
// service, the provider.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openBrowser, resultOf, startChromium } from "./lib/browser.mjs";
import { startCaller } from "./lib/caller.mjs";
import { DEMO, adminToken, customerToken, startLinkspan } from "./lib/linkspan.mjs";
import { CLIENT, integration, startProvider } from "./lib/provider.mjs";

let linkspan, provider, caller, chromium, callback;

before(async () => {
  linkspan = await startLinkspan();
  provider = await startProvider();
  chromium = await startChromium();
  const defined = await linkspan.call("PUT", "/integrations/oidc", adminToken(DEMO), integration(provider));
  callback = `/oauth-callback/${defined.id}`;
  assert.equal(defined.oAuthCallbackUri, linkspan.url + callback);
  provider.register(defined.oAuthCallbackUri);
  const payload = { integrationKey: "oidc", customState: "a&b=c #ü" };
  caller = await startCaller(linkspan, { workspace: DEMO, customer: "customer-1", payload });
});

after(async () => {
  await chromium?.close();
  await Promise.all([caller, provider, linkspan].map((site) => site?.stop()));
});

test("a customer connects, and the caller reads the connection", async (t) => {
  const context = await openBrowser(chromium, t);
  const page = await context.newPage();
  const started = page.waitForResponse((response) => response.url() === `${linkspan.url}/connection-popup`);
  const called = page.waitForRequest((request) => request.url().startsWith(linkspan.url + callback));

  await page.goto(caller.origin);
  await page.getByRole("button", { name: "Connect" }).click();
  const { name, value, attributes } = await flowCookie(await started);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(`${caller.origin}/connected**`);

  // The result.
  assert.equal(await page.locator("#state").textContent(), "READY");
  const { connectionId, error, customState } = resultOf(page);
  assert.equal(error, null);
  assert.equal(customState, "a&b=c #ü");
  const address = new URL(page.url());
  assert.equal(address.searchParams.get("from"), "app", "the caller's own query stays");
  assert.equal(address.hash, "#top", "the caller's own fragment stays");
  const connection = await linkspan.connection(connectionId, caller.token());
  assert.equal(connection.connected, true);
  assert.equal(connection.userId, "customer-1");
  assert.ok(!("credentials" in connection), "a customer sees no secrets");
  const stranger = customerToken(DEMO, "customer-2");
  await assert.rejects(linkspan.connection(connectionId, stranger), /404.*not_found/);

  // The cookie.
  const flowId = name.replace("__Host-f-", "");
  assert.match(name, /^__Host-f-[\w-]{22}$/);
  assert.deepEqual(attributes, ["HttpOnly", "Max-Age=4500", "Path=/", "SameSite=Lax", "Secure"]);
  assert.match(value, /^[\w-]{43}$/);
  const [kept, ...others] = await context.cookies(linkspan.url);
  assert.equal(kept.name, name);
  assert.equal(kept.domain, new URL(linkspan.url).hostname);
  assert.deepEqual(others, [], "one flow, one cookie");

  // What the provider saw.
  const [authorization, ...more] = provider.requestsTo("/auth");
  assert.deepEqual(more, []);
  const asked = authorization.url.searchParams;
  assert.equal(asked.get("response_type"), "code");
  assert.equal(asked.get("redirect_uri"), linkspan.url + callback);
  assert.equal(asked.get("code_challenge_method"), "S256");
  assert.match(asked.get("code_challenge"), /^[\w-]{43}$/);
  assert.match(asked.get("state"), /^[\w-]{43}$/);
  assert.ok(!asked.get("state").includes(flowId));
  const answered = new URL((await called).url()).searchParams;
  assert.equal(answered.get("iss"), provider.issuer);
  assert.equal(answered.get("state"), asked.get("state"));
  assert.equal(provider.requestsTo("/token").length, 1, "the code is exchanged once");

  // The tokens work.
  const secrets = await linkspan.call(
    "GET",
    `/connections/${connectionId}?includeSecrets=true`,
    adminToken(DEMO),
  );
  const { access_token: accessToken, refresh_token: refreshToken } = secrets.credentials;
  assert.equal((await userInfo(accessToken)).email, "ada@provider.example");
  const refreshed = await refresh(refreshToken);
  assert.notEqual(refreshed.access_token, accessToken);
  assert.equal((await userInfo(refreshed.access_token)).sub, "ada");
});

test("a customer who cancels at the provider comes back with an error", async (t) => {
  const page = await (await openBrowser(chromium, t)).newPage();
  const before = provider.requestsTo("/token").length;
  await page.goto(caller.origin);
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.waitForURL(`${caller.origin}/connected**`);
  const { connectionId, error, errorData } = resultOf(page);
  assert.equal(connectionId, null);
  assert.equal(errorData.key, "authorization_denied");
  assert.equal(errorData.type, "connection");
  assert.equal(error, errorData.message);
  assert.ok(!page.url().includes("said"), "the provider's own words stay out");
  assert.equal(provider.requestsTo("/token").length, before);
});

/** The one cookie that the start sets. */
async function flowCookie(response) {
  const headers = await response.headersArray();
  const cookies = headers.filter((header) => header.name.toLowerCase() === "set-cookie");
  assert.equal(cookies.length, 1);
  const [pair, ...attributes] = cookies[0].value.split("; ");
  const [name, value] = pair.split("=");
  return { name, value, attributes: attributes.sort() };
}

async function userInfo(accessToken) {
  const response = await fetch(`${provider.issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
  assert.equal(response.status, 200);
  return response.json();
}

async function refresh(refreshToken) {
  const encode = (part) => new URLSearchParams({ part }).toString().slice("part=".length);
  const credentials = `${encode(CLIENT.client_id)}:${encode(CLIENT.client_secret)}`;
  const response = await fetch(`${provider.issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken }),
  });
  assert.equal(response.status, 200);
  return response.json();
}
