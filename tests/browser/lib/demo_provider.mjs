// The demo provider's pages, as a user goes through them.

/** Signs in as Ada; a browser that is signed in already goes straight to the consent page. */
export async function signIn(page) {
  await page.getByLabel("User name").fill("ada");
  await page.getByLabel("Password").fill("lovelace");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/demo-provider/consent**");
}

export function allow(page) {
  return page.getByRole("button", { name: "Allow" }).click();
}

export function deny(page) {
  return page.getByRole("button", { name: "Deny" }).click();
}

/** Allows, and has the provider go wrong in the way of this name. */
export async function allowAndFail(page, fault) {
  await page.getByText("Make it fail").click();
  await page.getByLabel("What goes wrong").selectOption(fault);
  await allow(page);
}

/** Allows, but stops before the browser follows: the callback's address, which nobody has visited yet. */
export async function callbackAddress(page, fault = "none") {
  const request = await page.locator("input[name=request]").inputValue();
  const response = await page.request.post(new URL("/demo-provider/consent", page.url()).href, {
    form: { request, decision: "allow", fail: fault },
    maxRedirects: 0,
  });
  return response.headers().location;
}
