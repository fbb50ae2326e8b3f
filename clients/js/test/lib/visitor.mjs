// A customer's browser, as plain HTTP: it follows redirects, keeps cookies and sends forms.

export class Visitor {
  #cookies = new Map();
  url;
  page;
  /** Where nobody answers: the visitor only goes there. */
  stopsAt;

  async visit(url, fields) {
    const headers = { accept: "text/html" };
    let init = { headers };
    if (fields) {
      const origin = this.url ? new URL(this.url).origin : new URL(url).origin;
      init = { method: "POST", body: new URLSearchParams(fields), headers: { ...headers, origin } };
    }
    for (let hops = 0; hops < 10; hops += 1) {
      if (this.stopsAt && url.startsWith(this.stopsAt)) {
        this.url = url;
        return;
      }
      const { host } = new URL(url);
      const jar = this.#cookies.get(host) ?? new Map();
      this.#cookies.set(host, jar);
      const cookie = [...jar].map((pair) => pair.join("=")).join("; ");
      const response = await fetch(url, { ...init, headers: { ...init.headers, cookie }, redirect: "manual" });
      this.url = url;
      this.page = await response.text();
      for (const set of response.headers.getSetCookie()) {
        const [, name, value] = set.match(/^([^=]*)=([^;]*)/);
        jar.set(name, value);
      }
      const location = response.headers.get("location");
      if (location === null) return;
      url = new URL(location, url).href;
      init = { headers };
    }
    throw new Error(`it never arrives: ${url}`);
  }

  /** Sends the page's form, with what is typed into it. */
  async send(typed = {}) {
    const action = attribute(this.page.match(/<form[^>]*>/)[0], "action");
    const fields = {};
    for (const [input] of this.page.matchAll(/<input[^>]*>/g)) {
      const name = attribute(input, "name");
      if (name) fields[name] = attribute(input, "value") ?? "";
    }
    await this.visit(new URL(action, this.url).href, { ...fields, ...typed });
  }

  /** From the app's form to its `redirectUri`, by way of the demo provider. */
  async connect(decision = "allow") {
    await this.send();
    if (this.stopsAt && this.url.startsWith(this.stopsAt)) return;
    if (this.url.includes("/demo-provider/sign-in")) await this.send({ user_name: "ada", password: "lovelace" });
    await this.send({ decision });
  }

  /** What the address says. */
  get query() {
    return new URL(this.url).searchParams;
  }
}

const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"' };

function attribute(tag, name) {
  const value = tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1];
  return value?.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (_, decimal, hexadecimal, named) => {
    return named ? NAMED[named] : String.fromCharCode(decimal ? Number(decimal) : parseInt(hexadecimal, 16));
  });
}
