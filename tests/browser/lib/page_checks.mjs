// What every page must hold: accessible in light and dark, no wider than a phone, and within its own content policy.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import axe from "axe-core";

const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const LOOKS = [["", WIDE, "light"], ["-dark", WIDE, "dark"], ["-phone", PHONE, "light"]];
const IMAGES = fileURLToPath(new URL("../../../docs/images/", import.meta.url));

/** Collects what the page's content security policy blocks, from here on. */
export function watchPolicy(page) {
  const blocked = [];
  page.on("console", (message) => {
    if (/content security policy/i.test(message.text())) blocked.push(`${page.url()}: ${message.text()}`);
  });
  return blocked;
}

/**
 * Checks the page that is shown, or the `frame` that fills it; with a name and UPDATE_SCREENSHOTS=1 it also takes its pictures.
 * A name with a look (`-dark`, `-phone`) has that one picture.
 */
export async function checkPage(page, name, frame = page.mainFrame()) {
  const pictures = process.env.UPDATE_SCREENSHOTS === "1" ? name : undefined;
  const only = LOOKS.find(([look]) => look && pictures?.endsWith(look))?.[0];
  for (const [look, viewport, colorScheme] of LOOKS) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await fits(frame);
    await isAccessible(frame);
    if (pictures && only === undefined) await takePicture(page, pictures + look, frame);
    if (pictures && only === look) await takePicture(page, pictures, frame);
  }
  // The narrowest that a page must fit without scrolling sideways (WCAG 2.2, 1.4.10).
  await page.setViewportSize({ width: 320, height: 568 });
  await fits(frame);
  await page.setViewportSize(WIDE);
}

/** Checks the page in the window that it is in; with a name and UPDATE_SCREENSHOTS=1 it also takes its picture. */
export async function checkAsShown(page, name) {
  await fits(page);
  await isAccessible(page);
  if (name && process.env.UPDATE_SCREENSHOTS === "1") await takePicture(page, name, page.mainFrame());
}

async function takePicture(page, name, frame) {
  await mkdir(IMAGES, { recursive: true });
  if (frame !== page.mainFrame()) {
    // A page is as high as its content, and so is one that a frame fills.
    const height = await frame.evaluate(() => document.documentElement.scrollHeight);
    const { width, height: least } = page.viewportSize();
    await page.setViewportSize({ width, height: Math.max(height, least) });
  }
  await page.screenshot({ path: `${IMAGES}${name}.png`, fullPage: true, caret: "hide" });
}

async function fits(page) {
  const { wanted, width } = await page.evaluate(() => ({
    wanted: document.documentElement.scrollWidth,
    width: document.documentElement.clientWidth,
  }));
  assert.ok(wanted <= width, `${page.url()} is ${wanted} pixels wide, in a window of ${width}`);
}

async function isAccessible(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.map(({ id, help, nodes }) =>
    `${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `  ${html}\n  ${failureSummary}`).join("\n")}`);
  assert.deepEqual(found, [], page.url());
}
