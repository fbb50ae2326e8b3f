// How a browser connects: a form that is posted to Linkspan, and the result of it. Nothing here knows React.

/** What your backend's `linkspan.startForm(…)` is as JSON. Its token can start this connection, and nothing else. */
export interface StartForm {
  action: string;
  fields: Record<string, string>;
}

export interface ConnectError {
  /** Linkspan's key, or `popup_blocked`, `start_failed` or `no_result` of this package. */
  key: string;
  message: string;
  type?: string;
  reference?: string;
}

/** How it ended. Your backend believes a `connectionId` only after it has read it with the customer's own token. */
export type Outcome = { connectionId: string } | { error: ConnectError };

export interface Source {
  /** Asks your backend for the start of its session's customer. For a popup it has no `redirectUri`. */
  start: () => Promise<StartForm>;
  /**
   * Asks your backend how it ended, as long as it has not: nothing. It is asked once the popup is gone and has told
   * nothing, which is so too where a page of the provider's, or your own, cuts popups off (`Cross-Origin-Opener-Policy`).
   */
  poll?: (() => Promise<Outcome | null | undefined>) | undefined;
}

const POPUP = "popup,width=600,height=700";
const LOOK_MS = 300;
const POLL_MS = 2_000;
/** A flow lasts 15 minutes. */
const POLLS = (16 * 60_000) / POLL_MS;

/** Leaves the page for Linkspan. The result goes to the start's `redirectUri`. */
export async function byRedirect({ start }: Source, signal: AbortSignal): Promise<Outcome | undefined> {
  const form = await begun(start);
  if ("error" in form) return form;
  if (!signal.aborted) post(form, "_self");
  return undefined;
}

/** Connects in a popup. Nothing is the outcome if the customer closes it, or `signal` ends it. */
export async function inPopup({ start, poll }: Source, signal: AbortSignal): Promise<Outcome | undefined> {
  const requestId = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("-");
  // At once: browsers open windows for the customer's click alone.
  const popup = window.open("", requestId, POPUP);
  if (popup === null) return failed("popup_blocked", "The browser did not open a window.");
  const over = new AbortController();
  signal.addEventListener("abort", () => popup.close(), { signal: over.signal });
  try {
    const form = await begun(start);
    if ("error" in form) {
      popup.close();
      return form;
    }
    if (popup.closed) return undefined;
    const message = heard(new URL(form.action).origin, requestId, over.signal);
    post({ ...form, fields: { ...form.fields, requestId } }, requestId);
    return await Promise.race([message, gone(popup, poll, () => signal.aborted || over.signal.aborted)]);
  } finally {
    over.abort();
  }
}

async function begun(start: Source["start"]): Promise<StartForm | { error: ConnectError }> {
  try {
    const form = await start();
    if (/^https?:$/.test(new URL(form.action).protocol)) return form;
  } catch {
    // What went wrong is the backend's own, and not for the customer.
  }
  return failed("start_failed", "The connection could not be started.");
}

function failed(key: string, message: string): { error: ConnectError } {
  return { error: { key, message } };
}

/** Nothing of a start belongs into an address, so a form is sent. */
function post({ action, fields }: StartForm, target: string): void {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action, target, hidden: true });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(form);
  form.submit();
  form.remove();
}

/** The message of Linkspan's own page to the window that opened it. */
function heard(origin: string, requestId: string, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const hear = ({ origin: from, data }: MessageEvent) => {
      if (from !== origin || data?.source !== "integration.app" || data.requestId !== requestId) return;
      if (data.type === "newConnectionCreated") resolve({ connectionId: data.connection.id });
      if (data.type === "newConnectionFailure") resolve({ error: { ...data.errorData, message: data.error } });
    };
    window.addEventListener("message", hear, { signal });
  });
}

/** What the backend says once the popup is gone, if it can be asked. */
async function gone(popup: Window, poll: Source["poll"], over: () => boolean): Promise<Outcome | undefined> {
  while (!popup.closed && !over()) await pause(LOOK_MS);
  // The message is posted before the popup closes, and may still be on its way.
  await pause(LOOK_MS);
  if (poll === undefined) return undefined;
  for (let polls = 0; polls < POLLS && !over(); polls += 1) {
    // One that fails is as good as one that says nothing.
    const outcome = await poll().catch(() => undefined);
    if (outcome && ("connectionId" in outcome || "error" in outcome)) return outcome;
    await pause(POLL_MS);
  }
  return failed("no_result", "It is not known how the connection ended.");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
