// The README's page and backend in Chromium, against the local run.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Linkspan } from "../../js/dist/index.js";

import { openBrowser, startChromium } from "../../../tests/browser/lib/browser.mjs";
import { allow, deny, signIn } from "../../../tests/browser/lib/demo_provider.mjs";
import { DEMO, startLinkspan } from "../../../tests/browser/lib/linkspan.mjs";
import { startApp } from "./lib/app.mjs";

let linkspan, chromium, app, client;

before(async () => {
  linkspan = await startLinkspan();
  chromium = await startChromium();
  app = await startApp(linkspan);
  client = new Linkspan({ url: linkspan.url, workspaceKey: DEMO.key, secret: DEMO.secret });
});
after(async () => {
  await app?.stop();
  await chromium?.close();
  await linkspan?.stop();
});

async function open(t, customer, { path = "/", ...options } = {}) {
  app.begin(customer, options);
  const context = await openBrowser(chromium, t);
  const page = await context.newPage();
  const failures = [];
  page.on("pageerror", (error) => failures.push(error.message));
  t.after(() => assert.deepEqual(failures, []));
  await page.goto(app.origin + path);
  return { context, page };
}

/** Presses the button, and gives the popup. */
async function press(page, name = "Connect Demo CRM") {
  const popup = page.waitForEvent("popup");
  await page.getByRole("button", { name }).click();
  return popup;
}

const status = (page, value) => page.locator(`button[data-status=${value}]`).waitFor();

async function says(page, text) {
  await page.getByRole("status").getByText(text, { exact: true }).waitFor();
}

async function connectedBy(customer) {
  const items = [];
  for await (const connection of client.asCustomer({ id: customer }).connections.list()) items.push(connection.id);
  return items;
}

describe("in a popup", () => {
  test("the customer connects, and the page hears of it", async (t) => {
    const { page } = await open(t, "popup-1");
    await status(page, "idle");
    const popup = await press(page);
    await status(page, "connecting");
    assert.equal(await page.getByRole("button").getAttribute("aria-busy"), "true");
    await signIn(popup);
    const closed = popup.waitForEvent("close");
    await allow(popup);
    await says(page, "Demo CRM");
    await status(page, "connected");
    await closed;
    assert.equal((await connectedBy("popup-1")).length, 1);
  });

  test("a refusal is an error", async (t) => {
    const { page } = await open(t, "popup-2");
    const popup = await press(page);
    await signIn(popup);
    await deny(popup);
    await says(page, "The access was not granted.");
    await status(page, "failed");
  });

  test("a message from elsewhere is not believed, nor one for another popup", async (t) => {
    const { page } = await open(t, "popup-3");
    const posted = page.context().waitForEvent("request", (request) => request.url().endsWith("/connection-popup"));
    const popup = await press(page);
    const requestId = new URLSearchParams((await posted).postData()).get("requestId");
    await signIn(popup);
    const message = { source: "integration.app", type: "newConnectionCreated", connection: { id: "made-up" } };
    // From this page itself, by the right name; and from Linkspan's origin, by another.
    await page.evaluate((data) => window.postMessage(data, "*"), { ...message, requestId });
    await popup.goto(`${linkspan.url}/openapi.json`);
    await popup.evaluate((data) => window.opener.postMessage(data, "*"), { ...message, requestId: "another" });
    await popup.evaluate((data) => window.opener.postMessage(data, "*"), { ...message, requestId, source: "another" });
    // What is believed comes after them.
    const last = { ...message, requestId, type: "newConnectionFailure", error: "The last one.", errorData: { key: "k" } };
    await popup.evaluate((data) => window.opener.postMessage(data, "*"), last);
    await says(page, "The last one.");
    await status(page, "failed");
  });

  test("a popup that is cut off from the page is asked about", async (t) => {
    const { page } = await open(t, "popup-4", { headers: { "cross-origin-opener-policy": "same-origin" } });
    const popup = await press(page);
    await signIn(popup);
    assert.equal(await popup.evaluate(() => window.opener), null);
    await allow(popup);
    await says(page, "Demo CRM");
    await status(page, "connected");
  });

  test("the outcome of an attempt before is not taken for this one's", async (t) => {
    const { page } = await open(t, "popup-4", { headers: { "cross-origin-opener-policy": "same-origin" } });
    await app.start();
    assert.deepEqual(await app.outcome(), {});
    const popup = await press(page);
    await signIn(popup);
    await page.waitForResponse("**/api/linkspan/outcome");
    await status(page, "connecting");
    await deny(popup);
    await says(page, "The access was not granted.");
  });

  test("pressing again begins anew", async (t) => {
    const { page } = await open(t, "popup-5");
    const first = await press(page);
    await signIn(first);
    const closed = first.waitForEvent("close");
    const second = await press(page);
    await closed;
    await allow(second);
    await says(page, "Demo CRM");
  });

  test("a backend that does not answer is an error, and the popup closes", async (t) => {
    const { page } = await open(t, "popup-6");
    app.start = () => Promise.reject(new Error("down"));
    await press(page);
    await says(page, "The connection could not be started.");
    assert.equal(page.context().pages().length, 1);
  });

  test("a browser that opens no window is an error", async (t) => {
    const { page } = await open(t, "popup-7");
    await page.evaluate(() => (window.open = () => null));
    await page.getByRole("button").click();
    await says(page, "The browser did not open a window.");
    await status(page, "failed");
  });

  test("a popup that the customer closes leads back, without an error", async (t) => {
    const { page } = await open(t, "popup-8", { path: "/others" });
    const popup = await press(page, "Plain");
    await signIn(popup);
    await page.locator("#plain").getByText("connecting").waitFor();
    await popup.close();
    await page.locator("#plain").getByText("idle").waitFor();
  });

  test("cancel closes the popup, even before there is a start", async (t) => {
    const { page } = await open(t, "popup-9", { path: "/others" });
    const popup = await press(page, "Wait");
    await page.locator("#waiting").getByText("connecting").waitFor();
    const closed = popup.waitForEvent("close");
    await page.getByRole("button", { name: "Cancel" }).click();
    await closed;
    await page.locator("#waiting").getByText("idle").waitFor();
  });

  test("an action that is no web address is not opened", async (t) => {
    const { page } = await open(t, "popup-10", { path: "/others" });
    await press(page, "Broken");
    await page.locator("#broken").getByText("start_failed").waitFor();
  });
});

test("by leaving the page, the result comes to redirectUri", async (t) => {
  const customer = { id: "redirect-1" };
  const { page } = await open(t, customer.id, { path: "/others" });
  const redirectUri = `${app.origin}/connected`;
  app.startRedirect = async () => client.startForm(customer, { integrationKey: "demo-oauth2", redirectUri });
  await page.getByRole("button", { name: "Leave" }).click();
  await signIn(page);
  await allow(page);
  await page.waitForURL("**/connected?**");
  const connection = await client.connectionFromResult(new URL(page.url()).searchParams, customer);
  assert.equal(connection.userId, customer.id);
});
