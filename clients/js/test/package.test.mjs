// What is published: its files, its types, and the README's examples as they stand there.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startLinkspan } from "../../../tests/browser/lib/linkspan.mjs";
import { startSite } from "../../../tests/browser/lib/site.mjs";
import { Visitor } from "./lib/visitor.mjs";

const here = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(here, "README.md"), "utf8");
const page = readFileSync(join(here, "../../docs/clients.md"), "utf8");

let folder;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "linkspan-package-"));
});
after(() => rmSync(folder, { recursive: true }));

function blocks(text, language) {
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map(([, code]) => code);
}

const ours = (tool) => join(here, "node_modules/.bin", tool);

test("the types are those of the OpenAPI document", () => {
  const made = join(folder, "openapi.ts");
  execFileSync(ours("openapi-typescript"), ["../../docs/openapi.json", "--output", made], { cwd: here, stdio: "ignore" });
  const stale = "npm run types makes src/openapi.ts anew";
  assert.ok(readFileSync(made, "utf8") === readFileSync(join(here, "src/openapi.ts"), "utf8"), stale);
});

test("the packed package runs the README's application, and its examples have the right types", async (t) => {
  const npm = (...parameters) => execFileSync("npm", parameters, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const [{ filename, files }] = JSON.parse(
    npm("pack", here, "--json", "--ignore-scripts", "--pack-destination", folder, "--silent"),
  );
  const strange = files.map(({ path }) => path).filter((path) => !/^dist\/\w+\.(js|d\.ts)$/.test(path));
  assert.deepEqual(strange.filter((path) => path !== "LICENSE").sort(), ["README.md", "package.json"]);
  const packed = join(folder, filename);
  npm("install", packed, "--prefix", folder, "--offline", "--no-audit", "--no-fund", "--silent");

  // The types, as a strict application sees them.
  symlinkSync(join(here, "node_modules/@types"), join(folder, "node_modules/@types"));
  const [app] = blocks(readme, "js");
  writeFileSync(join(folder, "app.mjs"), app);
  const prelude = `import { Linkspan, LinkspanError } from "linkspan";
declare const linkspan: Linkspan, customer: { id: string }, id: string;\n`;
  const [onPage] = blocks(page, "js");
  const around = `declare const secret: string, customer: { id: string }, url: URL;
declare const response: import("node:http").ServerResponse;\n`;
  const examples = [...blocks(readme, "ts").map((code) => prelude + code), around + onPage];
  examples.forEach((code, index) => writeFileSync(join(folder, `example${index}.mts`), code));
  const wrong = [
    "await linkspan.asManager().connections.list({ conected: true });",
    "linkspan.startForm(customer, { integrationKey: 7 });",
    'linkspan.customerToken(customer, { scopes: ["everything"] });',
    'new Linkspan({ url: "", workspaceKey: "", secret: "", privateKey: "" });',
  ];
  const expected = wrong.map((code) => `// @ts-expect-error\n${code}\n`).join("");
  writeFileSync(join(folder, "wrong.mts"), prelude + expected);
  const strict = "--strict --noEmit --module nodenext --target es2022 --types node".split(" ");
  const names = [...examples.keys()].map((index) => `example${index}.mts`).concat("wrong.mts");
  assert.equal(names.length, 4);
  execFileSync(ours("tsc"), [...strict, ...names], { cwd: folder, stdio: "inherit" });

  // The application.
  const run = await startLinkspan();
  t.after(() => run.stop());
  // A port that was free a moment ago.
  const site = await startSite(() => {});
  const { port } = new URL(site.origin);
  await site.stop();
  const env = { ...process.env, LINKSPAN_URL: run.url, PORT: port };
  const child = spawn(process.execPath, ["app.mjs"], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill());
  const url = await new Promise((resolve) => createInterface(child.stdout).once("line", resolve));
  const visitor = new Visitor();
  await visitor.visit(url);
  await visitor.connect();
  assert.equal(visitor.page, "Connected: Demo CRM, as Ada Lovelace");
  await visitor.visit(url);
  await visitor.connect("deny");
  assert.equal(visitor.page, "Not connected: The access was not granted.");
  await visitor.visit(`${url}/connected?connectionId=..`);
  assert.equal(visitor.page, "Not connected: There is nothing with this id.");
});
