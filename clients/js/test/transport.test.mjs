// Calls, against a server that answers as it is told.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { inspect } from "node:util";

import { Linkspan, LinkspanError } from "linkspan";

import { startSite } from "../../../tests/browser/lib/site.mjs";

const limited = { type: "bad_request", key: "rate_limit_exceeded", message: "Too many.", data: { retryAfter: 0 } };

let server, answers, asked;

before(async () => {
  server = await startSite((request, response) => {
    asked.push({ method: request.method, url: request.url, headers: request.headers });
    const answer = answers.shift();
    if (answer === undefined) return; // It never answers.
    const { status = 200, headers = {}, body = {} } = answer;
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  });
});
beforeEach(() => {
  answers = [];
  asked = [];
});
after(() => server.stop());

function manager(options) {
  return new Linkspan({ url: server.origin, workspaceKey: "acme", secret: "hush-hush", ...options }).asManager();
}

const is = (wanted) => (error) => {
  assert.ok(error instanceof LinkspanError, inspect(error));
  for (const [name, value] of Object.entries(wanted)) assert.deepEqual(error[name], value, name);
  assert.doesNotMatch(inspect(error, { depth: Infinity, showHidden: true }), /hush-hush|eyJ/);
  return true;
};

describe("repetition", () => {
  for (const status of [429, 503]) {
    test(`a read is repeated after ${status} with Retry-After`, async () => {
      answers = [{ status, headers: { "retry-after": "0" }, body: limited }, { body: { id: "1" } }];
      assert.deepEqual(await manager().connections.get("1"), { id: "1" });
      assert.equal(asked.length, 2);
    });
  }

  test("twice, and then it is told", async () => {
    answers = Array(9).fill({ status: 429, headers: { "retry-after": "0" }, body: limited });
    const error = { status: 429, key: "rate_limit_exceeded", retryAfter: 0, type: "bad_request" };
    await assert.rejects(manager().connections.get("1"), is(error));
    assert.equal(asked.length, 3);
  });

  test("a change is never repeated", async () => {
    answers = Array(9).fill({ status: 503, headers: { "retry-after": "0" }, body: limited });
    await assert.rejects(manager().connections.rename("1", "x"), is({ status: 503 }));
    await assert.rejects(manager().connections.archive("1"), is({ status: 503 }));
    assert.deepEqual(asked.map((request) => request.method), ["PATCH", "DELETE"]);
  });

  test("nothing is repeated without Retry-After, or after another status", async () => {
    answers = [{ status: 503, body: limited }, { status: 500, headers: { "retry-after": "0" }, body: limited }];
    await assert.rejects(manager().connections.get("1"), is({ status: 503, retryAfter: undefined }));
    await assert.rejects(manager().connections.get("1"), is({ status: 500 }));
    assert.equal(asked.length, 2);
  });

  test("a pause that is longer than the call may take is told at once", async () => {
    answers = [{ status: 429, headers: { "retry-after": "60" }, body: limited }];
    await assert.rejects(manager().connections.get("1"), is({ retryAfter: 60 }));
    assert.equal(asked.length, 1);
  });

  test("a call through the proxy is the provider's, and is not repeated", async () => {
    answers = [{ status: 429, headers: { "retry-after": "0" }, body: "later" }];
    const response = await manager().proxy("1")("/me");
    assert.equal(response.status, 429);
    assert.equal(await response.text(), "later");
  });
});

describe("answers that are none", () => {
  test("a call that is not answered ends", async () => {
    const slow = manager({ timeoutMs: 50 });
    await assert.rejects(slow.connections.get("1"), is({ key: "unreachable", type: "dependency_error", status: undefined }));
    await assert.rejects(slow.proxy("1")("/me"), is({ key: "unreachable" }));
  });

  test("a call that the caller gives up ends with the caller's reason", async () => {
    const reason = new Error("no longer wanted");
    const controller = new AbortController();
    const call = manager().proxy("1")("/me", { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(call, (error) => error === reason);
  });

  test("a service that is not there is unreachable", async () => {
    const site = await startSite(() => {});
    await site.stop();
    await assert.rejects(manager({ url: site.origin }).self(), is({ key: "unreachable" }));
  });

  test("a gateway's answer has no key of the service's", async () => {
    answers = [
      { status: 503, body: { message: "Service Unavailable" } },
      { status: 404, body: { message: "Not Found" } },
      { status: 200, body: "<!doctype html>" },
      { status: 302, headers: { location: "/elsewhere" } },
    ];
    await assert.rejects(manager().self(), is({ key: "answer_unexpected", type: "dependency_error", status: 503 }));
    await assert.rejects(manager().self(), is({ key: "answer_unexpected", type: "bad_request", status: 404 }));
    await assert.rejects(manager().self(), is({ key: "answer_unexpected", status: 200 }));
    await assert.rejects(manager().self(), is({ key: "answer_unexpected", status: 302 }));
    assert.equal(asked.length, 4);
  });
});

describe("paths", () => {
  test("an id is one segment", async () => {
    answers = [{}];
    await manager().connections.get("a/b?c#d%2e");
    assert.equal(asked[0].url, "/connections/a%2Fb%3Fc%23d%252e");
  });

  for (const id of ["", ".", ".."]) {
    test(`${JSON.stringify(id)} is no id`, async () => {
      const session = manager();
      for (const call of [session.connections.get(id), session.connections.archive(id), session.integrations.get(id)]) {
        await assert.rejects(call, is({ key: "not_found" }));
      }
      assert.throws(() => session.proxy(id), is({ key: "not_found" }));
      assert.equal(asked.length, 0);
    });
  }

  test("a service may stand below a path", async () => {
    answers = [{}];
    await manager({ url: `${server.origin}/below//` }).self();
    assert.equal(asked[0].url, "/below/self");
  });

  test("the proxy adds a path below the connection", async () => {
    for (const [path, url] of [
      ["/me?a=b", "/connections/1/proxy/me?a=b"],
      ["me", "/connections/1/proxy/me"],
      ["", "/connections/1/proxy"],
      ["?a=b", "/connections/1/proxy?a=b"],
      ["/a b/%2f", "/connections/1/proxy/a%20b/%2f"],
    ]) {
      answers = [{}];
      await manager().proxy("1")(path);
      assert.equal(asked.at(-1).url, url);
    }
  });

  for (const path of [
    "/..",
    "/../../2/proxy/me",
    "/../proxy2",
    "/a/../../..",
    "/%2e%2e/%2E./self",
    "\\..\\..\\self",
    "/.\t./.\n./self",
  ]) {
    test(`the proxy does not lead out by ${JSON.stringify(path)}`, async () => {
      await assert.rejects(manager().proxy("1")(path), TypeError);
      assert.equal(asked.length, 0);
    });
  }

  test("the proxy sends what it is given, with the token, and follows nothing", async () => {
    answers = [{ status: 302, headers: { location: "/self" } }];
    const headers = new Headers({ "x-own": "1", authorization: "mine" });
    const response = await manager().proxy("1")("/me", { method: "PUT", headers, body: "text", redirect: "follow" });
    assert.equal(response.status, 302);
    assert.equal(asked.length, 1);
    assert.equal(asked[0].method, "PUT");
    assert.equal(asked[0].headers["x-own"], "1");
    assert.match(asked[0].headers.authorization, /^Bearer eyJ/);
  });
});
