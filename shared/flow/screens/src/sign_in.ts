// A sign-in in a window of its own. Whether it has come to an end, only the service says: a provider's page may cut the window off
// from here, which looks as if it was closed.

import { one, type SignIn, type Standing } from "./data";
import { pause } from "./parent";
import { lead, openWindow } from "./window";

/** The pauses between two questions to the service: at first, and when the customer takes long. */
const [SOON, LATER] = [2000, 5000];

/** The time after which the customer is told that the window may be closed. */
const CLOSED_FOR = 4000;

/** What is shown of the screen. */
type Panel = "form" | "waiting" | "closed" | "blocked" | "failed";

export class SigningIn {
  private opened: Window | null = null;
  private round = 0;
  private shown: Panel = "form";
  /** The failure that the customer has been told. */
  private told = "";
  private current?: SignIn;

  /** `form` has what the service must know to answer. */
  constructor(
    private readonly form: HTMLFormElement,
    private readonly succeeded: (connection: object) => void,
  ) {}

  /** Sends the form, by the click that opens the window, and goes on there. */
  async begin(): Promise<void> {
    this.opened = openWindow();
    this.show("waiting");
    const previous = this.form.querySelector<HTMLInputElement>("[name=previous]");
    if (previous && this.current) previous.value = this.current.request;
    const answer = await this.post<Partial<SignIn>>(new FormData(this.form)).catch(() => undefined);
    if (!answer?.url || !answer.request) {
      // There is something to correct, or it did not work: the page says what.
      this.opened?.close();
      this.form.submit();
      return;
    }
    const signIn = { request: answer.request, url: answer.url };
    if (this.opened) lead(this.opened, signIn.url);
    this.waitFor(signIn);
  }

  /** Waits for a sign-in whose window may not be open. */
  waitFor(signIn: SignIn): void {
    this.current = signIn;
    for (const link of document.querySelectorAll<HTMLAnchorElement>("[data-link]")) link.href = signIn.url;
    if (!this.opened && this.shown === "waiting") this.show("blocked");
    void this.watch(signIn, ++this.round);
  }

  /** Opens the window once more, by a click. */
  again(): void {
    if (!this.current) return;
    this.opened = openWindow(this.current.url);
    this.show(this.opened ? "waiting" : "blocked");
    void this.watch(this.current, ++this.round);
  }

  /** Shows the form again. What is under way may still succeed. */
  back(): void {
    this.show("form");
  }

  private async watch(signIn: SignIn, round: number): Promise<void> {
    let closedAt: number | undefined;
    for (let asked = 0; ; asked += 1) {
      await pause(asked < 60 ? SOON : LATER);
      if (round !== this.round) return;
      const standing = await this.standing(signIn).catch(() => undefined);
      if (round !== this.round) return;
      if (standing?.status === "success" && standing.connection) {
        this.opened?.close();
        this.succeeded(standing.connection);
        return;
      }
      if (standing && standing.status !== "pending") {
        this.current = undefined;
        this.fail(standing);
        return;
      }
      if (standing?.error && standing.error.reference !== this.told) this.fail(standing);
      if (!this.opened?.closed) closedAt = undefined;
      else closedAt ??= Date.now();
      const isClosed = closedAt !== undefined && Date.now() - closedAt >= CLOSED_FOR;
      if (isClosed && this.shown === "waiting") this.show("closed");
    }
  }

  private standing(signIn: SignIn): Promise<Standing> {
    const ticket = new FormData(this.form).get("ticket") as string;
    const question = new FormData();
    question.set("ticket", ticket);
    question.set("request", signIn.request);
    return this.post<Standing>(question);
  }

  private async post<Answer>(fields: FormData): Promise<Answer> {
    const body = new URLSearchParams(fields as unknown as Record<string, string>);
    const headers = { accept: "application/json" };
    const answer = await fetch(this.form.action, { method: "POST", body, headers });
    return (await answer.json()) as Answer;
  }

  private fail({ error }: Standing): void {
    const [happened, reference] = [one("data-happened"), one("data-reference")];
    if (happened && error) happened.textContent = error.happened;
    if (reference && error) reference.textContent = error.reference;
    this.told = error?.reference ?? this.told;
    for (const button of document.querySelectorAll<HTMLElement>("[data-again]")) {
      // A sign-in that is over begins with the form.
      button.hidden = !this.current;
    }
    this.show("failed");
  }

  private show(panel: Panel): void {
    this.shown = panel;
    for (const each of document.querySelectorAll<HTMLElement>("[data-panel]")) {
      each.hidden = each.dataset.panel !== panel;
      // Who hears the page is led to what has changed.
      if (!each.hidden) each.querySelector<HTMLElement>("h1")?.focus();
    }
  }
}
