// One way to call the service: bounded in time, and repeated only where that does no harm.

import { setTimeout as pause } from "node:timers/promises";

import { LinkspanError, type Answered } from "./error.js";

/** API Gateway answers within 30 seconds. */
const TIMEOUT_MS = 35_000;
const TRIES = 3;
const SAFE = new Set(["GET", "HEAD"]);

export type Query = Record<string, string | number | boolean | undefined>;

export interface Call {
  method: string;
  path: string;
  query?: Query;
  body?: unknown;
}

export class Transport {
  readonly #base: string;
  readonly #timeoutMs: number;

  constructor(url: string, timeoutMs = TIMEOUT_MS) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (!parsed || !["http:", "https:"].includes(parsed.protocol) || parsed.username || parsed.search || parsed.hash) {
      throw new TypeError("url must be the service's http or https address, without user, query and fragment");
    }
    if (!(timeoutMs > 0 && timeoutMs < 2 ** 31)) throw new TypeError("timeoutMs must be a number of milliseconds");
    this.#base = parsed.href.replace(/\/+$/, "");
    this.#timeoutMs = timeoutMs;
  }

  /** The service's address of a path. */
  address(path: string): string {
    return this.#base + path;
  }

  /** Calls with a JSON body, if any, and gives the answer's JSON, or throws the error that it says. */
  async json<Answer>(token: () => string, { method, path, query = {}, body }: Call): Promise<Answer> {
    const parameters = Object.entries(query).filter((entry) => entry[1] !== undefined);
    const search = new URLSearchParams(parameters.map(([name, value]) => [name, String(value)])).toString();
    const headers: Record<string, string> = { accept: "application/json" };
    if (body !== undefined) headers["content-type"] = "application/json";
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const ends = performance.now() + this.#timeoutMs;
    for (let tries = 1; ; tries += 1) {
      const left = Math.max(1, Math.ceil(ends - performance.now()));
      const answer = await this.#ask(search ? `${path}?${search}` : path, token(), init, left);
      if (!(answer instanceof LinkspanError)) return answer as Answer;
      const wait = (answer.retryAfter ?? Infinity) * 1000;
      const mayRepeat = SAFE.has(method) && (answer.status === 429 || answer.status === 503);
      if (!mayRepeat || tries === TRIES || performance.now() + wait >= ends) throw answer;
      await pause(wait);
    }
  }

  /** Sends a request as it is, and gives whatever answers. */
  send(url: string, token: string, init: RequestInit = {}): Promise<Response> {
    return this.#fetch(url, token, init, this.#timeoutMs);
  }

  /** The answer's JSON, or the error that it says. */
  async #ask(path: string, token: string, init: RequestInit, timeoutMs: number): Promise<unknown> {
    const response = await this.#fetch(this.address(path), token, init, timeoutMs);
    const text = await response.text().catch((cause: unknown) => Promise.reject(unreachable(cause)));
    if (response.ok && text === "") return undefined;
    const value = parsed(text);
    if (response.ok && value !== undefined) return value;
    const answered: Answered = { status: response.status };
    const seconds = response.headers.get("retry-after");
    if (seconds !== null && /^\d{1,9}$/.test(seconds)) answered.retryAfter = Number(seconds);
    return LinkspanError.of(value, answered) ?? unexpected(answered);
  }

  async #fetch(url: string, token: string, init: RequestInit, timeoutMs: number): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${token}`);
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    try {
      // A redirect is never the API's own: it would lead a provider's answer back to this service.
      return await fetch(url, { ...init, headers, signal, redirect: "manual" });
    } catch (cause) {
      // Whoever gave up knows why.
      if (init.signal?.aborted) throw cause;
      throw unreachable(cause);
    }
  }
}

/** An id as one segment of a path: a URL's parser would take dots for a way up, and nothing for another route. */
export function segment(id: string): string {
  if (typeof id !== "string" || ["", ".", ".."].includes(id)) {
    throw new LinkspanError({ type: "bad_request", key: "not_found", message: "There is nothing with this id." });
  }
  return encodeURIComponent(id);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable(cause: unknown): LinkspanError {
  const late = cause instanceof Error && cause.name === "TimeoutError";
  const message = late ? "Linkspan did not answer in time." : "Linkspan cannot be reached.";
  return new LinkspanError({ type: "dependency_error", key: "unreachable", message }, { cause });
}

/** What has no key is the gateway's, and as good as no answer where it is 429 or 5xx. */
function unexpected(answered: Answered): LinkspanError {
  const { status = 0 } = answered;
  const type = status === 429 || status >= 500 ? "dependency_error" : "bad_request";
  const message = `What answers with ${status} is not Linkspan.`;
  return new LinkspanError({ type, key: "answer_unexpected", message }, answered);
}
