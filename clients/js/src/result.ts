// What the browser brings to `redirectUri`. Nothing in it can be believed yet.

import { LinkspanError } from "./error.js";

/** The query of the request to `redirectUri`: `url.searchParams`, or what a framework makes of it. */
export type ResultQuery = URLSearchParams | Readonly<Record<string, unknown>>;

export type Result = { connectionId: string } | { connectionRequestId: string };

/** The id that the result names. An error is thrown, and so is a query without a result. */
export function readResult(query: ResultQuery): Result {
  const read = (name: string): string | undefined => {
    const value = query instanceof URLSearchParams ? query.get(name) : Object.hasOwn(query, name) ? query[name] : null;
    return typeof value === "string" ? value : undefined;
  };
  const error = read("error");
  if (error !== undefined) throw failure(error, read("errorData"));
  const connectionId = read("connectionId");
  if (connectionId !== undefined) return { connectionId };
  const connectionRequestId = read("connectionRequestId");
  if (connectionRequestId !== undefined) return { connectionRequestId };
  const message = "The address has no result of a connection.";
  throw new LinkspanError({ type: "bad_request", key: "result_missing", message });
}

function failure(message: string, errorData = ""): LinkspanError {
  let value: unknown;
  try {
    value = JSON.parse(errorData);
  } catch {
    // Somebody typed it.
  }
  return LinkspanError.of(value) ?? new LinkspanError({ type: "bad_request", key: "answer_unexpected", message });
}
