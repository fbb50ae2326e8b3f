// The prebuilt screens of `@membranehq/sdk`: `ui.connect()` and `ui.connection()` open them in a frame over the page of an
// application on another site.

import assert from "node:assert/strict";
import { test } from "node:test";

import { allow, deny, signIn } from "../browser/lib/demo_provider.mjs";
import { DEMO, adminToken } from "../browser/lib/linkspan.mjs";
import { answerPage, startSite } from "../browser/lib/site.mjs";
import { SDKS } from "./lib/sdks.mjs";
import { assertConnection, world } from "./lib/world.mjs";

const here = world();
const sdk = SDKS.find(({ older }) => !older);

/** A provider whose page cuts the window off from whoever opened it. */
async function startSeveringProvider() {
  return startSite((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    if (pathname === "/token") {
      response.setHeader("content-type", "application/json");
      return response.end(JSON.stringify({ access_token: "token", token_type: "Bearer" }));
    }
    if (pathname !== "/authorize") return response.writeHead(404).end();
    const back = new URL(searchParams.get("redirect_uri"));
    back.search = new URLSearchParams({ code: "code", state: searchParams.get("state") });
    const link = `<a href="${back.href.replaceAll("&", "&amp;")}">Allow</a>`;
    answerPage(response, link, { "cross-origin-opener-policy": "same-origin" });
  }, { name: "localhost" });
}

/** An integration with it. */
async function defineSevering(t) {
  const severing = await startSeveringProvider();
  t.after(() => severing.stop());
  await here.linkspan.call("PUT", "/integrations/severing", adminToken(DEMO), {
    name: "Severing",
    authOptions: [{
      key: "oauth2",
      type: "oauth2",
      config: {
        clientId: "id",
        clientSecret: "secret",
        authorizeUri: `${severing.origin}/authorize`,
        tokenUri: `${severing.origin}/token`,
      },
    }],
  });
}

const connect = (client, options) => client.ui.connect(options);
const show = (client, options) => client.ui.connection(options);

/** Opens a screen, and returns its frame. */
async function open(t, code, options = {}) {
  const visitor = await here.visit(t, sdk);
  return { visitor, ...(await again(visitor, code, options)) };
}

async function again(visitor, code, options) {
  const outcome = await visitor.click(code, options);
  const screen = visitor.page.frameLocator("iframe");
  await screen.getByRole("button", { name: "Close" }).waitFor();
  return { outcome, screen };
}

/** Presses a button that opens a window, and returns that. */
async function press(visitor, button) {
  const opened = visitor.page.waitForEvent("popup");
  await button.click();
  return opened;
}

const goOn = (screen) => screen.getByRole("button", { name: /^Continue to/ });

async function assertClosed(visitor) {
  await visitor.page.locator("iframe").waitFor({ state: "detached" });
}

test("connect() shows what there is, and resolves with what is connected", async (t) => {
  const { visitor, screen, outcome } = await open(t, connect, { name: "Ada's CRM" });
  await screen.getByLabel("Search").fill("no such thing");
  await screen.getByText("Nothing was found.").waitFor();
  await screen.getByLabel("Search").fill("demo crm");
  await screen.getByRole("button", { name: "Demo CRM", exact: true }).click();
  const popup = await press(visitor, goOn(screen));
  await screen.getByText("Go on in the other window").waitFor();
  // Nobody is asked twice whether they mean it.
  await signIn(popup);
  await allow(popup);
  const { value } = await outcome();
  assertConnection(value, visitor.customer);
  assert.equal(value.name, "Ada's CRM");
  await assertClosed(visitor);
  if (!popup.isClosed()) await popup.waitForEvent("close");
  assert.deepEqual(await visitor.connections(), [value.id]);
});

test("what the customer enters connects in the frame", async (t) => {
  const { visitor, screen, outcome } = await open(t, connect, { integrationKey: "keys" });
  await screen.getByLabel("API key").fill("wrong");
  await screen.getByRole("button", { name: "Connect", exact: true }).click();
  await screen.getByRole("alert").waitFor();
  await screen.getByRole("button", { name: "With a password" }).click();
  await screen.getByLabel("User").fill("ada");
  await screen.getByLabel("Password").fill("lovelace");
  await screen.getByRole("button", { name: "Connect", exact: true }).click();
  const { value } = await outcome();
  assertConnection(value, visitor.customer);
  assert.equal(value.authOptionKey, "password");
  await assertClosed(visitor);
});

test("who closes the screen connects nothing: the promise resolves with null", async (t) => {
  const { visitor, screen, outcome } = await open(t, connect, { integrationKey: "demo-oauth2" });
  await screen.getByRole("button", { name: "Close" }).click();
  assert.deepEqual(await outcome(), { value: null });
  await assertClosed(visitor);
  const second = await again(visitor, connect, { integrationKey: "keys" });
  await second.screen.getByLabel("API key").focus();
  await visitor.page.keyboard.press("Escape");
  assert.deepEqual(await second.outcome(), { value: null });
  assert.deepEqual(await visitor.connections(), []);
});

test("a refusal is told, and the next try succeeds", async (t) => {
  const { visitor, screen, outcome } = await open(t, connect, { integrationKey: "demo-oauth2" });
  const popup = await press(visitor, goOn(screen));
  await signIn(popup);
  await deny(popup);
  await screen.getByText("The access was not granted.").waitFor();
  assert.match(await screen.locator("[data-reference]").textContent(), /^\w{8}$/);
  await popup.close();
  const next = await press(visitor, screen.getByRole("button", { name: "Try again" }));
  await allow(next);
  assertConnection((await outcome()).value, visitor.customer);
});

test("a window that is closed is asked about, and opens again", async (t) => {
  const { visitor, screen, outcome } = await open(t, connect, { integrationKey: "demo-oauth2" });
  const popup = await press(visitor, goOn(screen));
  await popup.waitForURL("**/demo-provider/**");
  await popup.close();
  await screen.getByText("If you closed the window, try again.").waitFor();
  const next = await press(visitor, screen.getByRole("button", { name: "Try again" }));
  await signIn(next);
  await allow(next);
  assertConnection((await outcome()).value, visitor.customer);
});

test("a browser that opens no window has a link, and the page that it leads to asks first", async (t) => {
  const { visitor, screen, outcome } = await open(t, connect, { integrationKey: "demo-oauth2" });
  // What a browser that blocks windows answers. Here it would not: Playwright's questions to a page count as clicks.
  await screen.locator("form[data-window]").evaluate(() => { window.open = () => null; });
  await goOn(screen).click();
  await screen.getByText("Your browser did not open the window").waitFor();
  const popup = await press(visitor, screen.getByRole("link", { name: "Open the window" }));
  await popup.getByRole("button", { name: "Continue to Demo CRM" }).click();
  await signIn(popup);
  await allow(popup);
  assertConnection((await outcome()).value, visitor.customer);
});

test("a provider's page that cuts the window off does not look like a cancellation", async (t) => {
  await defineSevering(t);
  const { visitor, screen, outcome } = await open(t, connect, { integrationKey: "severing" });
  const popup = await press(visitor, goOn(screen));
  await popup.getByRole("link", { name: "Allow" }).waitFor();
  assert.equal(await popup.evaluate("window.opener"), null);
  // From the screen it looks closed. The customer is told what to do in either case.
  await screen.getByText("If it is still open, finish there").waitFor();
  await popup.getByRole("link", { name: "Allow" }).click();
  const { value } = await outcome();
  assert.equal(value.authOptionKey, "oauth2");
  await popup.getByRole("heading", { name: "Connected" }).waitFor();
  await assertClosed(visitor);
});

test("connection() renames, disconnects, connects again and removes", async (t) => {
  const first = await open(t, connect, { integrationKey: "demo-oauth2" });
  const { visitor } = first;
  const popup = await press(visitor, goOn(first.screen));
  await signIn(popup);
  await allow(popup);
  const { id } = (await first.outcome()).value;

  const { screen, outcome } = await again(visitor, show, { connectionId: id, theme: "dark" });
  await screen.getByRole("heading", { name: "Demo CRM" }).waitFor();
  await screen.getByLabel("Name").fill("Sales");
  await screen.getByRole("button", { name: "Save" }).click();
  await screen.getByText("The name was changed.").waitFor();
  await screen.getByRole("button", { name: "Disconnect" }).click();
  await screen.getByRole("heading", { name: "Disconnect Sales?" }).waitFor();
  await screen.getByRole("button", { name: "Disconnect" }).click();
  await screen.getByText("Needs to be connected again").waitFor();
  await screen.getByRole("button", { name: "Connect again" }).click();
  const next = await press(visitor, goOn(screen));
  await allow(next);
  await screen.getByText("Connected", { exact: true }).waitFor();
  await screen.getByRole("button", { name: "Close" }).click();
  const { value } = await outcome();
  assertConnection(value, visitor.customer);
  assert.deepEqual([value.id, value.name], [id, "Sales"]);

  const last = await again(visitor, show, { connectionId: id });
  await last.screen.getByRole("button", { name: "Remove" }).click();
  await last.screen.getByRole("button", { name: "Remove" }).click();
  await last.screen.getByText("The connection was removed.").waitFor();
  await last.screen.getByRole("button", { name: "Close" }).click();
  assert.equal((await last.outcome()).value.id, id);
  assert.deepEqual(await visitor.connections(), []);
});

test("connection() that changed nothing resolves with null, and one that is not there says so", async (t) => {
  const { visitor, screen, outcome } = await open(t, show, { connectionId: "0".repeat(24) });
  await screen.getByRole("heading", { name: "This did not work" }).waitFor();
  await screen.getByRole("button", { name: "Close" }).click();
  assert.deepEqual(await outcome(), { value: null });
  await assertClosed(visitor);
});
