// The same flow with curl alone, as the documentation shows it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { DEMO, customerToken, startLinkspan } from "./lib/linkspan.mjs";

const SCRIPT = fileURLToPath(new URL("../curl/connect.sh", import.meta.url));

test("curl and openssl are enough to connect", async (t) => {
  const linkspan = await startLinkspan();
  t.after(() => linkspan.stop());
  const env = { PATH: process.env.PATH, LINKSPAN_URL: linkspan.url };
  const { stdout, stderr } = await promisify(execFile)(SCRIPT, { env });
  assert.equal(stderr, "");
  const [cameBack, shown] = stdout.trim().split("\n");
  const result = new URL(cameBack.replace("The browser came back to ", ""));
  assert.equal(result.pathname, "/demo/connected");
  assert.equal(result.searchParams.get("customState"), "from curl");
  const connection = JSON.parse(shown);
  assert.equal(connection.id, result.searchParams.get("connectionId"));
  assert.equal(connection.state, "READY");
  assert.deepEqual(await linkspan.connection(connection.id, customerToken(DEMO, "customer-1")), connection);
});
