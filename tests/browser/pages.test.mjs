// Every page that a person sees: accessible, usable by keyboard alone, no wider than a phone, within its policy.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openBrowser, startChromium } from "./lib/browser.mjs";
import { allow, allowAndFail, callbackAddress, signIn } from "./lib/demo_provider.mjs";
import { DEMO, adminToken, customerToken, startLinkspan } from "./lib/linkspan.mjs";
import { checkPage, watchPolicy } from "./lib/page_checks.mjs";

/** An integration that asks for something of every kind. */
const FORM_INTEGRATION = {
  name: "Key service",
  authOptions: [
    {
      key: "api-key",
      type: "client-credentials",
      title: "With an API key",
      inputSchema: {
        type: "object",
        required: ["apiKey", "account", "region"],
        properties: {
          apiKey: { type: "string", title: "API key", isSensitive: true, description: "Under Settings, API." },
          account: {
            type: "string",
            title: "Account",
            pattern: "^[a-z]+$",
            examples: ["acme"],
            helpUri: "https://help.example/account",
          },
          region: { type: "string", title: "Region", enum: ["eu", "us"] },
          limit: { type: "integer", title: "Limit" },
          sandbox: { type: "boolean", title: "Use the sandbox" },
          client: {
            type: "object",
            title: "Your own client",
            properties: { key: { type: "string", title: "Private key", multiline: true, isSensitive: true } },
          },
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

let linkspan, chromium;

before(async () => {
  linkspan = await startLinkspan();
  chromium = await startChromium();
});

after(async () => {
  await chromium?.close();
  await linkspan?.stop();
});

/** A page in a browser of its own; the test fails if a policy blocks anything on the way. */
async function openPage(t) {
  const page = await (await openBrowser(chromium, t)).newPage();
  const blocked = watchPolicy(page);
  t.after(() => assert.deepEqual(blocked, []));
  return page;
}

/** The card of Demo CRM among those of other integrations. */
const card = (page) => page.getByRole("article", { name: "Demo CRM", exact: true });
const connect = (page) => card(page).getByRole("button", { name: "Connect Demo CRM", exact: true }).click();
const atTheApp = (page) => page.waitForURL("**/demo/connected**");

/** The address of a start; from the address bar it shows the start page. */
function startLink(parameters) {
  const token = customerToken(DEMO, "birch-and-co", { name: "Birch & Co" });
  return linkspan.startLink({ integrationKey: "demo-oauth2", token, ...parameters });
}

test("the demo's pages, from the first connection to a failed one", async (t) => {
  const page = await openPage(t);
  await page.goto(linkspan.url);
  await checkPage(page, "demo-page");
  await connect(page);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await checkPage(page, "sign-in");
  await page.getByLabel("User name").fill("ada");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await checkPage(page);
  assert.equal(await focusedAtFirst(page), "Password", "the name need not be typed again");
  await signIn(page);
  await checkPage(page, "consent");
  await page.getByText("Make it fail").click();
  await checkPage(page, "consent-make-it-fail");
  await allow(page);
  await atTheApp(page);
  await checkPage(page, "connected");

  await page.getByRole("link", { name: "Back to the integrations" }).click();
  await card(page).getByLabel("Allow several connections").check();
  await checkPage(page, "demo-page-connected");
  await page.getByRole("button", { name: "Connect another Demo CRM", exact: true }).click();
  await allowAndFail(page, "token.invalid_grant");
  await atTheApp(page);
  await checkPage(page, "not-connected");

  await page.goBack();
  await page.getByText("no longer open").waitFor();
  await checkPage(page, "provider-refusal");
});

test("what comes back without being true", async (t) => {
  const page = await openPage(t);
  await page.goto(`${linkspan.url}/demo/connected?connectionId=${"0".repeat(32)}`);
  await page.getByRole("heading", { name: "Not confirmed" }).waitFor();
  await checkPage(page, "not-confirmed");
});

test("the start page, and the result where there is no redirectUri", async (t) => {
  const page = await openPage(t);
  await page.goto(startLink({}));
  await checkPage(page, "start-page");
  await page.getByRole("button", { name: "Continue" }).click();
  await signIn(page);
  await allow(page);
  await page.getByRole("heading", { name: "Connected" }).waitFor();
  await checkPage(page, "result-page");
});

test("the start page of names that are long and hard to break", async (t) => {
  const page = await openPage(t);
  const name = "Donaudampfschifffahrtsgesellschaftskapitän".repeat(3);
  await page.goto(startLink({ token: customerToken(DEMO, "long", { name }) }));
  await checkPage(page);
});

test("the form, its complaints, and the connection that it makes", async (t) => {
  await linkspan.call("PUT", "/integrations/form", adminToken(DEMO), FORM_INTEGRATION);
  const page = await openPage(t);
  await page.goto(startLink({ integrationKey: "form" }));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("API key").waitFor();
  await checkPage(page, "form");
  await page.getByLabel("Account").fill("not an account!");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByRole("alert").waitFor();
  await checkPage(page, "form-complaint");

  // The complaint's links lead to the fields, for who uses the keyboard.
  await tabTo(page, "API key");
  await page.keyboard.press("Enter");
  await page.waitForURL("**#*");
  assert.equal(await page.evaluate(() => document.activeElement.localName), "input");
  await page.keyboard.type("a key");
  await page.getByLabel("Account").fill("acme");
  await page.getByLabel("Region").selectOption("eu");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByRole("heading", { name: "Connected" }).waitFor();
});

test("the error page, in the wrong browser", async (t) => {
  const page = await openPage(t);
  await page.goto(startLink({}));
  await page.getByRole("button", { name: "Continue" }).click();
  await signIn(page);
  const stranger = await openPage(t);
  await stranger.goto(await callbackAddress(page));
  await checkPage(stranger, "error-page");
});

test("the page of a sign-in that is not finished yet", async (t) => {
  const page = await openPage(t);
  await page.goto(startLink({}));
  await page.getByRole("button", { name: "Continue" }).click();
  await signIn(page);
  const cookies = await page.context().cookies(linkspan.url);
  const { name } = cookies.find((cookie) => cookie.name.startsWith("__Host-f-"));
  await page.goto(`${linkspan.url}/connection-result/${name.replace("__Host-f-", "")}`);
  await checkPage(page, "not-finished");
});

test("the whole way by keyboard alone", async (t) => {
  const page = await openPage(t);
  await page.goto(`${linkspan.url}/?customer=lakeside-labs`);
  await tabTo(page, "Skip to content");
  await page.keyboard.press("Enter");
  await tabTo(page, "Allow several connections");
  await page.keyboard.press("Space");
  assert.ok(await page.evaluate(() => document.activeElement.checked));
  await page.keyboard.press("Space");
  await tabTo(page, "Connect Demo CRM");
  await page.keyboard.press("Enter");

  await page.waitForURL("**/sign-in**");
  assert.equal(await focusedAtFirst(page), "User name", "one can type at once");
  await page.keyboard.type("ada");
  await page.keyboard.press("Tab");
  await page.keyboard.type("lovelace");
  await page.keyboard.press("Enter");

  await page.waitForURL("**/consent**");
  await tabTo(page, "Allow");
  await page.keyboard.press("Enter");
  await atTheApp(page);
  await page.getByRole("heading", { name: "Connected", exact: true }).waitFor();
  await tabTo(page, "Back to the integrations");
  await page.keyboard.press("Enter");
  await card(page).getByRole("button", { name: "Connect and replace Demo CRM" }).waitFor();

  await page.goto(startLink({}));
  await tabTo(page, "Continue to Demo CRM");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/consent**");
});

/** Presses Tab until this has the focus, and shows that it has. */
async function tabTo(page, name) {
  const passed = [];
  for (let step = 0; step < 20; step += 1) {
    await page.keyboard.press("Tab");
    if ((await focused(page)) === name) {
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.equal(outline, "solid", `one cannot see that ${name} has the focus`);
      return;
    }
    passed.push(await focused(page));
  }
  assert.fail(`Tab does not reach ${name}, only ${passed.join(", ")}`);
}

/** The name of what a page gives the focus to, which it does when it is drawn, and that may be after it has loaded. */
async function focusedAtFirst(page) {
  await page.waitForFunction(() => document.activeElement !== document.body);
  return focused(page);
}

/** The name of what has the focus. */
function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (element === document.body) return "the page";
    return element.ariaLabel ?? element.labels?.[0]?.textContent ?? element.textContent.trim();
  });
}
