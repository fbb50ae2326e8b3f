// Where there is no window: on a server that renders the page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createElement } from "react";
import { renderToString } from "react-dom/server";

import { ConnectButton } from "linkspan-react";

test("the button is rendered on a server, with what it is given", () => {
  const start = () => Promise.reject(new Error("it is not asked"));
  const html = renderToString(createElement(ConnectButton, { start, className: "wide", disabled: true }, "Connect"));
  assert.equal(
    html,
    '<button class="wide" disabled="" type="button" aria-busy="false" data-status="idle">Connect</button>',
  );
});
