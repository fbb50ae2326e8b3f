// `fetch`, through a connection.

import { segment, type Transport } from "./transport.js";

/** Like `fetch`, with a path below the integration's `baseUri` in the place of an address. */
export type ProxyFetch = (path: string, init?: RequestInit) => Promise<Response>;

export function proxyFetch(transport: Transport, token: () => string, connectionId: string): ProxyFetch {
  const base = transport.address(`/connections/${segment(connectionId)}/proxy`);
  return async (path, init) => {
    const url = new URL(base + (path === "" || path.startsWith("/") || path.startsWith("?") ? path : `/${path}`));
    // Dots lead up, and out of the connection to routes of the service's own.
    if (url.origin + url.pathname !== base && !(url.origin + url.pathname).startsWith(`${base}/`)) {
      throw new TypeError("path leads out of the integration's API");
    }
    return transport.send(url.href, token(), init);
  };
}
