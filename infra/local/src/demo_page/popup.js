// The app's side of a popup: it opens the window, starts the connection in it, and listens for the result.
// Without this script the same buttons start the connection in this window, and the result comes by redirect.
"use strict";

const POPUP = "popup,width=520,height=760";
// A result that was posted just before the popup closed may still be on its way.
const GRACE = 1000;

const status = document.getElementById("popup-status");
let waiting = null;

function start(form) {
  stop();
  const requestId = crypto.randomUUID();
  const name = `connect-${requestId}`;
  // Opened at once: after anything asynchronous the browser would block it.
  const popup = window.open("", name, POPUP);
  if (!popup) {
    say("The browser blocked the popup. Allow popups for this page, or connect in this window.", "bad");
    return;
  }
  const origin = new URL(form.action).origin;
  waiting = { requestId, popup, origin, watch: setInterval(watch, 500) };
  say("Go on in the popup.");
  post(form.action, name, payloadOf(form, requestId));
}

/** The form's payload, for a message instead of a redirect. */
function payloadOf(form, requestId) {
  const payload = JSON.parse(form.elements.payload.value);
  delete payload.redirectUri;
  return JSON.stringify({ ...payload, requestId });
}

function post(action, target, payload) {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action, target, hidden: true });
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "payload", value: payload });
  form.append(field);
  document.body.append(form);
  form.submit();
  form.remove();
}

window.addEventListener("message", ({ origin, source, data }) => {
  // Any window can post a message: it counts only from the service, from our popup, and about what we asked.
  const expected = waiting && origin === waiting.origin && source === waiting.popup;
  if (!expected || data?.source !== "integration.app" || data.requestId !== waiting.requestId) return;
  stop();
  if (data.type === "newConnectionCreated") {
    void connected(data.connection);
  } else {
    const key = data.errorData?.key ? ` (${data.errorData.key})` : "";
    say(`Not connected: ${data.error}${key}`, "bad");
  }
});

/** What a window says is a claim: the app's own backend, which drew the list, confirms it. */
async function connected({ id, name }) {
  const confirmed = (await reload()) && document.querySelector(`[data-connection="${CSS.escape(id)}"]`);
  if (confirmed) say(`Connected: ${name}. The service confirms it.`, "good");
  else say("The popup named a connection that the service does not confirm.", "bad");
}

async function reload() {
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of ["cards", "list"]) {
    const fresh = page.getElementById(id);
    if (fresh) document.getElementById(id)?.replaceWith(fresh);
  }
  enable();
  return true;
}

function watch() {
  if (!waiting.popup.closed) return;
  clearInterval(waiting.watch);
  const closed = waiting;
  setTimeout(() => {
    if (waiting !== closed) return;
    stop();
    say("The popup was closed before there was a result.", "bad");
  }, GRACE);
}

function stop() {
  if (waiting) clearInterval(waiting.watch);
  waiting = null;
}

function say(text, tone = "") {
  status.textContent = text;
  status.className = `notice ${tone}`;
  // The button that was pressed may be gone with the old list.
  if (tone) status.focus();
}

function enable() {
  for (const button of document.querySelectorAll("[data-popup]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-popup]");
  if (button) start(button.form);
});
enable();
