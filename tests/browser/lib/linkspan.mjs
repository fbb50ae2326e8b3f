// The local run, started for a test, and its API as a team's backend calls it.

import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const DEFAULT_BINARY = fileURLToPath(new URL("../../../target/debug/linkspan-local", import.meta.url));

/** The demo workspace, which the local run prints when it starts. */
export const DEMO = { key: "demo", secret: "local-demo-secret-".repeat(4).slice(0, -1) };

/** Starts the local run on a free port. */
export async function startLinkspan() {
  const binary = process.env.LINKSPAN_BIN || DEFAULT_BINARY;
  const child = spawn(binary, ["--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface(child.stdout);
  const printed = [];
  const url = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${binary} ended with ${code} before it was ready`)));
    lines.on("line", (line) => {
      printed.push(line);
      const ready = line.match(/^Linkspan is ready at (\S+)$/);
      if (ready) resolve(ready[1]);
    });
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  process.once("exit", () => child.kill());
  return new Linkspan(url, lines, printed, async (signal) => {
    child.kill(signal);
    return ended;
  });
}

class Linkspan {
  constructor(url, lines, printed, stop) {
    this.url = url;
    this.lines = lines;
    this.printed = printed;
    this.stop = stop;
  }

  /** Calls the API and expects success. */
  async call(method, path, token, body) {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  connection(id, token) {
    return this.call("GET", `/connections/${encodeURIComponent(id)}`, token);
  }

  connections(token) {
    return this.call("GET", "/connections", token).then((page) => page.items);
  }

  /** The event of this name and connection, as soon as the local run has printed it: one line of JSON. */
  async printedEvent(name, connectionId) {
    const wanted = (event) => event["detail-type"] === name && event.detail.connectionId === connectionId;
    for (;;) {
      const events = this.printed.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
      const event = events.find(wanted);
      if (event) return event;
      await once(this.lines, "line");
    }
  }

  /** How often the demo provider's endpoints were used. */
  async providerStats() {
    const response = await fetch(`${this.url}/demo-provider/stats`);
    return response.json();
  }

  /** The address of `GET /connection-popup` with these parameters. */
  startLink(parameters) {
    return `${this.url}/connection-popup?${new URLSearchParams(parameters)}`;
  }
}

/** A customer's token: what a team's backend signs. */
export function customerToken(workspace, id, claims = {}) {
  return sign(workspace.secret, { iss: workspace.key, id, exp: inMinutes(10), ...claims });
}

/** A token that manages the workspace. */
export function adminToken(workspace) {
  return sign(workspace.secret, { iss: workspace.key, isAdmin: true, exp: inMinutes(10) });
}

function inMinutes(minutes) {
  return Math.floor(Date.now() / 1000) + minutes * 60;
}

/** A JWT under HS256 (RFC 7515, RFC 7518 §3.2). */
function sign(secret, claims) {
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
