// The form by which a browser starts a connection.

import type { Schemas } from "./types.js";

/** What is to be connected, and where the result goes. Without `redirectUri` it is a message to the popup's opener. */
export type Start = Omit<Schemas["Start"], "token">;

/**
 * A form of one field, since nothing of a start belongs into an address. As JSON it is `{ action, fields }`, for a page
 * that makes the form itself.
 */
export class StartForm {
  /** Where it is posted. */
  readonly action: string;
  /** Its hidden fields. */
  readonly fields: Readonly<{ payload: string }>;

  constructor(action: string, payload: Schemas["Start"]) {
    this.action = action;
    this.fields = { payload: JSON.stringify(payload) };
  }

  /** The form as HTML, with a button of this text. */
  html(button: string): string {
    return `<form method="post" action="${escape(this.action)}">
<input type="hidden" name="payload" value="${escape(this.fields.payload)}">
<button>${escape(button)}</button>
</form>`;
  }
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
