// Events: the demo page shows them while it is open, and the local run prints them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openBrowser, startChromium } from "./lib/browser.mjs";
import { allow, signIn } from "./lib/demo_provider.mjs";
import { startLinkspan } from "./lib/linkspan.mjs";
import { checkPage, watchPolicy } from "./lib/page_checks.mjs";

let linkspan, chromium;

before(async () => {
  linkspan = await startLinkspan();
  chromium = await startChromium();
});

after(async () => {
  await chromium?.close();
  await linkspan?.stop();
});

const section = (page) => page.getByRole("region", { name: "Events" });
const shown = (page, name) => section(page).getByRole("listitem").filter({ hasText: name });

/** Connects in this page, from the first sign-in to the result. */
async function connect(page, { url, button, known = false }) {
  await page.goto(url);
  await page.getByRole("article", { name: "Demo CRM", exact: true }).getByRole("button", { name: button, exact: true }).click();
  if (!known) await signIn(page);
  await allow(page);
  await page.waitForURL("**/demo/connected**");
  return new URL(page.url()).searchParams.get("connectionId");
}

test("what happens in one tab is seen in another, and printed", async (t) => {
  const browser = await openBrowser(chromium, t);
  const watching = await browser.newPage();
  const blocked = watchPolicy(watching);
  await watching.goto(linkspan.url);
  await section(watching).getByText("None yet.").waitFor();

  const working = await browser.newPage();
  const id = await connect(working, { url: linkspan.url, button: "Connect Demo CRM" });
  const created = shown(watching, "connection.created");
  await created.waitFor();
  assert.equal(await section(watching).getByText("None yet.").isVisible(), false);
  assert.equal(await section(watching).getByRole("list").getAttribute("aria-live"), "polite");

  await created.getByText("JSON").click();
  const event = JSON.parse(await created.locator("pre").textContent());
  assert.deepEqual(
    { ...event, detail: { ...event.detail, integrationId: "", time: "", sequence: "" } },
    {
      source: "linkspan",
      "detail-type": "connection.created",
      resources: ["arn:aws:dynamodb:local:000000000000:table/connections"],
      detail: {
        connectionId: id,
        workspaceKey: "demo",
        userId: "birch-and-co",
        tenantId: "birch-and-co",
        integrationId: "",
        time: "",
        sequence: "",
        tags: "[]",
        meta: "{}",
      },
    },
  );
  assert.deepEqual(await linkspan.printedEvent("connection.created", id), event);

  const replacement = await connect(working, { url: linkspan.url, button: "Connect and replace Demo CRM", known: true });
  await shown(watching, "connection.deleted").filter({ hasText: id }).waitFor();
  await shown(watching, "connection.created").filter({ hasText: replacement }).waitFor();
  await checkPage(watching);
  assert.deepEqual(blocked, []);
});

test("without script the page shows the events that there were", async (t) => {
  const own = await startLinkspan();
  t.after(() => own.stop());
  const page = await (await openBrowser(chromium, t, { javaScriptEnabled: false })).newPage();
  const id = await connect(page, { url: own.url, button: "Connect Demo CRM" });
  await own.printedEvent("connection.created", id);
  await page.goto(own.url);
  await shown(page, "connection.created").filter({ hasText: id }).waitFor();
  await section(page).getByText("Reload the page to see newer ones.").waitFor();
});

test("a page that waits for events does not keep the local run from ending", { timeout: 30_000 }, async (t) => {
  const own = await startLinkspan();
  t.after(() => own.stop());
  const page = await (await openBrowser(chromium, t)).newPage();
  const listening = page.waitForResponse((response) => response.url().includes("/demo/events?"));
  await page.goto(own.url);
  await listening;
  await own.stop("SIGINT");
  await section(page).getByText("The service cannot be reached.").waitFor();
});
