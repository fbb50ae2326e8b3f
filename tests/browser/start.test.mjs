// Who may start a flow: pages of the workspace's own origins go straight on, others are confirmed or refused.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openBrowser, resultOf, startChromium } from "./lib/browser.mjs";
import { startCaller } from "./lib/caller.mjs";
import { DEMO, adminToken, customerToken, startLinkspan } from "./lib/linkspan.mjs";
import { integration, startProvider } from "./lib/provider.mjs";
import { answerPage, escape, startForm, startSite } from "./lib/site.mjs";

const NARROW = { key: "narrow", secret: "a secret of the narrow workspace, long enough" };

let linkspan, provider, caller, foreign, chromium;

before(async () => {
  linkspan = await startLinkspan();
  provider = await startProvider();
  chromium = await startChromium();
  const payload = { integrationKey: "oidc" };
  caller = await startCaller(linkspan, { workspace: NARROW, customer: "mallory", payload });
  await linkspan.call("PUT", `/workspaces/${NARROW.key}`, adminToken(DEMO), {
    name: "Narrow & Sons",
    secret: NARROW.secret,
    redirectUris: [`${caller.origin}/*`],
    origins: [caller.origin],
  });
  const defined = await linkspan.call("PUT", "/integrations/oidc", adminToken(NARROW), integration(provider));
  provider.register(defined.oAuthCallbackUri);
  // A host that nobody listed: to the browser another site than 127.0.0.1 and localhost.
  foreign = await startSite(foreignSite, { address: "127.0.0.2" });
});

after(async () => {
  await chromium?.close();
  for (const site of [foreign, caller, provider, linkspan]) await site?.stop();
});

const payload = () => ({
  integrationKey: "oidc",
  token: customerToken(NARROW, "mallory", { name: "Mallory <script>" }),
  redirectUri: `${caller.origin}/back`,
  customState: "\"quoted\" & <tagged>",
});

/** A page for each way in which another site can bring a visitor here. */
function foreignSite(request, response) {
  const pages = {
    "/link": () => `<a href="${escape(linkspan.startLink(payload()))}">Win a prize</a>`,
    "/form": () => startForm(linkspan, payload()),
    "/form-without-referrer": () => `<meta name="referrer" content="no-referrer">${startForm(linkspan, payload())}`,
    "/frame": () => `<iframe src="${escape(linkspan.startLink(payload()))}"></iframe>`,
    "/prefetch": () => `<link rel="prefetch" href="${escape(linkspan.startLink(payload()))}">`,
  };
  answerPage(response, pages[request.url]?.() ?? "");
}

async function flowCookies(context) {
  return (await context.cookies(linkspan.url)).filter(({ name }) => name.startsWith("__Host-f-"));
}

const isStart = (response) => response.url().startsWith(`${linkspan.url}/connection-popup`);

async function finish(page) {
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(`${caller.origin}/**`);
}

async function confirm(context, page) {
  const text = await page.locator("main").innerText();
  for (const named of ["Narrow & Sons", "Certified provider", "Mallory <script>", "User ID", "mallory"]) {
    assert.ok(text.includes(named), `${named} is not named in: ${text}`);
  }
  assert.equal((await flowCookies(context)).length, 1, "the start waits for this browser, and nothing else is begun");
  await page.getByRole("button", { name: "Continue" }).click();
  await finish(page);
  const { connectionId, customState } = resultOf(page);
  assert.ok(connectionId);
  assert.equal(customState, payload().customState);
}

test("the workspace's own page goes straight to the provider", async (t) => {
  const context = await openBrowser(chromium, t);
  const page = await context.newPage();
  await page.goto(caller.origin);
  await page.getByRole("button", { name: "Connect" }).click();
  await finish(page);
  assert.ok(resultOf(page).connectionId);
});

test("who starts at localhost is sent to the one address, and finishes there", async (t) => {
  const context = await openBrowser(chromium, t);
  const page = await context.newPage();
  const atLocalhost = { url: linkspan.url.replace("127.0.0.1", "localhost") };
  const site = await startSite((_, response) => answerPage(response, startForm(atLocalhost, payload())));
  t.after(site.stop);
  await page.goto(site.origin);
  await page.getByRole("button").click();
  // The redirect between two hosts makes the browser hide the form's origin.
  await confirm(context, page);
});

test("a link on a foreign page is confirmed first", async (t) => {
  const context = await openBrowser(chromium, t);
  const page = await context.newPage();
  await page.goto(`${foreign.origin}/link`);
  await page.getByRole("link").click();
  await confirm(context, page);
});

test("a link from a mail or the address bar is confirmed first", async (t) => {
  const context = await openBrowser(chromium, t);
  const page = await context.newPage();
  await page.goto(linkspan.startLink(payload()));
  await confirm(context, page);
});

test("a form that hides where it is is confirmed first", async (t) => {
  const context = await openBrowser(chromium, t);
  const page = await context.newPage();
  await page.goto(`${foreign.origin}/form-without-referrer`);
  await page.getByRole("button").click();
  await confirm(context, page);
});

test("a form on a foreign page is refused", async (t) => {
  const context = await openBrowser(chromium, t);
  const page = await context.newPage();
  await page.goto(`${foreign.origin}/form`);
  const answered = page.waitForResponse(isStart);
  await page.getByRole("button").click();
  assert.equal((await answered).status(), 403);
  await page.getByText("is not set up for this").waitFor();
  assert.equal(await page.getByRole("button").count(), 0);
  assert.deepEqual(await flowCookies(context), []);
});

test("the start page shows in no frame: nothing can be asked there", async (t) => {
  const context = await openBrowser(chromium, t);
  const page = await context.newPage();
  const answered = page.waitForResponse(isStart);
  await page.goto(`${foreign.origin}/frame`);
  const result = new URL((await answered).headers().location);
  assert.equal(JSON.parse(result.searchParams.get("errorData")).key, "interaction_required");
  assert.equal(await page.frameLocator("iframe").getByRole("button").count(), 0);
  assert.deepEqual(await flowCookies(context), []);
});

test("a prefetch starts nothing", async (t) => {
  const context = await openBrowser(chromium, t);
  const page = await context.newPage();
  const answered = page.waitForResponse(isStart);
  await page.goto(`${foreign.origin}/prefetch`);
  assert.equal((await answered).status(), 503);
  assert.deepEqual(await flowCookies(context), []);
});

test("a result goes nowhere that the workspace does not list", async (t) => {
  const context = await openBrowser(chromium, t);
  const page = await context.newPage();
  const elsewhere = { ...payload(), redirectUri: `${foreign.origin}/back` };
  const response = await page.goto(linkspan.startLink(elsewhere));
  assert.equal(response.status(), 400);
  await page.getByText("is not set up for this").waitFor();
});
