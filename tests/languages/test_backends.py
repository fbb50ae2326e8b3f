"""Each language's backend, run as its page shows it: a customer connects through it, and it calls the provider."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

HERE = Path(__file__).parent
LINKSPAN = os.environ.get("LINKSPAN_BIN", HERE.parents[1] / "target/debug/linkspan-local")


def until(process, begins):
    """What follows in the first line that begins so."""
    for line in iter(process.stdout.readline, ""):
        if line.startswith(begins):
            return line.removeprefix(begins).strip()
    raise AssertionError(f"it ended with {process.wait()}")


def started(cleanup, command, begins, **options):
    """Starts a process that is ended by `cleanup`. Returns what follows in its first line that begins so."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
    cleanup(lambda: (process.terminate(), process.wait(), process.stdout.close()))
    return until(process, begins)


def local_run(cleanup):
    """The address of a local run."""
    return started(cleanup, [LINKSPAN, "--port", "0"], "Linkspan is ready at ")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Form(HTMLParser):
    """The form of a page: where it goes, and what it sends unless somebody types something else."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.action = attributes["action"]
        elif tag == "input" and "name" in attributes:
            self.fields[attributes["name"]] = attributes.get("value", "")


class Browser:
    """Follows redirects and keeps cookies for each host, those that are marked Secure too: this is loopback."""

    def __init__(self):
        self.address, self.page, self.cookies = None, None, {}

    def visit(self, address, form=None):
        headers = {"Accept": "text/html"}
        body = None
        if form is not None:
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.address))
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
            body = urlencode(form)
        for _ in range(10):
            parts = urlsplit(address)
            cookies = self.cookies.setdefault(parts.netloc, {})
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
            connection = http.client.HTTPConnection(parts.netloc, timeout=30)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            self.address, self.page = address, answer.read().decode()
            connection.close()
            for cookie in answer.headers.get_all("set-cookie", []):
                name, _, value = cookie.partition(";")[0].partition("=")
                cookies[name] = value
            if answer.status != 303:
                return
            address, body = urljoin(address, answer.headers["location"]), None
        raise AssertionError(f"it never arrives: {address}")

    def send(self, **typed):
        form = Form(self.page)
        self.visit(urljoin(self.address, form.action), form.fields | typed)


class Backends(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.linkspan = local_run(cls.addClassCleanup)

    def walk(self, *command):
        environment = os.environ | {"LINKSPAN_URL": self.linkspan, "PORT": str(free_port())}
        begins = "http://localhost"
        backend = begins + started(self.addCleanup, command, begins, cwd=HERE, env=environment)

        browser = Browser()
        browser.visit(backend)
        browser.send()
        browser.send(user_name="ada", password="lovelace")
        browser.send(decision="allow")
        result = urlsplit(browser.address)
        self.assertEqual(f"{result.scheme}://{result.netloc}{result.path}", f"{backend}/connected", browser.page)
        self.assertRegex(parse_qs(result.query)["connectionId"][0], r"^[0-9a-f]{24}$")
        self.assertEqual(browser.page.strip(), "Connected: Demo CRM, as Ada Lovelace")

        browser.visit(f"{backend}/connected?connectionId=..%2Fself")
        self.assertEqual(browser.page.strip(), "Not your connection.")

        browser.visit(backend)
        browser.send()
        browser.send(decision="deny")
        self.assertEqual(browser.page.strip(), "Not connected: The access was not granted.")

    def test_python(self):
        self.walk(sys.executable, "python/app.py")

    def test_go(self):
        # `go run` would leave the server behind when it is ended.
        built = Path(self.enterContext(tempfile.TemporaryDirectory())) / "app"
        subprocess.run(["go", "build", "-o", built, "go/app.go"], cwd=HERE, check=True)
        self.walk(built)

    def test_ruby(self):
        self.walk("ruby", "ruby/app.rb")


if __name__ == "__main__":
    unittest.main()
