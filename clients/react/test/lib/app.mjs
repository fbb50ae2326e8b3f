// The README's page and backend, as they stand there, on a site of their own.

import { mkdtemp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

import { startSite } from "../../../../tests/browser/lib/site.mjs";

const here = fileURLToPath(new URL("../..", import.meta.url));

// By leaving the page, and with a button of the application's own.
const OTHERS = `
import { useConnect } from "linkspan-react";

const begin = (path) => async () => (await fetch(path, { method: "POST" })).json();

export function Others() {
  const leaving = useConnect({ start: begin("/api/linkspan/start-redirect"), mode: "redirect" });
  const plain = useConnect({ start: begin("/api/linkspan/start") });
  const broken = useConnect({ start: async () => ({ action: "javascript:alert(1)", fields: {} }) });
  const waiting = useConnect({ start: () => new Promise(() => {}) });
  return (
    <>
      <button onClick={leaving.connect}>Leave</button>
      <button onClick={plain.connect}>Plain</button>
      <output id="plain">{plain.state.status}</output>
      <button onClick={broken.connect}>Broken</button>
      <output id="broken">{broken.state.error?.key}</output>
      <button onClick={waiting.connect}>Wait</button>
      <button onClick={waiting.cancel}>Cancel</button>
      <output id="waiting">{waiting.state.status}</output>
    </>
  );
}`;

const MAIN = `
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.jsx";
import { Others } from "./others.jsx";

const Page = location.pathname === "/others" ? Others : App;
createRoot(document.getElementById("root")).render(<StrictMode><Page /></StrictMode>);`;

export async function startApp(linkspan) {
  const readme = await readFile(join(here, "README.md"), "utf8");
  const block = (language) => readme.match(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s"))[1];
  const folder = await mkdtemp(join(tmpdir(), "linkspan-react-"));
  const modules = join(folder, "node_modules");
  await mkdir(modules);
  await symlink(join(here, "../js"), join(modules, "linkspan"));
  await symlink(here, join(modules, "linkspan-react"));
  for (const name of ["react", "react-dom"]) await symlink(join(here, "node_modules", name), join(modules, name));
  await writeFile(join(folder, "app.jsx"), block("jsx"));
  await writeFile(join(folder, "others.jsx"), OTHERS);
  await writeFile(join(folder, "main.jsx"), MAIN);
  await writeFile(join(folder, "routes.mjs"), block("js"));
  const bundle = await build({
    absWorkingDir: folder,
    entryPoints: ["main.jsx"],
    bundle: true,
    write: false,
    jsx: "automatic",
    format: "esm",
    define: { "process.env.NODE_ENV": '"development"' },
  });
  const script = bundle.outputFiles[0].text;
  process.env.LINKSPAN_URL = linkspan.url;
  const routes = await import(pathToFileURL(join(folder, "routes.mjs")).href);

  /** What the test decides: the session, the headers of the page, and what the backend does. */
  const app = { session: undefined, headers: {} };
  const site = await startSite(async (request, response) => {
    const { pathname } = new URL(request.url, site.origin);
    const json = async (answer) => {
      response.setHeader("content-type", "application/json");
      try {
        response.end(JSON.stringify(await answer));
      } catch {
        response.writeHead(500).end("{}");
      }
    };
    const id = pathname.match(/^\/api\/linkspan\/connections\/(.+)$/)?.[1];
    if (request.method === "POST" && pathname === "/api/linkspan/start") return json(app.start());
    if (request.method === "POST" && pathname === "/api/linkspan/start-redirect") return json(app.startRedirect());
    if (pathname === "/api/linkspan/outcome") return json(app.outcome());
    if (id !== undefined) return json(routes.connection(app.session, decodeURIComponent(id)));
    if (pathname === "/main.js") return response.setHeader("content-type", "text/javascript").end(script);
    response.writeHead(200, { "content-type": "text/html", ...app.headers });
    response.end('<!doctype html><meta charset="utf-8"><div id="root"></div><script type="module" src="/main.js"></script>');
  });
  return Object.assign(app, {
    origin: site.origin,
    /** A new session of this customer's. */
    begin(customer, { headers = {} } = {}) {
      app.session = { customer: { id: customer } };
      app.headers = headers;
      app.start = () => routes.start(app.session);
      app.outcome = () => routes.outcome(app.session);
    },
    async stop() {
      await site.stop();
      await rm(folder, { recursive: true });
    },
  });
}
