// The REST resources.

import type { Session } from "./session.js";
import { segment, type Query } from "./transport.js";
import type { Attempt, Connection, ConnectionRequest, Filter, Integration, Schemas } from "./types.js";

export type ConnectionFilter = Filter<"listConnections">;
export type AttemptFilter = Filter<"listConnectionAttempts">;

/** What the test call showed: whether the API accepts the credentials. */
export interface TestResult {
  success: boolean;
  error?: Schemas["Error"];
}

export class Connections {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** All of them, a page at a time; `limit` is the size of a page. */
  list(filter: ConnectionFilter = {}): AsyncGenerator<Connection, void, undefined> {
    return everyPage(this.#session, "/connections", filter);
  }

  /** One connection, archived or not. Its secrets need a management token. */
  async get(id: string, { includeSecrets }: { includeSecrets?: boolean } = {}): Promise<Connection> {
    return this.#session.request("GET", connection(id), { query: { includeSecrets } });
  }

  async rename(id: string, name: string): Promise<Connection> {
    return this.#session.request("PATCH", connection(id), { body: { name } });
  }

  /** Asks the integration's API whether it accepts the credentials. */
  async test(id: string): Promise<TestResult> {
    return this.#session.request("POST", `${connection(id)}/test`);
  }

  /** Refreshes the credentials now. You need not: they are refreshed before they end. */
  async refresh(id: string): Promise<void> {
    return this.#session.request("POST", `${connection(id)}/refresh-credentials`);
  }

  /** Deletes the credentials and has the provider revoke them. The customer can reconnect. */
  async disconnect(id: string): Promise<void> {
    return this.#session.request("POST", `${connection(id)}/disconnect`);
  }

  async archive(id: string): Promise<void> {
    return this.#session.request("DELETE", connection(id));
  }

  /** Brings an archived connection back, with its credentials if they are still kept. */
  async restore(id: string, body: { allowMultipleConnections?: boolean } = {}): Promise<Connection> {
    return this.#session.request("POST", `${connection(id)}/restore`, { body });
  }
}

export class Integrations {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** What can be connected; each with the customer's newest live connection. */
  async list(): Promise<Integration[]> {
    return (await this.#session.request<Schemas["Integrations"]>("GET", "/integrations")).items;
  }

  async get(idOrKey: string): Promise<Integration> {
    return this.#session.request("GET", `/integrations/${segment(idOrKey)}`);
  }
}

/** What a link is to connect, for whom, and how long it works. */
export type NewConnectionRequest = Schemas["NewConnectionRequest"];

/** Links by which customers connect: mail them, or show them as a QR code. */
export class ConnectionRequests {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Makes a link: its `url`. A session that manages the workspace says for which `userId`. */
  async create(body: NewConnectionRequest): Promise<ConnectionRequest> {
    return this.#session.request("POST", "/connection-requests", { body });
  }

  /** How it stands: `pending`, `success` with its `resultConnectionId`, `error`, or `cancelled`. */
  async get(requestId: string): Promise<ConnectionRequest> {
    return this.#session.request("GET", request(requestId));
  }

  /** From now on the link connects nothing. One that has ended stays as it is. */
  async cancel(requestId: string): Promise<void> {
    return this.#session.request("DELETE", request(requestId));
  }
}

export class Attempts {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The newest first, a page at a time; `limit` is the size of a page. */
  list(filter: AttemptFilter = {}): AsyncGenerator<Attempt, void, undefined> {
    return everyPage(this.#session, "/connection-attempt-logs", filter);
  }
}

function connection(id: string): string {
  return `/connections/${segment(id)}`;
}

function request(id: string): string {
  return `/connection-requests/${segment(id)}`;
}

/** A page can be short, or empty, while there is a cursor. */
async function* everyPage<Item>(
  session: Session,
  path: string,
  filter: Query,
): AsyncGenerator<Item, void, undefined> {
  let cursor: string | undefined;
  do {
    const page: { items: Item[]; cursor?: string } = await session.request("GET", path, {
      query: { ...filter, cursor },
    });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
