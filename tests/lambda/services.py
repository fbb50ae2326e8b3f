"""The two servers that these tests talk to, on loopback and on ports of their own.

The local run brings DynamoDB, the demo workspace and the demo provider; `cargo lambda watch` runs the Lambda binaries
over the same tables.
"""

import atexit
import base64
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The local run's own: its README names them.
WORKSPACE = "demo"
SECRET = "local-demo-secret-local-demo-secret-local-demo-secret-local-demo-secret"

# The first start may have to compile.
START_SECONDS = 900


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


LOCAL_PORT, _dynamodb_port, WATCH_PORT = _free_ports(3)
LOCAL = f"http://127.0.0.1:{LOCAL_PORT}"
WATCH = f"http://127.0.0.1:{WATCH_PORT}"

ENVIRONMENT = os.environ | {
    # Both servers open what the other sealed.
    "WRAPPING_KEY": base64.b64encode(b"local demo wrapping key, no aws!").decode(),
    "TABLE_FLOWS": "flows",
    "TABLE_CONNECTIONS": "connections",
    "TABLE_INTEGRATIONS": "integrations",
    "TABLE_SCHEDULE": "schedule",
    "PUBLIC_URL": WATCH,
    "ROOT_WORKSPACE_KEY": WORKSPACE,
    "ROOT_WORKSPACE_SECRET": SECRET,
    "AWS_ENDPOINT_URL_DYNAMODB": os.environ.get("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{_dynamodb_port}"),
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    # The demo provider and the demo page are on loopback, which a deployment refuses to call or to redirect to.
    "ALLOW_LOOPBACK": "true",
    "RUST_LOG": "info",
}


class Service:
    """A server in a process group of its own, so that what it started ends with it."""

    def __init__(self, name, command, ready, port):
        self.name, self.log, self._port = name, [], port
        self._ready, self._pattern = threading.Event(), re.compile(ready)
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=ENVIRONMENT, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        threading.Thread(target=self._read, daemon=True).start()
        atexit.register(self.stop)

    def _read(self):
        # Read to the end: a full pipe would stop the server.
        for line in self._process.stdout:
            self.log.append(line)
            if self._pattern.search(line):
                self._ready.set()

    def wait(self):
        deadline = time.monotonic() + START_SECONDS
        while not (self._ready.wait(0.2) and self._listens()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start:\n{''.join(self.log[-60:])}")
        return self

    def _listens(self):
        # A server may say that it starts before it listens.
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
            return False
        return True

    def stop(self):
        for each, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            if self._process.poll() is not None:
                return
            os.killpg(self._process.pid, each)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue


_started = {}


def start_local(*options):
    """Starts the local run, once for all test modules."""
    if "local" not in _started:
        command = ["cargo", "run", "--", "--port", str(LOCAL_PORT), "--dynamodb-port", str(_dynamodb_port), *options]
        _started["local"] = Service("the local run", command, "Linkspan is ready at", LOCAL_PORT).wait()
    return _started["local"]


def start():
    """Starts both servers, once for all test modules, and returns the watch server."""
    if "watch" not in _started:
        if "AWS_ENDPOINT_URL_DYNAMODB" not in os.environ:
            start_local("--callback-base", WATCH)
        watch = ["cargo", "lambda", "watch", "--ignore-changes", "--invoke-address", "127.0.0.1"]
        _started["watch"] = Service(
            "cargo lambda watch", [*watch, "--invoke-port", str(WATCH_PORT)], "starting Runtime server", WATCH_PORT
        ).wait()
        # Without a handler a terminated test run would leave them behind.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return _started["watch"]
