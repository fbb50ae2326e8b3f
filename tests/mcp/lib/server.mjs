// An MCP server with one tool, by the protocol's official SDK, and the SDK's own authorization server beside it.

import { randomUUID } from "node:crypto";
import express from "express";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { InvalidGrantError, InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import {
  createOAuthMetadata,
  getOAuthProtectedResourceMetadataUrl,
  mcpAuthRouter,
} from "@modelcontextprotocol/sdk/server/auth/router.js";

/** The scope that the server's challenge asks for. */
export const SCOPE = "greet";

/** The tool's answer names whom the token was issued to. */
function tools(auth) {
  const server = new McpServer({ name: "greeter", version: "1.0.0" });
  server.registerTool("greet", { description: "Greets." }, () => ({
    content: [{ type: "text", text: `Hello ${auth.extra.user}, by ${auth.clientId}` }],
  }));
  return server;
}

/** Puts the protocol's endpoint at `/mcp`: a server and a transport for each request, without sessions. */
export function serveTools(app, origin, verifier) {
  const address = new URL("/mcp", origin);
  const bearer = requireBearerAuth({
    verifier,
    requiredScopes: [SCOPE],
    resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(address),
    expectedResource: address,
  });
  app.all("/mcp", bearer, express.json(), async (request, response) => {
    if (request.method !== "POST") return response.status(405).end();
    const server = tools(request.auth);
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    response.on("close", () => server.close());
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
  });
  return address.href;
}

/** Listens on a free port of this machine. `build` gets the app and its origin. */
export async function start(build) {
  const app = express();
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, "127.0.0.1", () => resolve(listening));
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  const built = await build(app, origin);
  const stop = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { origin, stop, ...built };
}

/** The SDK's authorization server and the protocol's endpoint at one origin. */
export function startWithSdk({ registers, readsDocuments, clients = [] }) {
  return start((app, origin) => {
    const provider = new Provider(clients, { registers, readsDocuments });
    const options = { provider, issuerUrl: new URL(origin), resourceServerUrl: new URL("/mcp", origin) };
    const metadata = { ...createOAuthMetadata(options), client_id_metadata_document_supported: readsDocuments };
    app.get("/.well-known/oauth-authorization-server", (_, response) => response.json(metadata));
    app.use(mcpAuthRouter({ ...options, scopesSupported: [SCOPE, "more"] }));
    return { provider, address: serveTools(app, origin, provider) };
  });
}

/** What the SDK leaves to whoever uses it: clients, codes and tokens. Everybody is Ada, and agrees. */
class Provider {
  /** The clients that were registered or read. */
  known = new Map();
  /** What arrived, in order. */
  seen = [];
  #codes = new Map();
  #tokens = new Map();

  constructor(clients, { registers, readsDocuments }) {
    for (const client of clients) this.known.set(client.client_id, client);
    const { known } = this;
    this.clientsStore = {
      async getClient(id) {
        if (!known.has(id) && readsDocuments && URL.canParse(id)) {
          const client = await (await fetch(id, { redirect: "error" })).json();
          if (client.client_id === id) known.set(id, client);
        }
        return known.get(id);
      },
    };
    if (registers) {
      this.clientsStore.registerClient = (client) => {
        known.set(client.client_id, client);
        return client;
      };
    }
  }

  authorize(client, { codeChallenge, redirectUri, resource, scopes, state }, response) {
    this.seen.push({ what: "authorization", resource: resource?.href, scopes });
    const code = randomUUID();
    this.#codes.set(code, { client, codeChallenge, redirectUri, resource, scopes });
    const back = new URL(redirectUri);
    back.searchParams.set("code", code);
    back.searchParams.set("state", state);
    response.redirect(back.href);
  }

  challengeForAuthorizationCode(client, code) {
    return this.#codes.get(code).codeChallenge;
  }

  exchangeAuthorizationCode(client, code, _verifier, redirectUri, resource) {
    const granted = this.#codes.get(code);
    this.#codes.delete(code);
    if (granted?.client !== client || granted.redirectUri !== redirectUri) throw new InvalidGrantError("no such code");
    return this.#issue("code", client, granted.scopes, resource);
  }

  exchangeRefreshToken(client, refreshToken, _scopes, resource) {
    const granted = this.#tokens.get(refreshToken);
    this.#tokens.delete(refreshToken);
    if (granted?.client !== client) throw new InvalidGrantError("no such token");
    return this.#issue("refresh", client, granted.scopes, resource);
  }

  verifyAccessToken(token) {
    const granted = this.#tokens.get(token);
    if (!granted?.expiresAt) throw new InvalidTokenError("no such token");
    const { client, scopes, resource, expiresAt } = granted;
    return { token, clientId: client.client_id, scopes, expiresAt, resource, extra: { user: "Ada" } };
  }

  #issue(what, client, scopes, resource) {
    this.seen.push({ what, resource: resource?.href });
    const [accessToken, refreshToken] = [randomUUID(), randomUUID()];
    this.#tokens.set(accessToken, { client, scopes, resource, expiresAt: Math.floor(Date.now() / 1000) + 3600 });
    this.#tokens.set(refreshToken, { client, scopes });
    return { access_token: accessToken, token_type: "bearer", expires_in: 3600, refresh_token: refreshToken };
  }
}
