// A local run, an application on another site whose page loads an SDK, and visitors with a browser.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before } from "node:test";
import { setTimeout } from "node:timers/promises";
import { chromium } from "playwright-core";

import { DEMO, adminToken, customerToken, startLinkspan } from "../../browser/lib/linkspan.mjs";
import { startSite } from "../../browser/lib/site.mjs";
import { SDKS } from "./sdks.mjs";

const TIMEOUT = 30_000;

const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Client credentials: a key that the demo provider is asked about, and a user with a password that nobody checks. */
const KEYS = (linkspan) => ({
  name: "Keys",
  baseUri: `${linkspan.url}/demo-provider/api`,
  authOptions: [
    {
      key: "api-key",
      type: "client-credentials",
      title: "With a key",
      inputSchema: {
        type: "object",
        required: ["apiKey"],
        properties: { apiKey: { type: "string", title: "API key", isSensitive: true } },
      },
      // The demo provider takes its own access tokens.
      apiClient: { headers: { Authorization: "Bearer ${credentials.apiKey}" } },
      test: { method: "GET", path: "/me" },
    },
    {
      key: "password",
      type: "client-credentials",
      title: "With a password",
      inputSchema: {
        type: "object",
        required: ["user", "password"],
        properties: {
          user: { type: "string", title: "User" },
          password: { type: "string", title: "Password", isSensitive: true },
        },
      },
    },
  ],
});

/** Starts it all before a file's tests, and ends it after them. */
export function world() {
  const world = { visit: (t, sdk) => visit(world, t, sdk) };
  before(async () => {
    world.linkspan = await startLinkspan();
    world.application = await startApplication(world.linkspan);
    world.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_BIN || "/usr/bin/chromium",
      headless: true,
      args: CHROMIUM_ARGS,
      // As for anybody: no popup without a click.
      ignoreDefaultArgs: ["--disable-popup-blocking"],
    });
    await world.linkspan.call("PUT", "/integrations/keys", adminToken(DEMO), KEYS(world.linkspan));
  });
  after(async () => {
    await world.browser?.close();
    await world.application?.stop();
    await world.linkspan?.stop();
  });
  return world;
}

/** A token in the SDK's spelling. */
export function tokenOf(sdk, customer, claims = {}) {
  const { key, secret } = DEMO;
  return customerToken({ secret }, undefined, { name: "Ada's shop", ...sdk.claims(key, customer), ...claims });
}

async function startApplication(linkspan) {
  const send = (response, type, body) => response.setHeader("content-type", `${type}; charset=utf-8`).end(body);
  return startSite(
    (request, response) => {
      const { pathname, searchParams } = new URL(request.url, "http://localhost");
      const sdk = SDKS.find(({ client }) => client === searchParams.get("sdk"));
      const customer = searchParams.get("customer");
      if (pathname === "/") send(response, "text/html", page(linkspan, sdk, customer));
      else if (pathname === "/sdk") send(response, "text/javascript", sdk.script);
      else if (pathname === "/token") send(response, "text/plain", tokenOf(sdk, customer));
      else if (pathname === "/connected") send(response, "text/html", "<!doctype html><title>Back</title>");
      else response.writeHead(404).end();
    },
    { name: "localhost" },
  );
}

const page = (linkspan, sdk, customer) => `<!doctype html>
<html lang="en">
<title>${sdk.name}</title>
<button>Connect</button>
<script src="/sdk?sdk=${sdk.client}"></script>
<script>
  const fetchToken = async () => (await fetch("/token?sdk=${sdk.client}&customer=${customer}")).text();
  const client = new ${sdk.client}({ apiUri: "${linkspan.url}", fetchToken });
  const heard = [];
  window.addEventListener("message", ({ origin, data }) => heard.push({ origin, data }));
  const told = (promise) => promise.then(
    (value) => ({ value }),
    (error) => ({ error: { ...error, message: error.message, isError: error instanceof Error } }),
  );
</script>
</html>`;

/** A new customer in a browser of their own, at the application's page. */
async function visit({ linkspan, application, browser }, t, sdk) {
  const context = await browser.newContext();
  context.setDefaultTimeout(TIMEOUT);
  const requests = [];
  context.on("request", (request) => requests.push(request));
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (fault) => faults.push(fault));
  t.after(async () => {
    await context.close();
    assert.deepEqual(faults, []);
  });
  const customer = randomUUID();
  await page.goto(`${application.origin}/?${new URLSearchParams({ sdk: sdk.client, customer })}`);
  const sent = (path) =>
    requests.filter((request) => {
      const { origin, pathname } = new URL(request.url());
      return origin === linkspan.url && `${pathname}/`.startsWith(`${path}/`);
    });
  return new Visitor(page, customer, sent, () => sent(sdk.startPath).at(-1));
}

class Visitor {
  constructor(page, customer, sent, start) {
    Object.assign(this, { page, customer, sent, start });
  }

  /** Runs `code(client, argument)` in the page: `{value}`, or `{error}` with the error's own fields. */
  call(code, argument) {
    return inTime(this.page.evaluate(running(code, argument)));
  }

  /** Runs it by a click, as what opens a window must be. `outcome()` waits for what it comes to. */
  async click(code, argument) {
    const onclick = `() => { window.attempt = ${running(code, argument)}; }`;
    await this.page.evaluate(`document.querySelector("button").onclick = ${onclick}; null`);
    await this.page.getByRole("button", { name: "Connect" }).click();
    return () => inTime(this.page.evaluate("window.attempt"));
  }

  /** Runs it by a click, and waits for the popup. */
  async open(code, argument) {
    const opened = this.page.waitForEvent("popup");
    const outcome = await this.click(code, argument);
    const early = this.page.evaluate("window.attempt").then((answer) => assert.fail(`no popup, but ${JSON.stringify(answer)}`));
    early.catch(() => {});
    return { popup: await Promise.race([opened, early]), outcome };
  }

  /** The payload that the SDK posted last. */
  payload() {
    const request = this.start();
    assert.equal(request.method(), "POST");
    assert.equal(request.headers()["content-type"], "application/x-www-form-urlencoded");
    const form = new URLSearchParams(request.postData());
    assert.deepEqual([...form.keys()], ["payload"]);
    return JSON.parse(form.get("payload"));
  }

  /** The messages that the page heard. */
  heard() {
    return this.page.evaluate("heard");
  }

  /** The ids of the customer's live connections. */
  async connections() {
    const { value } = await this.call((client) => client.connections.find());
    return value.items.map(({ id }) => id).sort();
  }
}

/** An SDK that was told nothing waits for good. */
async function inTime(answer) {
  const late = setTimeout(TIMEOUT, undefined, { ref: false }).then(() => assert.fail("the SDK still waits"));
  return Promise.race([answer, late]);
}

const running = (code, argument) => `told((async () => (${code})(client, ${JSON.stringify(argument)}))())`;

/** A live connection of this customer, without its secrets. */
export function assertConnection(connection, customer) {
  const { id, integrationId, integration, createdAt, updatedAt, lastActiveAt, nextCredentialsRefreshAt, ...rest } =
    connection;
  for (const text of [id, integrationId]) assert.match(text, /^[0-9a-f]{24,}$/);
  assert.equal(integration.id, integrationId);
  for (const time of [createdAt, updatedAt, lastActiveAt, nextCredentialsRefreshAt ?? createdAt]) {
    assert.equal(new Date(time).toISOString(), time);
  }
  const { userId, tenantId, connected, disconnected, state } = rest;
  assert.deepEqual(
    { userId, tenantId, connected, disconnected, state },
    { userId: customer, tenantId: customer, connected: true, disconnected: false, state: "READY" },
  );
  // Only a customer's consent has scopes.
  const consent = rest.authOptionKey === "oauth2" ? ["grantedScopes"] : [];
  assert.deepEqual(
    Object.keys(rest).sort(),
    ["authOptionKey", "connected", "disconnected", ...consent, "name", "state", "tenantId", "userId", "version"],
  );
}

/** A popup closes itself once it has posted its message. */
export async function assertCloses(popup) {
  if (!popup.isClosed()) await popup.waitForEvent("close");
}
