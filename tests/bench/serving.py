"""Servers on loopback that answer for a service."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def start(answer):
    """Starts such a server, and returns its address."""
    started = server(answer)
    threading.Thread(target=started.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{started.server_port}"


def server(answer):
    """A server on a free port, whose `serve_forever` is still to be called. To each POST it sends the status and the body,
    as bytes, that `answer` returns for its headers and its body."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body of an answer would wait for each other's acknowledgement.
        disable_nagle_algorithm = True

        def do_POST(self):  # noqa: N802
            self._send(*answer(self.headers, self.rfile.read(int(self.headers["content-length"]))))

        def do_GET(self):  # noqa: N802
            self._send(404, b"")

        def _send(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Server(("127.0.0.1", 0), Handler)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        # Who no longer waits for an answer may go.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, address)
