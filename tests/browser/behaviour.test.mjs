// What people do to a flow: reload, go back, open it twice, start it elsewhere, refuse.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { openBrowser, resultOf, startChromium } from "./lib/browser.mjs";
import { startCaller } from "./lib/caller.mjs";
import { allow, allowAndFail, callbackAddress, deny, signIn } from "./lib/demo_provider.mjs";
import { DEMO, customerToken, startLinkspan } from "./lib/linkspan.mjs";

let linkspan, caller, chromium;
let customers = 0;

before(async () => {
  linkspan = await startLinkspan();
  chromium = await startChromium();
  const payload = { integrationKey: "demo-oauth2", customState: "from-the-app" };
  caller = await startCaller(linkspan, { workspace: DEMO, customer: "customer-1", payload });
});

after(async () => {
  await chromium?.close();
  await caller?.stop();
  await linkspan?.stop();
});

const browser = (t) => openBrowser(chromium, t);

/** A browser, signed in at the provider and looking at the consent page of a flow. */
async function atConsent(context, parameters = {}) {
  const page = await context.newPage();
  await start(page, parameters);
  await signIn(page);
  return page;
}

/** Starts a flow from the address bar, and confirms it. */
async function start(page, parameters = {}) {
  const query = {
    integrationKey: "demo-oauth2",
    token: customerToken(DEMO, `customer-${++customers}`),
    redirectUri: `${caller.origin}/back`,
    ...parameters,
  };
  await page.goto(linkspan.startLink(query));
  await page.getByRole("button", { name: "Continue" }).click();
}

const atResult = (page) => page.waitForURL(`${caller.origin}/**`);

test("a fragment that the provider adds to the callback does not reach the caller", async (t) => {
  for (const [own, expected] of [["", ["", "#"]], ["#/connected", ["#/connected"]]]) {
    const context = await browser(t);
    const page = await atConsent(context, { redirectUri: `${caller.origin}/back${own}` });
    const callback = await callbackAddress(page);
    await page.goto(`${callback}#_=_`);
    await atResult(page);
    assert.ok(resultOf(page).connectionId, page.url());
    const [, rest] = page.url().split(/(?=#)/);
    assert.ok(expected.includes(rest ?? ""), page.url());
  }
});

test("the callback's address, visited again, leads to the same result", async (t) => {
  const context = await browser(t);
  const page = await atConsent(context);
  const callback = await callbackAddress(page);
  const { codeExchanges } = await linkspan.providerStats();
  await page.goto(callback);
  await atResult(page);
  const { connectionId } = resultOf(page);
  assert.ok(connectionId);
  for (let visit = 0; visit < 2; visit += 1) {
    await page.goto(callback);
    await atResult(page);
    assert.deepEqual(resultOf(page), { connectionId, error: null, errorData: null, customState: null });
  }
  assert.equal((await linkspan.providerStats()).codeExchanges, codeExchanges + 1);
});

test("two tabs with the same callback at once both end at the one connection", async (t) => {
  const context = await browser(t);
  const first = await atConsent(context);
  const second = await context.newPage();
  const { tokenRequests } = await linkspan.providerStats();
  // The provider takes five seconds: the second callback arrives while the first is at work.
  const callback = await callbackAddress(first, "token.slow");
  await Promise.all([first.goto(callback), second.goto(callback)]);
  const results = [resultOf(first), resultOf(second)];
  assert.ok(results[0].connectionId);
  assert.deepEqual(results[0], results[1]);
  assert.equal((await linkspan.providerStats()).tokenRequests, tokenRequests + 1);
});

test("another browser cannot finish the flow, and does not spoil it", async (t) => {
  const page = await atConsent(await browser(t));
  const callback = await callbackAddress(page);
  const stranger = await (await browser(t)).newPage();
  const response = await stranger.goto(callback);
  assert.equal(response.status(), 403);
  const text = await stranger.locator("main").innerText();
  assert.match(text, /another browser/);
  assert.match(text, /this reference:\s+[0-9A-HJKMNP-TV-Z]{8}/);
  assert.match(text, /connect again/);
  assert.ok(!text.includes("Nothing was connected"), "for all this browser knows");
  await page.goto(callback);
  await atResult(page);
  assert.ok(resultOf(page).connectionId);
});

test("a browser that lost its cookies is told to start again", async (t) => {
  const context = await browser(t);
  const page = await atConsent(context);
  await context.clearCookies({ name: /^__Host-f-/ });
  await allow(page);
  await page.getByText("this browser no longer remembers it").waitFor();
});

test("going back after it is complete does no harm, and one can connect again", async (t) => {
  const context = await browser(t);
  const page = await context.newPage();
  await page.goto(caller.origin);
  await page.getByRole("button", { name: "Connect" }).click();
  await signIn(page);
  await allow(page);
  await page.waitForURL(`${caller.origin}/connected**`);
  const first = resultOf(page).connectionId;
  assert.ok(first);

  await page.goBack();
  await page.getByText("This request is no longer open").waitFor();
  await page.goBack();
  await page.getByText("This request is no longer open").waitFor();
  await page.goBack();
  await page.getByRole("button", { name: "Connect" }).click();
  await allow(page);
  await page.waitForURL(`${caller.origin}/connected**`);
  const second = resultOf(page).connectionId;
  assert.notEqual(second, first);
  const live = await linkspan.connections(caller.token());
  assert.deepEqual(live.map(({ id }) => id), [second], "the new connection replaced the old one");
});

test("going back to the start page begins another flow", async (t) => {
  const page = await atConsent(await browser(t));
  await allow(page);
  await atResult(page);
  const first = resultOf(page).connectionId;
  await page.goBack();
  await page.goBack();
  await page.goBack();
  await page.getByRole("button", { name: "Continue" }).click();
  await allow(page);
  await atResult(page);
  assert.ok(resultOf(page).connectionId);
  assert.notEqual(resultOf(page).connectionId, first);
});

test("the consent given twice, by going back, connects once", async (t) => {
  const page = await atConsent(await browser(t));
  const request = await page.locator("input[name=request]").inputValue();
  const form = { request, decision: "allow", fail: "none" };
  const { codeExchanges } = await linkspan.providerStats();
  await allow(page);
  await atResult(page);
  const again = await page.request.post(`${linkspan.url}/demo-provider/consent`, { form, maxRedirects: 0 });
  assert.equal(again.status(), 400);
  assert.equal((await linkspan.providerStats()).codeExchanges, codeExchanges + 1);
});

test("looking for the result before it is there explains itself", async (t) => {
  const context = await browser(t);
  const page = await atConsent(context);
  // The first cookie is of the start that waited for the confirmation; the second, of the flow.
  const flows = (await context.cookies(linkspan.url)).filter((cookie) => cookie.name.startsWith("__Host-f-"));
  const { name } = flows.at(-1);
  const early = await context.newPage();
  await early.goto(`${linkspan.url}/connection-result/${name.replace("__Host-f-", "")}`);
  assert.match(await early.locator("main").innerText(), /Not finished yet/);
  await allow(page);
  await atResult(page);
  await early.reload();
  await atResult(early);
  assert.deepEqual(resultOf(early), resultOf(page));
});

test("a customer who denies comes back with an error", async (t) => {
  const page = await atConsent(await browser(t), { customState: "kept" });
  const { tokenRequests } = await linkspan.providerStats();
  await deny(page);
  await atResult(page);
  const { connectionId, error, errorData, customState } = resultOf(page);
  assert.equal(connectionId, null);
  assert.equal(error, errorData.message);
  assert.equal(errorData.key, "authorization_denied");
  assert.equal(customState, "kept");
  assert.equal((await linkspan.providerStats()).tokenRequests, tokenRequests);
});

describe("each way to fail ends at redirectUri", () => {
  const key = (key, providerError) => ({ key, providerError });
  const connected = null;
  const OUTCOMES = {
    none: connected,
    "authorize.access_denied": key("authorization_denied", "access_denied"),
    "authorize.invalid_request": key("authorization_error", "invalid_request"),
    "authorize.unauthorized_client": key("authorization_error", "unauthorized_client"),
    "authorize.unsupported_response_type": key("authorization_error", "unsupported_response_type"),
    "authorize.invalid_scope": key("authorization_error", "invalid_scope"),
    "authorize.server_error": key("authorization_error", "server_error"),
    "authorize.temporarily_unavailable": key("authorization_error", "temporarily_unavailable"),
    "authorize.wrong_iss": key("issuer_mismatch"),
    "token.invalid_request": key("token_rejected", "invalid_request"),
    "token.invalid_client": key("client_rejected", "invalid_client"),
    "token.invalid_grant": key("token_rejected", "invalid_grant"),
    "token.unauthorized_client": key("client_rejected", "unauthorized_client"),
    "token.unsupported_grant_type": key("token_rejected", "unsupported_grant_type"),
    "token.invalid_scope": key("token_rejected", "invalid_scope"),
    "token.not_json": key("token_response_invalid"),
    "token.form_encoded": connected,
    "token.no_expires_in": connected,
    "token.no_refresh_token": connected,
    "token.http_500": key("provider_unreachable"),
    "token.oversized": key("token_response_invalid"),
    "token.slow": connected,
  };
  let page;

  before(async () => {
    page = await atConsent(await chromium.newContext());
  });
  after(() => page?.context().close());

  test("the list on the consent page is the list below", async () => {
    const options = await page.locator("#fail option").evaluateAll((all) => all.map((option) => option.value));
    assert.deepEqual(options, Object.keys(OUTCOMES));
  });

  for (const [fault, expected] of Object.entries(OUTCOMES)) {
    test(fault, async () => {
      await start(page, { customState: fault });
      await allowAndFail(page, fault);
      await atResult(page);
      const { connectionId, error, errorData, customState } = resultOf(page);
      assert.equal(customState, fault);
      if (expected) {
        assert.equal(connectionId, null);
        assert.equal(error, errorData.message);
        assert.equal(errorData.key, expected.key);
        assert.equal(errorData.data?.providerError, expected.providerError);
      } else {
        assert.equal(error, null);
        assert.ok(connectionId);
      }
    });
  }
});

test("several tabs with flows of their own finish in any order", async (t) => {
  const context = await browser(t);
  const token = customerToken(DEMO, "customer-of-many-tabs");
  const parameters = (tab) => ({ token, allowMultipleConnections: "true", customState: `tab ${tab}` });
  const tabs = [await atConsent(context, parameters(0))];
  for (const tab of [1, 2, 3]) {
    tabs.push(await context.newPage());
    await start(tabs[tab], parameters(tab));
  }
  const ids = new Set();
  for (const tab of [2, 0, 3, 1]) {
    await allow(tabs[tab]);
    await atResult(tabs[tab]);
    const { connectionId, customState } = resultOf(tabs[tab]);
    assert.equal(customState, `tab ${tab}`);
    ids.add(connectionId);
  }
  const live = await linkspan.connections(token);
  assert.deepEqual(new Set(live.map(({ id }) => id)), ids);
  assert.equal(ids.size, 4);
});

test("tabs of one customer and integration, allowed at once, leave one connection", async (t) => {
  const context = await browser(t);
  const token = customerToken(DEMO, "customer-in-a-hurry");
  const first = await atConsent(context, { token });
  const second = await context.newPage();
  await start(second, { token });
  await Promise.all([allow(first), allow(second), atResult(first), atResult(second)]);
  const ids = [resultOf(first).connectionId, resultOf(second).connectionId];
  assert.ok(ids[0] && ids[1] && ids[0] !== ids[1], `both flows succeed: ${ids}`);
  const live = await linkspan.connections(token);
  assert.equal(live.length, 1);
  assert.ok(ids.includes(live[0].id));
});

test("thirty unfinished flows do not keep the next one from finishing", async (t) => {
  const context = await browser(t);
  const page = await atConsent(context);
  for (let flow = 0; flow < 30; flow += 1) await start(page);
  await allow(page);
  await atResult(page);
  assert.ok(resultOf(page).connectionId);
  const left = (await context.cookies(linkspan.url)).filter(({ name }) => name.startsWith("__Host-f-"));
  assert.equal(left.length, 20);
});
