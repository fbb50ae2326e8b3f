"""Runs schemathesis against a new local run: once as who manages the workspace, once as a customer."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BINARY = os.environ.get("LINKSPAN_BIN", ROOT / "target/debug/linkspan-local")
READY = "Linkspan is ready at "

# The local run's own: its README names them.
WORKSPACE = "demo"
SECRET = "local-demo-secret-local-demo-secret-local-demo-secret-local-demo-secret"

CALLERS = {"admin": {"isAdmin": True}, "customer": {"id": "user-1", "name": "Ada Lovelace"}}


def token(**claims):
    """A token of the demo workspace (RFC 7519, HS256)."""
    claims = {"iss": WORKSPACE, "exp": int(time.time()) + 3600} | claims
    signed = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{base64url(hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256))}"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def check(caller, arguments):
    """Whether schemathesis found nothing, with this caller's token, and the service is still there."""
    print(f"\n--- as {caller}", flush=True)
    process = subprocess.Popen([BINARY, "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        lines = iter(process.stdout.readline, "")
        base = next(line.removeprefix(READY).strip() for line in lines if line.startswith(READY))
        # It prints events from now on, and must not wait for a reader.
        threading.Thread(target=lambda: all(lines), daemon=True).start()
        environment = os.environ | {
            "BASE": base,
            "TOKEN": token(**CALLERS[caller]),
            "CUSTOMER_TOKEN": token(**CALLERS["customer"]),
            "SCHEMATHESIS_HOOKS": "hooks",
            "PYTHONPATH": str(HERE),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        config, document = HERE / "schemathesis.toml", ROOT / "docs/openapi.json"
        command = ["schemathesis", "--config-file", config, "run", document, *arguments]
        # It keeps what it found in the folder that it runs in, and begins with that the next time.
        with tempfile.TemporaryDirectory() as folder:
            found = subprocess.run(command, cwd=folder, env=environment).returncode
        if process.poll() is not None:
            sys.exit(f"the service ended: {process.returncode}")
        return found == 0
    finally:
        process.terminate()
        process.wait()


def main():
    found = [caller for caller in CALLERS if not check(caller, sys.argv[1:])]
    sys.exit(f"schemathesis found something as {' and '.join(found)}" if found else 0)


if __name__ == "__main__":
    main()
