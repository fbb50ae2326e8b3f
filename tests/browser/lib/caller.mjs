// A caller: an app whose backend signs its customer's token, offers the form, and takes the result.

import { customerToken } from "./linkspan.mjs";
import { answerPage, escape, startForm, startSite } from "./site.mjs";

/**
 * Serves the app on a site of its own. `/` has the form that posts `payload` (the app adds token and redirectUri);
 * `/connected` takes the result, and believes only what it reads with the customer's token; `/back` takes anything.
 */
export async function startCaller(linkspan, { workspace, customer, payload, host = { name: "localhost" } }) {
  const token = () => customerToken(workspace, customer);
  const site = await startSite(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, site.origin);
    if (pathname === "/") {
      const whole = { ...payload, token: token(), redirectUri: `${site.origin}/connected?from=app#top` };
      answerPage(response, startForm(linkspan, whole));
    } else if (pathname === "/connected" && searchParams.has("connectionId")) {
      const connection = await linkspan.connection(searchParams.get("connectionId"), token());
      answerPage(response, `<p id="state">${escape(connection.state)}</p>`);
    } else if (pathname === "/connected") {
      answerPage(response, `<p id="error">${escape(searchParams.get("error") ?? "nothing came back")}</p>`);
    } else if (pathname === "/back") {
      answerPage(response, "<p>Back at the app</p>");
    } else {
      response.writeHead(404).end();
    }
  }, host);
  return { ...site, token };
}
