// The page in plain HTML, as docs/languages.md shows it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { openBrowser, startChromium } from "./lib/browser.mjs";
import { allow, deny, signIn } from "./lib/demo_provider.mjs";
import { DEMO, customerToken, startLinkspan } from "./lib/linkspan.mjs";
import { startSite } from "./lib/site.mjs";

let linkspan, chromium, site;

before(async () => {
  linkspan = await startLinkspan();
  chromium = await startChromium();
  const page = await readFile(new URL("../languages/html/index.html", import.meta.url), "utf8");
  const scope = "connect connections:read proxy";
  site = await startSite((_, response) => {
    const token = customerToken(DEMO, "customer-1", { scope });
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(page.replace("TOKEN", token).replace("http://127.0.0.1:9000", linkspan.url));
  });
});

after(async () => {
  await site?.stop();
  await chromium?.close();
  await linkspan?.stop();
});

async function atConsent(t) {
  const page = await (await openBrowser(chromium, t)).newPage();
  await page.goto(site.origin);
  const opened = page.waitForEvent("popup");
  await page.getByRole("button", { name: "Connect Demo CRM" }).click();
  const popup = await opened;
  await signIn(popup);
  return { page, popup };
}

test("the page connects an account in a popup and calls the provider", async (t) => {
  const { page, popup } = await atConsent(t);
  await allow(popup);
  await page.getByText("Connected: Demo CRM, as Ada Lovelace").waitFor();
  const connections = await linkspan.connections(customerToken(DEMO, "customer-1"));
  assert.equal(connections.length, 1);
});

test("the page says why nothing was connected", async (t) => {
  const { page, popup } = await atConsent(t);
  await deny(popup);
  await page.getByText("Not connected: The access was not granted.").waitFor();
});
