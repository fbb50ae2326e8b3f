// The API in somebody's name: a customer's, or the workspace's.

import { proxyFetch, type ProxyFetch } from "./proxy.js";
import { Attempts, ConnectionRequests, Connections, Integrations } from "./resources.js";
import { segment, type Call, type Transport } from "./transport.js";
import type { Connection, Self } from "./types.js";

export class Session {
  readonly #transport: Transport;
  readonly #token: () => string;
  readonly connections: Connections;
  readonly integrations: Integrations;
  /** Links by which customers connect. */
  readonly connectionRequests: ConnectionRequests;
  /** What became of the starts of the last 30 days. */
  readonly attempts: Attempts;

  constructor(transport: Transport, token: () => string) {
    this.#transport = transport;
    this.#token = token;
    this.connections = new Connections(this);
    this.integrations = new Integrations(this);
    this.connectionRequests = new ConnectionRequests(this);
    this.attempts = new Attempts(this);
  }

  /** Whom the token speaks for. */
  self(): Promise<Self> {
    return this.request("GET", "/self");
  }

  /**
   * A `fetch` that calls the integration's API with the connection's credentials: `await api("/me")`.
   *
   * The answer is the provider's, whatever its status; redirects are not followed, and nothing is repeated.
   */
  proxy(connectionId: string): ProxyFetch {
    return proxyFetch(this.#transport, this.#token, connectionId);
  }

  /** In a workspace with `confirmUser`: makes the connection, if this session's customer is the one who began it. */
  async completeRequest(connectionRequestId: string): Promise<Connection> {
    return this.request("POST", `/connection-requests/${segment(connectionRequestId)}/complete`);
  }

  /** Any other route of the API, with a JSON body and answer: `request("POST", "/connections", { body })`. */
  request<Answer>(method: string, path: string, rest: Pick<Call, "query" | "body"> = {}): Promise<Answer> {
    return this.#transport.json(this.#token, { method, path, ...rest });
  }
}
