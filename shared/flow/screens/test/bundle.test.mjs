// The committed script is what its sources make.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { COMMITTED, bundled } from "../build.mjs";

test("the bundle is made of these sources, byte for byte", async () => {
  const committed = await readFile(COMMITTED, "utf8");
  assert.equal(await bundled(), committed, "run `npm run build`");
});

test("it is small, and asks nobody but the service", async () => {
  const script = await bundled();
  assert.ok(script.length < 12_000, `${script.length} bytes`);
  for (const foreign of ["http://", "https://", "eval(", "innerHTML", "document.cookie", "localStorage"]) {
    assert.ok(!script.includes(foreign), foreign);
  }
});
