// Tokens, without a service.

import assert from "node:assert/strict";
import { constants, createHmac, generateKeyPairSync, verify } from "node:crypto";
import { describe, test } from "node:test";
import { inspect } from "node:util";

import { Linkspan } from "linkspan";

const SECRET = "a secret of the tests".repeat(3);
const workspace = { url: "https://connect.example.com", workspaceKey: "acme" };
const linkspan = new Linkspan({ ...workspace, secret: SECRET });
const customer = { id: "customer-1", name: "Ada", fields: { plan: "pro" } };

function parts(token) {
  const [header, claims, signature] = token.split(".");
  return {
    header: JSON.parse(Buffer.from(header, "base64url")),
    claims: JSON.parse(Buffer.from(claims, "base64url")),
    signed: `${header}.${claims}`,
    signature: Buffer.from(signature, "base64url"),
  };
}

function pair(type, options) {
  const { privateKey, publicKey } = generateKeyPairSync(type, options);
  return { privateKey: privateKey.export({ type: "pkcs8", format: "pem" }), publicKey };
}

const rsa = pair("rsa", { modulusLength: 2048 });
const p256 = pair("ec", { namedCurve: "P-256" });
const p384 = pair("ec", { namedCurve: "P-384" });
const ed25519 = pair("ed25519");

describe("claims", () => {
  test("a customer's token says who the customer is, and ends in ten minutes", (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_999 });
    const { header, claims } = parts(linkspan.customerToken(customer));
    assert.deepEqual(header, { alg: "HS256", typ: "JWT" });
    assert.deepEqual(claims, { iss: "acme", ...customer, exp: 1_700_000_600 });
  });

  test("a management token names no customer", () => {
    const { claims } = parts(linkspan.managementToken({ subject: "support-7" }));
    assert.equal(claims.isAdmin, true);
    assert.equal(claims.sub, "support-7");
    assert.equal("id" in claims, false);
  });

  test("lifetime, scopes and audience are what was asked for", (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_000 });
    const limits = { expiresIn: 60, scopes: ["connections:read", "proxy"] };
    const audience = new Linkspan({ ...workspace, secret: SECRET, audience: "linkspan" });
    const { claims } = parts(audience.customerToken({ id: 7 }, limits));
    assert.deepEqual(claims, { iss: "acme", id: 7, aud: "linkspan", scope: "connections:read proxy", exp: 1_700_000_060 });
  });

  for (const id of [undefined, null, "", 1.5, Number.MAX_SAFE_INTEGER + 1, {}]) {
    test(`there is no token for the customer ${inspect(id)}`, () => {
      assert.throws(() => linkspan.customerToken({ id }), /customer\.id/);
    });
  }

  test("limits that would be none are refused", () => {
    assert.throws(() => linkspan.customerToken(customer, { scopes: [] }), /scopes/);
    for (const expiresIn of [0, -1, NaN, Infinity]) {
      assert.throws(() => linkspan.customerToken(customer, { expiresIn }), /expiresIn/);
    }
  });

  test("a start's form has a token that can only start", () => {
    const form = linkspan.startForm(customer, { integrationKey: "crm", redirectUri: "https://app.example.com/done" });
    assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(form))), ["action", "fields"]);
    assert.equal(form.action, "https://connect.example.com/connection-popup");
    const { token, ...rest } = JSON.parse(form.fields.payload);
    assert.deepEqual(rest, { integrationKey: "crm", redirectUri: "https://app.example.com/done" });
    assert.equal(parts(token).claims.scope, "connect");
  });

  test("nothing that is in a form can leave its attribute", () => {
    const form = linkspan.startForm({ id: "1" }, { integrationKey: "crm", name: `"><script>'&` });
    const html = form.html("<b>Connect</b>");
    assert.doesNotMatch(html, /<script>|<b>/);
    assert.match(html, /&#38;/);
  });
});

describe("signatures", () => {
  for (const [bits, hash] of [[256, "sha256"], [384, "sha384"], [512, "sha512"]]) {
    test(`HS${bits}`, () => {
      const own = new Linkspan({ ...workspace, secret: SECRET, algorithm: `HS${bits}` });
      const { header, signed, signature } = parts(own.customerToken(customer));
      assert.equal(header.alg, `HS${bits}`);
      assert.deepEqual(signature, createHmac(hash, SECRET).update(signed).digest());
    });

    for (const kind of ["RS", "PS"]) {
      test(`${kind}${bits}`, () => {
        const own = new Linkspan({ ...workspace, privateKey: rsa.privateKey, algorithm: `${kind}${bits}` });
        const { header, signed, signature } = parts(own.customerToken(customer));
        assert.equal(header.alg, `${kind}${bits}`);
        const padding = kind === "RS" ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_PSS_PADDING;
        const key = { key: rsa.publicKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
        assert.ok(verify(hash, Buffer.from(signed), key, signature));
      });
    }
  }

  for (const [algorithm, { privateKey, publicKey }, hash] of [
    ["RS256", rsa, "sha256"],
    ["ES256", p256, "sha256"],
    ["ES384", p384, "sha384"],
    ["EdDSA", ed25519, null],
  ]) {
    test(`${algorithm} is the key's own choice`, () => {
      const own = new Linkspan({ ...workspace, privateKey });
      const { header, signed, signature } = parts(own.customerToken(customer));
      assert.equal(header.alg, algorithm);
      assert.ok(verify(hash, Buffer.from(signed), { key: publicKey, dsaEncoding: "ieee-p1363" }, signature));
    });
  }

  test("a key signs with nothing that does not fit it", () => {
    assert.throws(() => new Linkspan({ ...workspace, privateKey: p256.privateKey, algorithm: "RS256" }), /algorithm/);
    assert.throws(() => new Linkspan({ ...workspace, privateKey: rsa.privateKey, algorithm: "HS256" }), /algorithm/);
    assert.throws(() => new Linkspan({ ...workspace, secret: SECRET, algorithm: "EdDSA" }), /algorithm/);
    const { privateKey } = pair("ec", { namedCurve: "secp256k1" });
    assert.throws(() => new Linkspan({ ...workspace, privateKey }), /privateKey/);
  });
});

describe("what is told", () => {
  const broken = p256.privateKey.replace(/.{20}\n-----END/, "\n-----END");

  test("nothing shows a secret", () => {
    for (const own of [linkspan, new Linkspan({ ...workspace, privateKey: p256.privateKey })]) {
      for (const thing of [own, own.asManager(), own.asCustomer(customer), own.asManager().connections]) {
        const shown = inspect(thing, { depth: Infinity, showHidden: true }) + JSON.stringify(thing) + String(thing);
        assert.doesNotMatch(shown, /a secret of|PRIVATE KEY|eyJ/);
      }
    }
  });

  test("a wrong setting is named, and not repeated", () => {
    const good = { ...workspace, secret: SECRET };
    for (const [field, settings] of [
      ["url", { ...good, url: "connect.example.com/hush-hush" }],
      ["url", { ...good, url: "https://hush-hush@connect.example.com" }],
      ["url", { ...good, url: "https://connect.example.com?token=hush-hush" }],
      ["workspaceKey", { ...good, workspaceKey: "" }],
      ["secret", { ...good, secret: "" }],
      ["secret or privateKey", workspace],
      ["secret or privateKey", { ...good, privateKey: p256.privateKey }],
      ["privateKey", { ...workspace, privateKey: "hush-hush" }],
      ["privateKey", { ...workspace, privateKey: broken }],
      ["timeoutMs", { ...good, timeoutMs: 0 }],
    ]) {
      assert.throws(
        () => new Linkspan(settings),
        (error) => {
          assert.ok(error.message.includes(field), error.message);
          const shown = inspect(error, { depth: Infinity, showHidden: true });
          assert.doesNotMatch(shown, /hush-hush|a secret of|BEGIN PRIVATE/);
          return true;
        },
      );
    }
  });
});
