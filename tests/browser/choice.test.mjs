// The page where the customer chooses what to connect: on the demo's own way, and each of its forms.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openBrowser, startChromium } from "./lib/browser.mjs";
import { allow, signIn } from "./lib/demo_provider.mjs";
import { DEMO, adminToken, customerToken, startLinkspan } from "./lib/linkspan.mjs";
import { checkPage, watchPolicy } from "./lib/page_checks.mjs";
import { answerPage, startSite } from "./lib/site.mjs";

let linkspan, chromium, api;

before(async () => {
  linkspan = await startLinkspan();
  chromium = await startChromium();
  api = await serveSites();
});

after(async () => {
  await chromium?.close();
  await api?.stop();
  await linkspan?.stop();
});

async function openPage(t) {
  const page = await (await openBrowser(chromium, t)).newPage();
  const blocked = watchPolicy(page);
  t.after(() => assert.deepEqual(blocked, []));
  return page;
}

const connect = (page, name) =>
  page.getByRole("article", { name: "Demo Projects", exact: true }).getByRole("button", { name, exact: true }).click();
const submit = (page) => page.getByRole("button", { name: "Connect", exact: true }).click();
const question = (page) => page.getByRole("heading", { name: "do you want to connect?" }).waitFor();

test("the demo's customer chooses a site, by keyboard alone", async (t) => {
  const page = await openPage(t);
  await page.goto(linkspan.url);
  await connect(page, "Connect Demo Projects");
  await signIn(page);
  await allow(page);
  await question(page);
  const group = page.getByRole("group", { name: "Site" });
  assert.equal(await group.getByRole("radio").count(), 3);
  await checkPage(page, "choice");

  // Without a choice, the browser itself asks for one.
  await submit(page);
  assert.ok(await group.getByRole("radio").first().evaluate((radio) => radio.matches(":invalid")));
  // One that checks nothing is told by us.
  await page.evaluate(() => document.querySelector("form").setAttribute("novalidate", ""));
  await submit(page);
  await page.getByRole("alert").getByText("Please choose one.").waitFor();
  await checkPage(page, "choice-complaint");

  await page.reload();
  await page.goto(page.url().replace("/connection-choice/", "/connection-result/"));
  await question(page);
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowDown");
  assert.ok(await page.getByRole("radio", { name: "Notes & Letters" }).isChecked());
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/demo/connected**");
  await page.getByText("Notes & Letters").first().waitFor();

  // What is connected is chosen to begin with, the next time.
  await page.goto(linkspan.url);
  await connect(page, "Connect and replace Demo Projects");
  await allow(page);
  await question(page);
  assert.ok(await page.getByRole("radio", { name: "Notes & Letters" }).isChecked());
});

test("a popup asks, and hands over what was chosen", async (t) => {
  const page = await openPage(t);
  const app = await startSite((_, response) => answerPage(response, "The application"), { name: "localhost" });
  t.after(() => app.stop());
  await page.goto(app.origin);
  const start = linkspan.startLink({
    integrationKey: "demo-sites",
    token: customerToken(DEMO, "popup-customer"),
    requestId: "r-1",
  });
  const opened = page.waitForEvent("popup");
  await page.evaluate((link) => {
    globalThis.heard = new Promise((resolve) => addEventListener("message", (event) => resolve(event.data)));
    open(link, "connect", "popup,width=500,height=700");
  }, start);
  const popup = await opened;
  const go = popup.getByRole("button", { name: "Continue" });
  if (await go.isVisible().catch(() => false)) await go.click();
  await signIn(popup);
  await allow(popup);
  await question(popup);
  await popup.getByText("Poetical Science").click();
  const closed = popup.waitForEvent("close");
  await submit(popup);
  const message = await page.evaluate(() => globalThis.heard);
  assert.equal(message.type, "newConnectionCreated");
  assert.deepEqual(message.connection.account, { id: "poems", name: "Poetical Science" });
  await closed;
});

test("many, several, and labels that are hard to show", async (t) => {
  const page = await openPage(t);
  for (const [key, choose] of [
    ["many", { items: "many" }],
    ["several", { items: "several", multiple: true, title: "Companies" }],
    ["odd", { items: "odd" }],
  ]) {
    await linkspan.call("PUT", `/integrations/${key}`, adminToken(DEMO), {
      name: "Key service",
      baseUri: api.origin,
      authOptions: [{
        key: "api-key",
        type: "client-credentials",
        inputSchema: { type: "object", required: ["apiKey"], properties: { apiKey: { type: "string", title: "API key" } } },
        afterConnect: [{ path: "/items", choose: { value: "id", label: "name", as: "item", ...choose } }],
      }],
    });
    await page.goto(linkspan.startLink({ integrationKey: key, token: customerToken(DEMO, "birch-and-co") }));
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("API key").fill("a key");
    await submit(page);
    await question(page);
    await checkPage(page, { many: "choice-many", several: "choice-several" }[key]);
    if (key === "many") await page.getByLabel("Choose one").selectOption({ label: "Site 321" });
    else if (key === "several") {
      await submit(page);
      await page.getByRole("alert").getByText("Please choose at least one.").waitFor();
      await checkPage(page);
      await page.getByLabel("Company 3", { exact: true }).check();
      await page.getByLabel("Company 31", { exact: true }).check();
    } else {
      const shown = await page.getByRole("group").locator("bdi").allTextContents();
      assert.deepEqual(shown.slice(1), ["<script>alert(1)</script>", "Same (b)", "Same (c)"]);
      assert.equal([...shown[0]].length, 101);
      await page.getByRole("radio").first().check();
    }
    await submit(page);
    await page.getByRole("heading", { name: "Connected" }).waitFor();
  }
});

/** The API of a service whose accounts have many things in them. */
function serveSites() {
  const items = (count, name) => Array.from({ length: count }, (_, n) => ({ id: n, name: `${name} ${n}` }));
  const odd = [
    { id: "long", name: "Donaudampfschifffahrtsgesellschaftskapitän".repeat(20) },
    { id: "a", name: "<script>alert(1)</script>" },
    { id: "b", name: "Same" },
    { id: "c", name: "Same" },
  ];
  const answer = JSON.stringify({ many: items(500, "Site"), several: items(40, "Company"), odd });
  return startSite((_, response) => response.writeHead(200, { "content-type": "application/json" }).end(answer));
}
