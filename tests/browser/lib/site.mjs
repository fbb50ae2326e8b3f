// Web sites on loopback, each on a port of its own.

import { createServer } from "node:http";

/**
 * Serves `handler` on a free port of `address`; `name` is the host that browsers know it by.
 *
 * 127.0.0.1, localhost, 127.0.0.2 and [::1] are four hosts, each its own site to a browser, cookies included.
 */
export async function startSite(handler, { address = "127.0.0.1", name = address } = {}) {
  const server = createServer(handler);
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  return {
    origin: `http://${name}:${server.address().port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

/** Answers with an HTML page. */
export function answerPage(response, body, headers = {}) {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...headers });
  response.end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Test</title>${body}</html>`);
}

/** Text that may stand in an attribute's value. */
export function escape(text) {
  const names = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "#39" };
  return text.replace(/[&<>"']/g, (character) => `&${names[character]};`);
}

/** The form that starts a connection: one hidden field and a button. */
export function startForm(linkspan, payload) {
  return `<form method="post" action="${linkspan.url}/connection-popup">
<input type="hidden" name="payload" value="${escape(JSON.stringify(payload))}">
<button>Connect</button>
</form>`;
}
