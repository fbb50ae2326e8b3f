// The user is there, not only a browser: an attacker's link in a victim's browser, where the application has another session.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openBrowser, startChromium } from "./lib/browser.mjs";
import { allow, signIn } from "./lib/demo_provider.mjs";
import { DEMO, adminToken, customerToken, startLinkspan } from "./lib/linkspan.mjs";
import { answerPage, escape, startForm, startSite } from "./lib/site.mjs";

let linkspan, app, chromium;

before(async () => {
  linkspan = await startLinkspan();
  chromium = await startChromium();
  app = await startSite(application, { name: "localhost" });
  await linkspan.call("PUT", `/workspaces/${DEMO.key}`, adminToken(DEMO), {
    name: "Careful Inc",
    secret: DEMO.secret,
    redirectUris: [`${app.origin}/back`],
    confirmUser: true,
  });
});

after(async () => {
  await chromium?.close();
  for (const site of [app, linkspan]) await site?.stop();
});

/** An application with sessions. It completes what comes back for the user of its session, and for nobody else. */
async function application(request, response) {
  const { pathname, searchParams } = new URL(request.url, app.origin);
  const user = /user=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
  if (pathname === "/log-in") {
    response.setHeader("Set-Cookie", `user=${searchParams.get("user")}; HttpOnly; SameSite=Lax; Path=/`);
    answerPage(response, "<p>Logged in</p>");
  } else if (pathname === "/connect") {
    answerPage(response, startForm(linkspan, start(user)));
  } else if (pathname === "/back") {
    const id = searchParams.get("connectionRequestId");
    const completed = await fetch(`${linkspan.url}/connection-requests/${id}/complete`, {
      method: "POST",
      headers: { authorization: `Bearer ${customerToken(DEMO, user)}` },
    });
    const { userId, key } = await completed.json();
    answerPage(response, `<p id="end">${completed.status} ${escape(userId ?? key)}</p>`);
  } else {
    response.writeHead(404).end();
  }
}

const start = (user) => ({
  integrationKey: "demo-oauth2",
  token: customerToken(DEMO, user),
  redirectUri: `${app.origin}/back`,
});

/** A browser in which this user is logged in to the application. */
async function browserOf(user, t) {
  const context = await openBrowser(chromium, t);
  const page = await context.newPage();
  await page.goto(`${app.origin}/log-in?user=${user}`);
  return page;
}

async function agree(page) {
  await signIn(page);
  await allow(page);
  await page.waitForURL(`${app.origin}/back**`);
  return page.locator("#end").innerText();
}

test("the user who began it is connected", async (t) => {
  const page = await browserOf("ada", t);
  await page.goto(`${app.origin}/connect`);
  await page.getByRole("button", { name: "Connect" }).click();
  assert.equal(await agree(page), "200 ada");
  await page.reload();
  assert.equal(await page.locator("#end").innerText(), "200 ada");
  assert.equal((await linkspan.connections(customerToken(DEMO, "ada"))).length, 1);
});

test("an attacker's link in a victim's browser connects nobody", async (t) => {
  const attacker = await browserOf("mallory", t);
  const victim = await browserOf("victor", t);
  const exchanges = async () => (await linkspan.providerStats()).tokenRequests;
  const before = await exchanges();
  const link = linkspan.startLink(start("mallory"));
  await victim.goto(link);
  await victim.getByRole("button", { name: "Continue" }).click();
  assert.equal(await agree(victim), "403 access_denied");
  for (const user of ["mallory", "victor"]) {
    assert.deepEqual(await linkspan.connections(customerToken(DEMO, user)), []);
  }
  assert.equal(await exchanges(), before, "nothing was exchanged");
  // The attacker's own flow, in the attacker's own browser, is another request.
  await attacker.goto(`${app.origin}/connect`);
  await attacker.getByRole("button", { name: "Connect" }).click();
  assert.equal(await agree(attacker), "200 mallory");
});
