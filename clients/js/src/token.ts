// The token: a JWT (RFC 7519) that the workspace signs.

import { constants, createHmac, createPrivateKey, createSecretKey, sign, type KeyObject } from "node:crypto";

import type { Schemas } from "./types.js";

export interface Customer {
  /** Your customer's id: 1 to 255 bytes, or an integer. */
  id: string | number;
  /** The name that pages show. */
  name?: string;
  /** Returned by `self()`. */
  fields?: Record<string, unknown>;
}

export type Scope = Schemas["Scopes"][number];

export interface TokenLimits {
  /** Seconds until the token ends: 600 unless given. */
  expiresIn?: number;
  /** What the token is limited to; unless given, to nothing. */
  scopes?: readonly Scope[];
  /** Who asks, for the operator's log (`sub`). */
  subject?: string;
}

/** The workspace's secret, or a private key in PEM whose public half it registered. */
export type SigningKey = { secret: string; privateKey?: never } | { privateKey: string; secret?: never };

const EXPIRES_IN = 600;

/** Hash functions by the digits of an algorithm's name (RFC 7518 §3). */
const HASHES = { 256: "sha256", 384: "sha384", 512: "sha512" } as const;
const SECRETS = ["HS256", "HS384", "HS512"] as const;
const RSA = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const;

export type Algorithm = (typeof SECRETS)[number] | (typeof RSA)[number] | "ES256" | "ES384" | "EdDSA";

export class Signer {
  readonly #key: KeyObject;
  readonly #algorithm: Algorithm;
  readonly #workspaceKey: string;
  readonly #audience: string | undefined;

  constructor(options: SigningKey & { workspaceKey: string; algorithm?: Algorithm; audience?: string }) {
    if (!isText(options.workspaceKey)) throw new TypeError("workspaceKey must be the workspace's key");
    this.#workspaceKey = options.workspaceKey;
    this.#audience = options.audience;
    this.#key = keyOf(options);
    const fitting = algorithmsOf(this.#key);
    const algorithm = options.algorithm ?? fitting[0];
    if (algorithm === undefined) throw new TypeError("privateKey must be RSA, P-256, P-384 or Ed25519");
    if (!fitting.includes(algorithm)) throw new TypeError("algorithm does not fit the key");
    this.#algorithm = algorithm;
  }

  customerToken({ id, name, fields }: Customer, limits?: TokenLimits): string {
    // A session without a customer must not become a token.
    if (!isText(id) && !Number.isSafeInteger(id)) throw new TypeError("customer.id must be a text or an integer");
    return this.#token({ id, name, fields }, limits);
  }

  managementToken(limits?: TokenLimits): string {
    return this.#token({ isAdmin: true }, limits);
  }

  #token(who: Record<string, unknown>, { expiresIn = EXPIRES_IN, scopes, subject }: TokenLimits = {}): string {
    if (!(Number.isFinite(expiresIn) && expiresIn > 0)) throw new TypeError("expiresIn must be a number of seconds");
    // No scope at all is not the same as no limit.
    if (scopes?.length === 0) throw new TypeError("scopes must name a scope");
    const claims = {
      iss: this.#workspaceKey,
      ...who,
      sub: subject,
      aud: this.#audience,
      scope: scopes?.join(" "),
      exp: Math.floor(Date.now() / 1000) + Math.floor(expiresIn),
    };
    const signed = `${encoded({ alg: this.#algorithm, typ: "JWT" })}.${encoded(claims)}`;
    return `${signed}.${this.#signature(signed).toString("base64url")}`;
  }

  #signature(text: string): Buffer {
    const data = Buffer.from(text);
    const algorithm = this.#algorithm;
    if (algorithm === "EdDSA") return sign(null, data, this.#key);
    const hash = HASHES[algorithm.slice(2) as unknown as keyof typeof HASHES];
    switch (algorithm.slice(0, 2)) {
      case "HS":
        return createHmac(hash, this.#key).update(data).digest();
      case "ES":
        return sign(hash, data, { key: this.#key, dsaEncoding: "ieee-p1363" });
      case "PS":
        return sign(hash, data, {
          key: this.#key,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        });
      default:
        return sign(hash, data, this.#key);
    }
  }
}

function keyOf({ secret, privateKey }: SigningKey): KeyObject {
  if ((secret === undefined) === (privateKey === undefined)) throw new TypeError("give secret or privateKey");
  if (secret !== undefined) {
    if (!isText(secret)) throw new TypeError("secret must be the workspace's secret");
    return createSecretKey(secret, "utf8");
  }
  try {
    return createPrivateKey(privateKey);
  } catch {
    // OpenSSL's words could hold parts of the key.
    throw new TypeError("privateKey must be a private key in PEM");
  }
}

/** The algorithms that a key can sign with; the first is used unless another is named. */
function algorithmsOf(key: KeyObject): readonly Algorithm[] {
  if (key.type === "secret") return SECRETS;
  switch (key.asymmetricKeyType) {
    case "rsa":
      return RSA;
    case "ed25519":
      return ["EdDSA"];
    case "ec": {
      const curve = key.asymmetricKeyDetails?.namedCurve;
      return curve === "prime256v1" ? ["ES256"] : curve === "secp384r1" ? ["ES384"] : [];
    }
    default:
      return [];
  }
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
