// The pages in each of their languages: in the browser's, accessible, no wider than a phone, from right to left too.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openBrowser, startChromium } from "./lib/browser.mjs";
import { DEMO, adminToken, customerToken, startLinkspan } from "./lib/linkspan.mjs";
import { checkPage, watchPolicy } from "./lib/page_checks.mjs";

const LANGUAGES = ["en", "de", "fr", "es", "pt", "ja", "ar"];
/** Those whose pictures are in the documentation. */
const PICTURED = ["de", "ar"];

const FORM = {
  name: "Key service",
  authOptions: [{
    key: "api-key",
    type: "client-credentials",
    inputSchema: {
      type: "object",
      required: ["apiKey", "account"],
      properties: {
        account: { type: "string", title: "Account", pattern: "^[a-z]+$", examples: ["acme"] },
        apiKey: { type: "string", title: "API key", isSensitive: true },
        client: { type: "object", title: "Client", properties: { ids: { type: "array", title: "IDs" } } },
        sandbox: { type: "boolean", title: "Sandbox" },
      },
    },
  }],
};

let linkspan, chromium;

before(async () => {
  linkspan = await startLinkspan();
  chromium = await startChromium();
  await linkspan.call("PUT", "/integrations/form", adminToken(DEMO), FORM);
});

after(async () => {
  await chromium?.close();
  await linkspan?.stop();
});

/** The first button of the page's form: it goes on. */
const goOn = (page) => page.locator("main form button").first().click();

for (const language of LANGUAGES) {
  test(`the pages in ${language}`, async (t) => {
    const page = await (await openBrowser(chromium, t, { locale: language })).newPage();
    const blocked = watchPolicy(page);
    const pictures = (name) => (PICTURED.includes(language) ? `${name}-${language}` : undefined);
    const token = customerToken(DEMO, "birch-and-co", { name: "Birch & Co" });
    const speaks = async () => {
      const html = page.locator("html");
      assert.equal(await html.getAttribute("lang"), language);
      assert.equal(await html.evaluate((it) => getComputedStyle(it).direction), language === "ar" ? "rtl" : "ltr");
    };

    await page.goto(linkspan.startLink({ integrationKey: "form", token }));
    await speaks();
    await checkPage(page, pictures("start-page"));
    await goOn(page);
    await page.locator("#input-account").fill("No account!");
    await goOn(page);
    await page.getByRole("alert").waitFor();
    await speaks();
    await checkPage(page, pictures("form-complaint"));
    // What is said of a field is read out with it.
    const described = await page.locator("#input-apiKey").getAttribute("aria-describedby");
    assert.ok((await page.locator(`#${described.split(" ").at(-1)}`).innerText()).length > 0);
    await page.locator("#input-account").fill("acme");
    await page.locator("#input-apiKey").fill("a key");
    await goOn(page);
    await page.locator(".mark.success").waitFor();
    await speaks();
    await checkPage(page);
    assert.deepEqual(blocked, []);
  });
}

test("a start says in which language it wants to go on", async (t) => {
  const page = await (await openBrowser(chromium, t, { locale: "fr-FR" })).newPage();
  const token = customerToken(DEMO, "birch-and-co");
  await page.goto(linkspan.startLink({ integrationKey: "form", token, locale: "de-CH" }));
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await goOn(page);
  await page.locator("#input-account").waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
});
