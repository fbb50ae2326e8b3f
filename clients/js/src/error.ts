// The one error of this package.

import type { Schemas } from "./types.js";

/** Who has to act: docs/errors.md says what each means. */
export type ErrorType = Schemas["Error"]["type"];

/**
 * The service's keys, which are only ever added, and three of this package's own: `unreachable` (there is no answer, or
 * none in time), `answer_unexpected` (what answers is not Linkspan, such as a gateway), and `result_missing` (the
 * browser's address has no result).
 */
export type ErrorKey =
  | Schemas["Error"]["key"]
  | "unreachable"
  | "answer_unexpected"
  | "result_missing"
  | (string & {});

/** What a `LinkspanError` says beside the error itself. */
export interface Answered {
  /** The answer's status. There is none if nothing answered, or if the error came by the browser's address. */
  status?: number;
  /** In how many seconds it may be tried again. */
  retryAfter?: number;
  cause?: unknown;
}

/** Why a call failed, or why nothing was connected. It holds no secret. */
export class LinkspanError extends Error {
  readonly type: ErrorType;
  readonly key: ErrorKey;
  /** Facts for programs, such as `field`. */
  readonly data: Record<string, unknown>;
  /** What the operator's log and the customer's page call this attempt. */
  readonly reference: string | undefined;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;

  constructor(
    error: { type: ErrorType; key: ErrorKey; message: string; data?: Record<string, unknown>; reference?: string },
    { status, retryAfter, cause }: Answered = {},
  ) {
    super(error.message, cause === undefined ? undefined : { cause });
    this.name = "LinkspanError";
    this.type = error.type;
    this.key = error.key;
    this.data = error.data ?? {};
    this.reference = error.reference;
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** The error that a JSON value says, if it says one. */
  static of(value: unknown, answered?: Answered): LinkspanError | undefined {
    if (!isObject(value)) return undefined;
    const { type, key, message, data, reference } = value;
    if (!TYPES.has(type) || typeof key !== "string" || typeof message !== "string") return undefined;
    return new LinkspanError(
      {
        type: type as ErrorType,
        key,
        message,
        ...(isObject(data) && { data }),
        ...(typeof reference === "string" && { reference }),
      },
      answered,
    );
  }
}

const TYPES = new Set<unknown>([
  "bad_request",
  "connection",
  "configuration",
  "dependency_error",
  "concurrency",
  "internal",
] satisfies ErrorType[]);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
