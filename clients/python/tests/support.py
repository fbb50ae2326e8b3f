"""The local run, a customer's browser, and a server that answers what a test wants."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "tests/languages"))

from test_backends import Browser, free_port, local_run, started  # type: ignore[import-not-found]  # noqa: E402

from linkspan import Linkspan, StartForm  # noqa: E402

__all__ = ["DEMO", "Browser", "Server", "demo", "free_port", "local_run", "sent", "started"]

# The demo workspace, which the local run prints when it starts.
DEMO = {"workspace_key": "demo", "secret": "-".join(["local-demo-secret"] * 4)}


def demo(url: str, **options: Any) -> Linkspan:
    return Linkspan(url, **{**DEMO, **options})


def sent(form: StartForm) -> Any:
    """A browser of its own that has sent the form from a page of the workspace's."""
    browser = Browser()
    browser.address = "http://127.0.0.1:1/"
    browser.visit(form.action, form.fields)
    return browser


@dataclass
class Seen:
    method: str
    path: str
    headers: Message
    body: bytes


@dataclass
class Server:
    """Answers each request by the next of its answers, and remembers what it saw."""

    answers: list[tuple[int, dict[str, str], bytes]]
    seen: list[Seen] = field(default_factory=list)

    def start(self, cleanup: Callable[[Callable[[], None]], None]) -> str:
        """Its address, until `cleanup`."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline()
                if not self.parse_request():
                    return
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.seen.append(Seen(self.command, self.path, self.headers, body))
                status, headers, content = outer.answers.pop(0)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)
                self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        for end in (server.server_close, thread.join, server.shutdown):
            cleanup(end)
        return f"http://127.0.0.1:{server.server_address[1]}"
