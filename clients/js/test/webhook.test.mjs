// Webhooks: what the local run sends verifies here and with the specification's own package, and nothing else does.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { Webhook } from "standardwebhooks";
import { Linkspan, WebhookError, verifyWebhook } from "linkspan";

import { DEMO, startLinkspan } from "../../../tests/browser/lib/linkspan.mjs";
import { Visitor } from "./lib/visitor.mjs";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const OTHER = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
const BODY = JSON.stringify({ type: "connection.created", timestamp: "2026-01-31T08:15:00.123Z", data: {} });

/** A request as the specification's package signs it. */
function signed(secret, { at = new Date(), body = BODY, id = "msg_1" } = {}) {
  const seconds = String(Math.floor(at.getTime() / 1000));
  const signature = new Webhook(secret).sign(id, new Date(seconds * 1000), body);
  return { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": signature };
}

describe("a webhook", () => {
  test("that the specification's package has signed is read, however its headers come", () => {
    const headers = signed(SECRET);
    const capitals = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]));
    for (const given of [headers, new Headers(headers), capitals]) {
      for (const body of [BODY, Buffer.from(BODY), new TextEncoder().encode(BODY)]) {
        assert.deepEqual(verifyWebhook(SECRET, given, body), JSON.parse(BODY));
      }
    }
    const both = { ...headers, "webhook-signature": `${signed(OTHER)["webhook-signature"]} v2,AAAA ${headers["webhook-signature"]}` };
    assert.equal(verifyWebhook(SECRET, both, BODY).type, "connection.created");
  });

  test("is refused if anything of it is another's, or was changed", () => {
    const headers = signed(SECRET);
    const minutes = (count) => new Date(Date.now() + count * 60_000);
    const cases = [
      [signed(OTHER), BODY],
      [headers, `${BODY} `],
      [{ ...headers, "webhook-id": "msg_2" }, BODY],
      [{ ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) + 1) }, BODY],
      [{ ...headers, "webhook-timestamp": "now" }, BODY],
      [{ ...headers, "webhook-signature": "" }, BODY],
      [{ ...headers, "webhook-signature": "v1," }, BODY],
      [{ ...headers, "webhook-signature": headers["webhook-signature"].replace("v1,", "v1a,") }, BODY],
      [{ ...headers, "webhook-id": ["msg_1", "msg_1"] }, BODY],
      [{ ...headers, "webhook-id": "msg_1.1" }, BODY],
      [{}, BODY],
      [signed(SECRET, { at: minutes(-6) }), BODY],
      [signed(SECRET, { at: minutes(6) }), BODY],
      [signed(SECRET, { body: "no JSON" }), "no JSON"],
    ];
    for (const [given, body] of cases) {
      assert.throws(() => verifyWebhook(SECRET, given, body), (error) => {
        assert.ok(error instanceof WebhookError, String(error.stack));
        assert.ok(!error.message.includes(SECRET.slice(6)));
        return true;
      });
    }
    assert.equal(verifyWebhook(SECRET, signed(SECRET, { at: minutes(-4) }), BODY).type, "connection.created");
    for (const secret of ["", "whsec_", SECRET.slice(6)]) assert.throws(() => verifyWebhook(secret, headers, BODY), TypeError);
  });
});

describe("the local run", () => {
  let run, linkspan, receiver, url;
  const came = [];
  let hears = () => {};

  before(async () => {
    run = await startLinkspan();
    linkspan = new Linkspan({ url: run.url, workspaceKey: DEMO.key, secret: DEMO.secret });
    receiver = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      came.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(204).end();
      hears();
    });
    await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${receiver.address().port}/webhooks`;
  });
  after(async () => {
    receiver.close();
    await run.stop();
  });

  async function manage(method, path, body) {
    const headers = { authorization: `Bearer ${linkspan.managementToken()}`, "content-type": "application/json" };
    const response = await fetch(run.url + path, { method, headers, body: body && JSON.stringify(body) });
    assert.ok(response.ok, `${response.status} ${await response.clone().text()}`);
    return response.status === 204 ? undefined : response.json();
  }

  test("sends what happens, signed, and once more on request", { timeout: 60_000 }, async () => {
    const endpoint = await manage("POST", "/webhook-endpoints", { url, events: ["connection.created"] });
    const heard = new Promise((resolve) => (hears = resolve));
    const visitor = new Visitor();
    const app = "http://localhost:3000/connected";
    const start = { integrationKey: "demo-oauth2", redirectUri: app };
    visitor.page = linkspan.startForm({ id: "hooked" }, start).html("Go");
    visitor.url = visitor.stopsAt = app;
    await visitor.connect("allow");
    const connection = await linkspan.connectionFromResult(visitor.query, { id: "hooked" });
    await heard;

    const [{ headers, body }] = came;
    const event = verifyWebhook(endpoint.secret, headers, body);
    assert.deepEqual(new Webhook(endpoint.secret).verify(body.toString(), headers), event);
    assert.equal(event.type, "connection.created");
    assert.deepEqual([event.data.connectionId, event.data.userId], [connection.id, "hooked"]);
    assert.throws(() => verifyWebhook(OTHER, headers, body), WebhookError);

    // With a second secret each request has two signatures.
    const rotated = await manage("POST", `/webhook-endpoints/${endpoint.id}/rotate-secret`);
    const { items } = await manage("GET", `/webhook-endpoints/${endpoint.id}/deliveries`);
    assert.equal(items[0].status, "success");
    const replayed = await manage("POST", `/webhook-deliveries/${items[0].id}/replay`);
    assert.deepEqual([replayed.status, replayed.attempts], ["success", 2]);
    const again = came[1];
    assert.equal(again.headers["webhook-id"], headers["webhook-id"]);
    assert.deepEqual(again.body, body);
    for (const { secret } of [endpoint, rotated]) {
      assert.deepEqual(verifyWebhook(secret, again.headers, again.body), event);
      assert.deepEqual(new Webhook(secret).verify(again.body.toString(), again.headers), event);
    }
    await manage("DELETE", `/webhook-endpoints/${endpoint.id}`);
  });
});
