// The screens in a frame over an application's page: accessible, usable by keyboard alone, no wider than a phone, within their
// policy, and shown to nobody else. tests/sdk has them with the published SDK.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openBrowser, startChromium } from "./lib/browser.mjs";
import { allow, deny, signIn } from "./lib/demo_provider.mjs";
import { DEMO, adminToken, customerToken, startLinkspan } from "./lib/linkspan.mjs";
import { checkPage, watchPolicy } from "./lib/page_checks.mjs";
import { answerPage, escape, startSite } from "./lib/site.mjs";

const KEYS = {
  name: "Key service",
  authOptions: [
    {
      key: "api-key",
      type: "client-credentials",
      title: "With an API key",
      inputSchema: {
        type: "object",
        required: ["apiKey", "account"],
        properties: {
          apiKey: { type: "string", title: "API key", isSensitive: true, description: "Under Settings, API." },
          account: { type: "string", title: "Account", pattern: "^[a-z]+$", examples: ["acme"] },
        },
      },
    },
    {
      key: "password",
      type: "client-credentials",
      title: "With user name and password",
      inputSchema: { type: "object", required: ["user"], properties: { user: { type: "string", title: "User" } } },
    },
  ],
};

let linkspan, chromium, application, stranger;

before(async () => {
  linkspan = await startLinkspan();
  chromium = await startChromium();
  await linkspan.call("PUT", "/integrations/keys", adminToken(DEMO), KEYS);
  const serve = (request, response) => {
    const { searchParams } = new URL(request.url, "http://localhost");
    const fields = Object.fromEntries(searchParams);
    answerPage(response, host(fields.path ?? "connect", { ...fields, path: undefined }));
  };
  application = await startSite(serve, { name: "localhost" });
  stranger = await startSite(serve, { address: "127.0.0.2" });
});

after(async () => {
  await application?.stop();
  await stranger?.stop();
  await chromium?.close();
  await linkspan?.stop();
});

const token = (customer) => customerToken(DEMO, customer, { name: "Birch & Co" });

/** A page that opens a screen over itself. */
function host(path, fields) {
  const inputs = Object.entries({ ...fields, token: token(fields.customer) }).filter(([, value]) => value !== undefined);
  return `<style>body{margin:0}iframe{position:fixed;inset:0;width:100%;height:100%;border:0}</style>
<iframe name="screen" title="Screen"></iframe>
<form method="post" action="${linkspan.url}/screens/${path}" target="screen">
${inputs.map(([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`).join("")}
</form><script>document.forms[0].submit()</script>`;
}

let customers = 0;

/** Opens a screen in a browser of its own. */
async function open(t, { path = "connect", customer = `customer-${(customers += 1)}`, site = application, ...fields }, options) {
  const page = await (await openBrowser(chromium, t, options)).newPage();
  const blocked = watchPolicy(page);
  t.after(() => assert.deepEqual(blocked, []));
  await page.goto(`${site.origin}/?${new URLSearchParams({ path, customer, ...fields })}`);
  const frame = page.frame("screen");
  return { page, frame, customer, check: (name) => checkPage(page, name, frame) };
}

const goOn = (frame) => frame.getByRole("button", { name: /^Continue to/ });

async function press(page, button) {
  const opened = page.waitForEvent("popup");
  await button.click();
  return opened;
}

test("the list, the form, and its complaints", async (t) => {
  const { frame, check } = await open(t, {});
  await frame.getByRole("button", { name: "Demo CRM", exact: true }).waitFor();
  await check("screen-list");
  await frame.getByLabel("Search").fill("no such thing");
  await frame.getByText("Nothing was found.").waitFor();
  await check();
  await frame.getByLabel("Search").fill("key s");
  await frame.getByRole("button", { name: "Key service" }).click();
  await frame.getByLabel("API key").waitFor();
  await check("screen-form");
  await frame.getByLabel("Account").fill("No account!");
  await frame.getByRole("button", { name: "Connect", exact: true }).click();
  await frame.getByRole("alert").waitFor();
  await check("screen-form-complaint");
  await frame.getByLabel("API key").fill("a key");
  await frame.getByLabel("Account").fill("acme");
  await frame.getByRole("button", { name: "Connect", exact: true }).click();
  await frame.getByRole("heading", { name: "Connected" }).waitFor();
  await check();
});

test("the sign-in in a window, and what may become of it", async (t) => {
  const { page, frame, check } = await open(t, { integrationKey: "demo-oauth2" });
  await goOn(frame).waitFor();
  await check("screen-connect");
  const popup = await press(page, goOn(frame));
  await frame.getByRole("heading", { name: "Go on in the other window" }).waitFor();
  await check("screen-waiting");
  await signIn(popup);
  await deny(popup);
  await frame.getByText("The access was not granted.").waitFor();
  await check("screen-failed");
  await popup.close();
  const next = await press(page, frame.getByRole("button", { name: "Try again" }));
  await next.waitForURL("**/demo-provider/**");
  await next.close();
  await frame.getByRole("heading", { name: "Not connected yet" }).waitFor();
  await check("screen-closed");
  await frame.getByRole("button", { name: "Cancel" }).click();
  await goOn(frame).waitFor();
});

test("a browser that opens no window", async (t) => {
  const { frame, check } = await open(t, { integrationKey: "demo-oauth2" });
  await goOn(frame).waitFor();
  await frame.evaluate(() => (window.open = () => null));
  await goOn(frame).click();
  await frame.getByRole("link", { name: "Open the window" }).waitFor();
  await check("screen-blocked");
});

test("a connection: its name, its end, and its renewal", async (t) => {
  const { page, frame, customer } = await open(t, { integrationKey: "demo-oauth2" });
  const popup = await press(page, goOn(frame));
  await signIn(popup);
  await allow(popup);
  await popup.waitForEvent("close");
  const [{ id }] = await linkspan.connections(token(customer));
  const shown = await open(t, { path: "connection", customer, connectionId: id });
  await shown.frame.getByRole("heading", { name: "Demo CRM" }).waitFor();
  await shown.check("screen-connection");
  await shown.frame.getByLabel("Name").fill("");
  await shown.frame.getByRole("button", { name: "Save" }).click();
  await shown.frame.getByRole("alert").waitFor();
  await shown.check();
  await shown.frame.getByRole("button", { name: "Disconnect" }).click();
  await shown.frame.getByRole("heading", { name: "Disconnect Demo CRM?" }).waitFor();
  await shown.check("screen-question");
  await shown.frame.getByRole("button", { name: "Disconnect" }).click();
  await shown.frame.getByText("Needs to be connected again").waitFor();
  await shown.check("screen-disconnected");
  await shown.frame.getByRole("button", { name: "Remove" }).click();
  await shown.frame.getByRole("button", { name: "Remove" }).click();
  await shown.frame.getByText("The connection was removed.").waitFor();
  await shown.check();
  const gone = await open(t, { path: "connection", customer, connectionId: id });
  await gone.frame.getByRole("heading", { name: "This did not work" }).waitFor();
  await gone.check("screen-error");
});

for (const [language, disconnect] of [["de", "Trennen"], ["ar", "افصل"]]) {
  test(`the screens in ${language}`, async (t) => {
    const shownIn = (fields) => open(t, fields, { locale: language });
    const speaks = async (frame) => assert.equal(await frame.locator("html").getAttribute("lang"), language);
    const list = await shownIn({});
    await list.frame.locator("[data-item]").first().waitFor();
    await speaks(list.frame);
    await list.check(`screen-list-${language}-phone`);

    const { frame, check, customer } = await shownIn({ integrationKey: "keys" });
    await frame.getByLabel("API key").waitFor();
    await speaks(frame);
    await check(`screen-connect-${language}`);
    await frame.getByLabel("API key").fill("a key");
    await frame.getByLabel("Account").fill("acme");
    await frame.getByLabel("Account").press("Enter");
    await frame.locator(".mark.success").waitFor();
    await speaks(frame);
    await check();

    const [{ id }] = await linkspan.connections(token(customer));
    const shown = await shownIn({ path: "connection", customer, connectionId: id });
    await shown.frame.getByRole("button", { name: disconnect }).waitFor();
    await speaks(shown.frame);
    await shown.check(`screen-connection-${language}`);
    await shown.frame.getByRole("button", { name: disconnect }).click();
    await shown.frame.getByRole("heading", { name: /Key service/ }).waitFor();
    await speaks(shown.frame);
    await shown.check(`screen-question-${language}-phone`);
    await shown.frame.getByRole("button", { name: disconnect }).click();
    await shown.frame.getByRole("button", { name: disconnect }).waitFor({ state: "detached" });
    await speaks(shown.frame);
    await shown.check();
  });
}

test("a look that the application asks for", async (t) => {
  for (const [theme, colour] of [["dark", "rgb(16, 21, 27)"], ["light", "rgb(243, 245, 248)"]]) {
    const { page, frame, check } = await open(t, { integrationKey: "keys", theme });
    await frame.getByLabel("API key").waitFor();
    await page.emulateMedia({ colorScheme: theme === "dark" ? "light" : "dark" });
    assert.equal(await frame.evaluate(() => getComputedStyle(document.body).backgroundColor), colour);
    await check();
  }
});

test("the whole way by keyboard alone", async (t) => {
  const { page, frame } = await open(t, {});
  await frame.getByLabel("Search").focus();
  await page.keyboard.type("key service");
  const tabTo = async (name) => {
    for (let step = 0; step < 20; step += 1) {
      await page.keyboard.press("Tab");
      const focused = await frame.evaluate(() => {
        const { activeElement: element } = document;
        return (element.labels?.[0] ?? element).textContent.trim();
      });
      if (focused.endsWith(name)) return;
    }
    assert.fail(`Tab does not reach ${name}`);
  };
  await tabTo("Key service");
  await page.keyboard.press("Enter");
  await frame.getByLabel("API key").waitFor();
  await tabTo("API key");
  await page.keyboard.type("a key");
  await tabTo("Account");
  await page.keyboard.type("acme");
  await page.keyboard.press("Enter");
  await frame.getByRole("heading", { name: "Connected" }).waitFor();
});

test("a page that is not the workspace's shows no screen", async (t) => {
  const page = await (await openBrowser(chromium, t)).newPage();
  await page.goto(`${stranger.origin}/?customer=stranger`);
  const frame = page.frame("screen");
  await page.waitForTimeout(1000);
  assert.equal(await frame.getByRole("button").count(), 0);
  assert.equal(await frame.getByRole("heading").count(), 0);
});

test("without a script the list, the form and the way to the provider work", async (t) => {
  const context = await openBrowser(chromium, t, { javaScriptEnabled: false });
  const page = await context.newPage();
  const form = await startSite((_, response) => answerPage(response, `<form method="post" action="${linkspan.url}/screens/connect">
<input type="hidden" name="token" value="${token("no-script")}"><button>Open</button></form>`));
  t.after(() => form.stop());
  await page.goto(form.origin);
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByLabel("Search").fill("demo crm");
  await page.getByLabel("Search").press("Enter");
  await page.getByRole("button", { name: "Demo CRM", exact: true }).click();
  await goOn(page).click();
  await goOn(page).click();
  await signIn(page);
  await allow(page);
  await page.getByRole("heading", { name: "Connected" }).waitFor();
  assert.equal((await linkspan.connections(token("no-script"))).length, 1);
});
