"""Answers for KMS, with keys that are wrapped in nothing but base64, and as long as KMS's. As a program it serves, and
prints its port."""

import base64
import json
import secrets

import serving

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


def served(headers, body):
    """The same for a request of HTTP."""
    status, answered = answer(headers["x-amz-target"].partition(".")[2], json.loads(body))
    return status, json.dumps(answered).encode()


if __name__ == "__main__":
    server = serving.server(served)
    print(server.server_port, flush=True)
    server.serve_forever()
