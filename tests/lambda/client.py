"""A browser, as far as a connection flow needs one, and the workspace's server that mints tokens."""

import base64
import hashlib
import hmac
import http.client
import json
import time
from html.parser import HTMLParser
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import services

# The first request to a function waits for its build.
TIMEOUT = 300


def token(customer=None, **claims):
    """A token of the demo workspace (RFC 7519, HS256)."""
    claims = {"iss": services.WORKSPACE, "exp": int(time.time()) + 600} | claims
    if customer is not None:
        claims["id"] = customer
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_base64url(hmac.digest(services.SECRET.encode(), signed.encode(), hashlib.sha256))}"


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def query(url):
    """The parameters of a URL, each of which must be there once."""
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


class Browser:
    """Keeps cookies and shows every redirect instead of following it.

    Cookies marked Secure are sent although the tests use http: browsers do the same on loopback, which Python's own
    cookie jar and curl do not.
    """

    def __init__(self):
        self.cookies = {}

    def visit(self, url, method="GET", form=None, headers=None):
        parts = urlsplit(url)
        headers = {"Accept": "text/html"} | (headers or {})
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form is not None:
            method, headers["Content-Type"] = "POST", "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, None if form is None else urlencode(form), headers)
            response = connection.getresponse()
            body = response.read().decode()
        finally:
            connection.close()
        cookies = response.headers.get_all("set-cookie", [])
        for cookie in cookies:
            self._keep(cookie)
        location = response.headers.get("location")
        return SimpleNamespace(
            url=url, status=response.status, headers=response.headers, body=body, set_cookies=cookies,
            location=location and urljoin(url, location),
        )

    def submit(self, page, fields):
        """Fills in the page's form and presses its first button."""
        form = Form(page.body)
        # The pages of a provider ask for different things.
        entered = {name: value for name, value in fields.items() if name in form.fields}
        url = urljoin(page.url, form.action or page.url)
        if form.method == "post":
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
            return self.visit(url, form=form.fields | entered, headers={"Origin": origin})
        return self.visit(f"{url.split('?')[0]}?{urlencode(form.fields | entered)}")

    def _keep(self, cookie):
        pair, _, attributes = cookie.partition(";")
        name, _, value = pair.strip().partition("=")
        if "max-age=0" in attributes.lower().replace(" ", ""):
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value


class Form(HTMLParser):
    """The first form of a page, with the button that agrees."""

    def __init__(self, body):
        super().__init__()
        self.action, self.method, self.fields = None, None, {}
        self._button = False
        self.feed(body)
        if self.method is None:
            raise AssertionError(f"no form in:\n{body[:2000]}")

    def handle_starttag(self, tag, attributes):
        given = {name: value or "" for name, value in attributes}
        if tag == "form" and self.method is None:
            self.action, self.method = given.get("action"), given.get("method", "get").lower()
        elif self.method is None or "name" not in given:
            return
        elif tag == "button" or given.get("type") == "submit":
            # A browser sends the one button that was pressed.
            if not self._button:
                self._button = True
                self.fields[given["name"]] = given.get("value", "")
        elif tag == "input":
            self.fields[given["name"]] = given.get("value", "")


def api(path, bearer):
    """GET of a REST resource: status and body."""
    answer = Browser().visit(
        services.WATCH + path, headers={"Accept": "application/json", "Authorization": f"Bearer {bearer}"}
    )
    return answer.status, json.loads(answer.body)
