// Bundles the screens' script into ../templates/screen.js, where the pages take it from.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const COMMITTED = fileURLToPath(new URL("../templates/screen.js", import.meta.url));

const SOURCE = fileURLToPath(new URL("src/screen.ts", import.meta.url));

/** The bundle: the same bytes from the same sources, on every machine. */
export async function bundled() {
  const license = await readFile(new URL("node_modules/penpal/LICENSE", import.meta.url), "utf8");
  const copyright = license.split("\n").find((line) => line.startsWith("Copyright"));
  const { outputFiles } = await build({
    entryPoints: [SOURCE],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2020",
    charset: "ascii",
    banner: { js: `/* With Penpal, MIT License. ${copyright} */` },
  });
  const script = outputFiles[0].text;
  // It stands in an element of the page.
  if (/<\/script|<!--/i.test(script)) throw new Error("the script would end its element");
  return script;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(COMMITTED, await bundled());
