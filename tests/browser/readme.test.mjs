// The README's backend, run as it stands there.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

import { openBrowser, startChromium } from "./lib/browser.mjs";
import { allow, deny, signIn } from "./lib/demo_provider.mjs";
import { startLinkspan } from "./lib/linkspan.mjs";
import { startSite } from "./lib/site.mjs";

let linkspan, chromium, folder, app, url;

before(async () => {
  linkspan = await startLinkspan();
  chromium = await startChromium();
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const [, snippet] = readme.match(/```js\n(.*?)```/s);
  folder = await mkdtemp(join(tmpdir(), "readme-"));
  await writeFile(join(folder, "app.mjs"), snippet);
  // A port that was free a moment ago.
  const site = await startSite(() => {});
  const { port } = new URL(site.origin);
  await site.stop();
  const env = { ...process.env, LINKSPAN_URL: linkspan.url, PORT: port };
  app = spawn(process.execPath, ["app.mjs"], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  url = await new Promise((resolve) => createInterface(app.stdout).once("line", resolve));
});

after(async () => {
  app?.kill();
  await chromium?.close();
  await linkspan?.stop();
  if (folder) await rm(folder, { recursive: true });
});

async function atConsent(t) {
  const page = await (await openBrowser(chromium, t)).newPage();
  await page.goto(url);
  await page.getByRole("button", { name: "Connect Demo CRM" }).click();
  await signIn(page);
  return page;
}

test("the README's backend connects an account, verifies the result and calls the provider", async (t) => {
  const page = await atConsent(t);
  await allow(page);
  await page.getByText("Connected: Demo CRM, as Ada Lovelace").waitFor();
});

test("the README's backend says why nothing was connected", async (t) => {
  const page = await atConsent(t);
  await deny(page);
  await page.getByText("Not connected: The access was not granted.").waitFor();
});

test("the README's backend believes no address", async (t) => {
  const page = await (await openBrowser(chromium, t)).newPage();
  await page.goto(`${url}/connected?connectionId=made-up`);
  assert.equal(await page.textContent("body"), "Not your connection.");
});
