"""Answers for KMS, with keys that are wrapped in nothing but base64, and as long as KMS's. As a program it serves, and
prints its port."""

import base64
import json
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The bytes of a data key that KMS wrapped.
WRAPPED = 184


def answer(operation, body):
    """Status and body."""
    key = {"KeyId": "arn:aws:kms:us-east-1:123456789012:key/2f8c0b1e-6c1d-4f0e-9a3b-7d5e4c3b2a19"}
    if operation == "GenerateDataKey":
        plain = base64.b64encode(secrets.token_bytes(32)).decode()
        wrapped = base64.b64encode(plain.encode().ljust(WRAPPED)).decode()
        return 200, key | {"Plaintext": plain, "CiphertextBlob": wrapped}
    if operation == "Decrypt":
        wrapped = base64.b64decode(body["CiphertextBlob"])
        # It may be another key's: the workspace is defined under both in turn.
        if not wrapped.isascii():
            return 400, {"__type": "InvalidCiphertextException"}
        return 200, key | {"Plaintext": wrapped.decode().rstrip()}
    raise ValueError(operation)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer would wait for each other's acknowledgement.
    disable_nagle_algorithm = True

    def do_POST(self):  # noqa: N802
        operation = self.headers["x-amz-target"].partition(".")[2]
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status, answered = answer(operation, body)
        self._send(status, json.dumps(answered).encode())

    def do_GET(self):  # noqa: N802
        self._send(404, b"")

    def _send(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()
