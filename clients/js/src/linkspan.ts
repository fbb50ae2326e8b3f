// A workspace at a Linkspan service, and everything that begins there.

import { readResult, type ResultQuery } from "./result.js";
import { Session } from "./session.js";
import { StartForm, type Start } from "./start.js";
import { Signer, type Algorithm, type Customer, type SigningKey, type TokenLimits } from "./token.js";
import { Transport } from "./transport.js";
import type { Connection } from "./types.js";

export type LinkspanOptions = SigningKey & {
  /** The service's address, such as `https://connect.example.com`. */
  url: string;
  /** The workspace's key, such as `demo`. */
  workspaceKey: string;
  /** How tokens are signed: with a secret `HS256` unless given, with a private key what fits it. */
  algorithm?: Algorithm;
  /** The workspace's `tokenAudience`, if it has one. */
  audience?: string;
  /** How long a call may take, its repetitions included: 35,000 ms unless given. The service answers within 30,000. */
  timeoutMs?: number;
};

/** One workspace. It holds the secret, and shows it to nobody: not in errors, not in `console.log`, not as JSON. */
export class Linkspan {
  readonly #signer: Signer;
  readonly #transport: Transport;

  constructor(options: LinkspanOptions) {
    this.#signer = new Signer(options);
    this.#transport = new Transport(options.url, options.timeoutMs);
  }

  /** A token that says who the customer is. The customer comes from your session, never from an address. */
  customerToken(customer: Customer, limits?: TokenLimits): string {
    return this.#signer.customerToken(customer, limits);
  }

  /** A token that manages the workspace: for your backend alone. */
  managementToken(limits?: TokenLimits): string {
    return this.#signer.managementToken(limits);
  }

  /** Calls in the customer's name: they reach nothing that is not the customer's. */
  asCustomer(customer: Customer, limits?: TokenLimits): Session {
    return new Session(this.#transport, () => this.customerToken(customer, limits));
  }

  /** Calls in the workspace's name: they reach every customer's connections. Never hand them an id from an address. */
  asManager(limits?: TokenLimits): Session {
    return new Session(this.#transport, () => this.managementToken(limits));
  }

  /** The form by which the customer's browser starts a connection. Its token can do nothing else. */
  startForm(customer: Customer, start: Start, { expiresIn }: Pick<TokenLimits, "expiresIn"> = {}): StartForm {
    const token = this.customerToken(customer, { scopes: ["connect"], ...(expiresIn !== undefined && { expiresIn }) });
    return new StartForm(this.#transport.address("/connection-popup"), { ...start, token });
  }

  /**
   * The connection that the browser brought to `redirectUri`, read with the customer's own token: anybody can type an
   * address. In a workspace that confirms its users, this is the confirmation.
   *
   * It throws what the result says, if that is an error. Whoever made the address chose its message: show it as text.
   */
  async connectionFromResult(query: ResultQuery, customer: Customer): Promise<Connection> {
    const result = readResult(query);
    const session = this.asCustomer(customer, { scopes: ["connect", "connections:read"] });
    return "connectionId" in result
      ? session.connections.get(result.connectionId)
      : session.completeRequest(result.connectionRequestId);
  }
}
