// The link of a connection request, as a customer finds it in their mail.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openBrowser, startChromium } from "./lib/browser.mjs";
import { allow, signIn } from "./lib/demo_provider.mjs";
import { DEMO, adminToken, startLinkspan } from "./lib/linkspan.mjs";
import { checkAsShown, checkPage, watchPolicy } from "./lib/page_checks.mjs";
import { answerPage, escape, startSite } from "./lib/site.mjs";

let linkspan, chromium, mail;

before(async () => {
  linkspan = await startLinkspan();
  chromium = await startChromium();
  mail = await startSite((request, response) => {
    const url = new URL(request.url, "http://mail.example").searchParams.get("link") ?? "";
    answerPage(response, `<a href="${escape(url)}">Connect</a><iframe src="${escape(url)}"></iframe>`);
  }, { address: "127.0.0.2" });
});

after(async () => {
  await chromium?.close();
  for (const site of [mail, linkspan]) await site?.stop();
});

const PROMPT = "We need your <CRM> to plan the visit.";

function make(changes = {}) {
  const body = { integrationKey: "demo-oauth2", userId: "birch-and-co", prompt: PROMPT, ...changes };
  return linkspan.call("POST", "/connection-requests", adminToken(DEMO), body);
}

const now = ({ requestId }) => linkspan.call("GET", `/connection-requests/${requestId}`, adminToken(DEMO));

async function openPage(t) {
  const page = await (await openBrowser(chromium, t)).newPage();
  const blocked = watchPolicy(page);
  t.after(() => assert.deepEqual(blocked, []));
  return page;
}

test("a link is confirmed by keyboard alone, connects, and says that it was used", async (t) => {
  const request = await make();
  const page = await openPage(t);
  await page.goto(request.url);
  await checkPage(page, "request");
  const text = await page.locator("main").innerText();
  for (const named of [PROMPT, "Demo CRM", "birch-and-co"]) {
    assert.ok(text.includes(named), `${named} is not named in: ${text}`);
  }
  assert.equal((await now(request)).status, "pending");
  await page.keyboard.press("Tab");
  assert.match(await page.evaluate(() => document.activeElement.innerText), /^Continue to /);
  await page.keyboard.press("Enter");
  await signIn(page);
  await allow(page);
  await page.getByRole("heading", { name: "Connected" }).waitFor();
  await checkPage(page, "request-connected");
  const ended = await now(request);
  assert.equal(ended.status, "success");
  assert.ok(ended.resultConnectionId);
  await page.goto(request.url);
  await page.getByText("has been used already").waitFor();
  await checkPage(page, "request-used");
});

test("a link in a mail is confirmed in a page of its own, and in no frame", async (t) => {
  const request = await make();
  const page = await (await openBrowser(chromium, t)).newPage();
  await page.goto(`${mail.origin}/?link=${encodeURIComponent(request.url)}`);
  const frame = page.frames().find((frame) => frame !== page.mainFrame());
  assert.equal(await frame.getByRole("button").count(), 0, "the page does not show in a frame");
  await page.getByRole("link").click();
  await page.getByRole("button", { name: "Continue" }).click();
  await signIn(page);
  await allow(page);
  await page.getByRole("heading", { name: "Connected" }).waitFor();
  assert.equal((await now(request)).status, "success");
});

test("a link on a phone that speaks German, while the backend asks how it stands", async (t) => {
  const request = await make({ prompt: "Wir brauchen Ihr CRM, um den Besuch zu planen." });
  const seen = [];
  const polled = (async () => {
    do {
      const { status } = await now(request);
      if (seen.at(-1) !== status) seen.push(status);
      await new Promise((resolve) => setTimeout(resolve, 100));
    } while (seen.at(-1) === "pending" && !t.signal.aborted);
  })();
  const phone = {
    viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, locale: "de-DE",
  };
  const page = await (await openBrowser(chromium, t, phone)).newPage();
  const isGerman = async () => assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await page.goto(request.url);
  await isGerman();
  await checkAsShown(page, "request-de-phone");
  await page.getByRole("button", { name: "Weiter zu" }).tap();
  await signIn(page);
  await page.getByRole("button", { name: "Allow" }).tap();
  await page.getByRole("heading", { name: "Verbunden" }).waitFor();
  await isGerman();
  await checkAsShown(page, "request-connected-de-phone");
  await polled;
  assert.deepEqual(seen, ["pending", "success"]);
  const { resultConnectionId } = await now(request);
  const connection = await linkspan.call("GET", `/connections/${resultConnectionId}`, adminToken(DEMO));
  assert.equal(connection.userId, "birch-and-co");
});

test("a link that was cancelled says so", async (t) => {
  const request = await make();
  const answer = await fetch(`${linkspan.url}/connection-requests/${request.requestId}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${adminToken(DEMO)}` },
  });
  assert.equal(answer.status, 204);
  const page = await openPage(t);
  await page.goto(request.url);
  await page.getByText("was withdrawn").waitFor();
  await checkPage(page);
});
