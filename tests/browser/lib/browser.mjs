// Debian's Chromium, headless, with an empty profile for each browser that a test opens.

import { chromium } from "playwright-core";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium. */
export function startChromium() {
  const executablePath = process.env.CHROMIUM_BIN || "/usr/bin/chromium";
  return chromium.launch({ executablePath, headless: true, args: ARGS });
}

/** A browser of its own, with its own cookies; it is closed when the test ends. */
export async function openBrowser(chromium, t, options) {
  const context = await chromium.newContext(options);
  context.setDefaultTimeout(15_000);
  t.after(() => context.close());
  return context;
}

/** What the page's address says at the end of a flow. */
export function resultOf(page) {
  const { searchParams } = new URL(page.url());
  const errorData = searchParams.get("errorData");
  return {
    connectionId: searchParams.get("connectionId"),
    error: searchParams.get("error"),
    errorData: errorData && JSON.parse(errorData),
    customState: searchParams.get("customState"),
  };
}
