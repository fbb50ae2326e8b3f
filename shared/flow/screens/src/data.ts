// What the page tells its script, and what the service answers it.

/** What the page says, as JSON in an element of its own. */
export interface Page {
  /** The origin of the page around this one, if it is known. */
  parent?: string;
  /** The connection that the application gets. */
  connection?: object;
  /** True if there is nothing more to do: the application gets the connection, and the screen closes. */
  ends: boolean;
  /** The sign-in that waits for a window. */
  signIn?: SignIn;
}

/** A sign-in in a window of its own. */
export interface SignIn {
  /** The connection request, by whose id the service is asked how it stands. */
  request: string;
  /** Where the window begins. */
  url: string;
}

/** How a sign-in stands. */
export interface Standing {
  status: "pending" | "success" | "cancelled" | "error";
  connection?: object;
  /** Why the last attempt failed, in the customer's language. */
  error?: { happened: string; reference: string };
}

/** Reads what the page says. */
export function page(): Page {
  return JSON.parse(document.getElementById("screen")?.textContent ?? "{}") as Page;
}

/** The one element of the page that has this attribute. */
export function one<E extends HTMLElement>(attribute: string): E | null {
  return document.querySelector<E>(`[${attribute}]`);
}
