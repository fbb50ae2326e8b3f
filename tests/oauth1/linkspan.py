"""The local run under test, and what its callers do: sign tokens, define integrations, read connections."""

import atexit
import base64
import hashlib
import hmac
import http.client
import json
import os
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

BINARY = os.environ.get("LINKSPAN_BIN", Path(__file__).resolve().parents[2] / "target/debug/linkspan-local")
READY = "Linkspan is ready at "

# The local run's own: its README names them.
WORKSPACE = "demo"
SECRET = "local-demo-secret-local-demo-secret-local-demo-secret-local-demo-secret"

# The page that wants the result; nobody needs to be there.
DONE = "http://127.0.0.1:1/done?mine=kept"

_started = {}


def start():
    """Starts the local run, once for all test modules, and returns its address."""
    if "base" not in _started:
        process = subprocess.Popen([BINARY, "--port", "0"], stdout=subprocess.PIPE, text=True)
        atexit.register(lambda: (process.terminate(), process.wait(10), process.stdout.close()))
        lines = iter(process.stdout.readline, "")
        _started["base"] = next(line.removeprefix(READY).strip() for line in lines if line.startswith(READY))
    return _started["base"]


def token(**claims):
    """A token of the demo workspace (RFC 7519, HS256)."""
    claims = {"iss": WORKSPACE, "exp": int(time.time()) + 600} | claims
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_base64url(hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256))}"


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def query(url):
    """The parameters of a URL, each of which must be there once."""
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def api(method, path, body=None, **claims):
    """A REST request with a token of these claims; those of a manager unless given."""
    bearer = token(**(claims or {"isAdmin": True}))
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    answer = _send(start() + path, method, None if body is None else json.dumps(body), headers)
    if answer.status >= 300:
        raise AssertionError(f"{method} {path}: {answer.status} {answer.body}")
    return json.loads(answer.body)


def _send(url, method, body, headers):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
        response = connection.getresponse()
        return SimpleNamespace(
            url=url, status=response.status, headers=response.headers, body=response.read().decode(),
            location=(to := response.headers.get("location")) and urljoin(url, to),
        )
    finally:
        connection.close()


class Browser:
    """Keeps cookies and shows every redirect instead of following it.

    The flow's cookies are marked Secure and sent although this is http: browsers do the same on loopback, which
    Python's own cookie jar does not.
    """

    def __init__(self):
        self._cookies = {}

    def visit(self, url, form=None, origin=None):
        headers = {"Accept": "text/html"}
        if self._cookies and url.startswith(start()):
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin or start()}
        answer = _send(url, "GET" if form is None else "POST", None if form is None else urlencode(form), headers)
        for cookie in answer.headers.get_all("set-cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer

    def connect(self, integration, customer, **parameters):
        """Starts a flow as the workspace's page does: a form that posts `payload`."""
        payload = {"token": token(id=customer), "integrationKey": integration, "redirectUri": DONE} | parameters
        form = {"payload": json.dumps(payload)}
        return self.visit(f"{start()}/connection-popup", form, "http://127.0.0.1:1")

    def decide(self, started, answer):
        """Allows or denies at the provider; returns the address that it sends the browser back to."""
        page = self.visit(started.location)
        if page.status != 200 or "<form" not in page.body:
            raise AssertionError(f"the provider asked nothing: {page.status} {page.body}")
        return self.visit(started.location.split("?")[0] + f"?oauth_token={query(started.location)['oauth_token']}",
                          {"answer": answer}).location

    def result(self, callback):
        """From the provider's answer to the parameters that the caller gets."""
        answer = self.visit(callback)
        for _ in range(4):
            if answer.location is None or not answer.location.startswith(start()):
                break
            answer = self.visit(answer.location)
        if answer.location is None or not answer.location.startswith("http://127.0.0.1:1/done?"):
            raise AssertionError(f"no result: {answer.status} {answer.body[:2000]}")
        return query(answer.location)
