// The script of the screens: the child side of Penpal, and the sign-in in a window. What works without it does so by forms.

import { one, page } from "./data";
import { findParent, type Parent } from "./parent";
import { SigningIn } from "./sign_in";

const said = page();
const isFramed = window.parent !== window;
let parent: Parent | undefined;
/** What is to be handed over once the application is there. */
let waits: { connection?: object } | undefined = said.ends ? { connection: said.connection } : undefined;

if (isFramed) {
  for (const button of document.querySelectorAll<HTMLElement>("[data-close]")) {
    button.hidden = false;
    button.addEventListener("click", () => leave(said.connection));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave(said.connection);
  });
  const form = document.querySelector<HTMLFormElement>("form[data-window]");
  if (form) signsIn(form);
  void findParent(said.parent).then((found) => {
    parent = found;
    if (waits) void parent.leave(waits.connection);
  });
}

filters();

/** Hands the connection over, if there is one, and closes. */
function leave(connection?: object): void {
  waits = { connection };
  void parent?.leave(connection);
}

/** The form's sign-in goes on in a window. */
function signsIn(form: HTMLFormElement): void {
  const signingIn = new SigningIn(form, (connection) => {
    // The screen of a connection shows it again.
    const again = one<HTMLFormElement>("data-done");
    if (again) again.submit();
    else leave(connection);
  });
  form.addEventListener("submit", (event) => {
    // Who cancels, or chooses another way, wants no window.
    if ((event.submitter as HTMLButtonElement | null)?.formNoValidate) return;
    event.preventDefault();
    void signingIn.begin();
  });
  const onClick = (attribute: string, handle: () => void) => {
    for (const each of document.querySelectorAll(`[${attribute}]`)) each.addEventListener("click", handle);
  };
  onClick("data-again", () => signingIn.again());
  onClick("data-form", () => signingIn.back());
  if (said.signIn) signingIn.waitFor(said.signIn);
}

/** The list shows what fits while one types. */
function filters(): void {
  const search = one<HTMLInputElement>("data-search");
  const none = one("data-none");
  search?.addEventListener("input", () => {
    const wanted = search.value.trim().toLocaleLowerCase();
    let found = 0;
    for (const item of document.querySelectorAll<HTMLElement>("[data-item]")) {
      item.hidden = !item.textContent?.toLocaleLowerCase().includes(wanted);
      if (!item.hidden) found += 1;
    }
    if (none) none.hidden = found > 0;
  });
}
