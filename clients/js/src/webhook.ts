// Webhooks: signed by Standard Webhooks (version 1.0.0), scheme `v1`.

import { createHmac, timingSafeEqual } from "node:crypto";

import type { Schemas } from "./types.js";

/** An event, as a webhook brings it. */
export interface WebhookEvent {
  type: Schemas["EventName"] | "webhook.test";
  /** When it happened, in RFC 3339. */
  timestamp: string;
  data: {
    /** What it is about: a connection, or `request#…` or `customer#…`. */
    connectionId: string;
    workspaceKey: string;
    userId: string;
    tenantId: string;
    integrationId: string;
    time: string;
    /** Of two events about the same, the later has the greater number. */
    sequence: string;
    /** What is noted beside it. A replay says what is noted now. */
    tags: string[];
    meta: Record<string, unknown>;
  };
}

/** A request that is no webhook of this endpoint's, or an old one. It holds no secret. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
}

/** The headers, as Node or `fetch` have them. */
export type WebhookHeaders = Headers | Record<string, string | string[] | undefined>;

/** The seconds by which the timestamp may differ from this machine's clock. */
const TOLERANCE = 300;

/**
 * The event of a request, if Linkspan has signed it with the endpoint's secret, and not more than five minutes ago.
 * `body` is what came, unread: a text, or bytes.
 *
 * Throws a `WebhookError` for any other request.
 */
export function verifyWebhook(secret: string, headers: WebhookHeaders, body: string | Uint8Array): WebhookEvent {
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => header(headers, name));
  if (!id || !timestamp || !signatures) throw new WebhookError("The request has no webhook's headers.");
  if (!/^\d{1,15}$/.test(timestamp)) throw new WebhookError("The webhook's timestamp is no number.");
  // With a dot in it, two different messages would be one signed text.
  if (id.includes(".")) throw new WebhookError("The webhook's id is none.");
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const expected = createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.`).update(bytes).digest();
  if (!signatures.split(" ").some((signature) => fits(signature, expected))) {
    throw new WebhookError("The webhook is not signed with this secret.");
  }
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE) {
    throw new WebhookError("The webhook was signed more than five minutes ago, or the clocks differ.");
  }
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8")) as WebhookEvent;
  } catch (cause) {
    throw new WebhookError("The webhook's body is not JSON.", { cause });
  }
}

function header(headers: WebhookHeaders, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const found = Object.entries(headers).filter(([key]) => key.toLowerCase() === name);
  const value = found.length === 1 ? found[0]?.[1] : undefined;
  return Array.isArray(value) ? (value.length === 1 ? value[0] : undefined) : value;
}

function keyOf(secret: string): Buffer {
  const base64 = secret.startsWith("whsec_") ? secret.slice("whsec_".length) : "";
  const key = Buffer.from(base64, "base64");
  if (key.length < 16) throw new TypeError("secret must be the endpoint's secret, whsec_ and base64");
  return key;
}

function fits(signature: string, expected: Buffer): boolean {
  if (!signature.startsWith("v1,")) return false;
  const given = Buffer.from(signature.slice("v1,".length), "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
