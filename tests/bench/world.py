"""What the contenders run against: DynamoDB and the provider of the local run, and a proxy that counts."""

import http.client
import json
import threading
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

# Of tests/lambda: the browser, the tokens, and how a server is started.
import client
import services

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "target"
LOGS = TARGET / "bench/logs"

PROVIDER = f"{services.LOCAL}/demo-provider"
DYNAMODB = f"http://127.0.0.1:{urlsplit(services.ENVIRONMENT['AWS_ENDPOINT_URL_DYNAMODB']).port}"
CLIENT_ID, CLIENT_SECRET = "linkspan-demo", "not-a-secret:100%+demo"
CONNECTED = f"{services.LOCAL}/demo/connected"

# Of the demo's "Demo CRM" without its test call: what every OAuth 2 connection needs, and what grant does too.
INTEGRATION = {
    "name": "Demo CRM",
    "baseUri": f"{PROVIDER}/api",
    "authOptions": [{
        "key": "oauth2",
        "type": "oauth2",
        "config": {
            "clientId": CLIENT_ID,
            "clientSecret": CLIENT_SECRET,
            "clientAuthLocation": "headers",
            "scopes": ["profile", "contacts"],
            "issuer": PROVIDER,
            "authorizationResponseIssParameterSupported": True,
            "authorizeUri": f"{PROVIDER}/authorize",
            "tokenUri": f"{PROVIDER}/token",
        },
    }],
}


def start():
    """Starts the local run, whose release build keeps its tables in memory."""
    LOGS.mkdir(parents=True, exist_ok=True)
    for old in LOGS.iterdir():
        old.unlink()
    ports = ["--port", str(urlsplit(services.LOCAL).port), "--dynamodb-port", str(urlsplit(DYNAMODB).port)]
    command = [str(TARGET / "release/linkspan-local"), *ports]
    service = services.Service("the local run", command, "Linkspan is ready at").wait()
    admin = client.token(isAdmin=True)
    connection = http.client.HTTPConnection(urlsplit(services.LOCAL).netloc)
    connection.request("PUT", "/integrations/demo-oauth2", json.dumps(INTEGRATION), {
        "Authorization": f"Bearer {admin}", "Content-Type": "application/json",
    })
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"the integration could not be defined: {body.decode()}")
    return service


def provider_calls():
    """How often each of the provider's endpoints was used."""
    return json.loads(client.Browser().visit(f"{PROVIDER}/stats").body)


def dynamodb(operation, **body):
    """One request to DynamoDB."""
    status, answer = _exchange(DYNAMODB, {"x-amz-target": f"DynamoDB_20120810.{operation}"}, json.dumps(body).encode())
    if status != 200:
        raise RuntimeError(f"{operation}: {answer.decode()}")
    return json.loads(answer)


_connections = threading.local()


def _exchange(endpoint, headers, body):
    if getattr(_connections, "open", None) is None:
        _connections.open = http.client.HTTPConnection(urlsplit(endpoint).netloc)
    connection = _connections.open
    # The emulator asks for a signature and does not check it.
    authorization = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, " \
        "SignedHeaders=host, Signature=0"
    connection.request("POST", "/", body, {
        "Content-Type": "application/x-amz-json-1.0", "Authorization": authorization,
        "X-Amz-Date": "20260101T000000Z", **headers,
    })
    answer = connection.getresponse()
    return answer.status, answer.read()


Request = namedtuple("Request", "service operation reads writes")


class Proxy:
    """Between a function and DynamoDB: asks for the consumed capacity of each request, and writes it down."""

    def __init__(self):
        recorded = self.recorded = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802
                service, _, operation = self.headers["x-amz-target"].partition(".")
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                body["ReturnConsumedCapacity"] = "INDEXES"
                target = {"x-amz-target": self.headers["x-amz-target"]}
                status, answer = _exchange(DYNAMODB, target, json.dumps(body).encode())
                recorded.append(Request(service.split("_")[0], operation, *_units(operation, json.loads(answer))))
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self):
        """The requests since the last time that this was asked."""
        taken = list(self.recorded)
        self.recorded.clear()
        return taken


READS = {"GetItem", "BatchGetItem", "Query", "TransactGetItems", "Scan"}


def _units(operation, answer):
    consumed = answer.get("ConsumedCapacity", [])
    units = sum(table["CapacityUnits"] for table in (consumed if isinstance(consumed, list) else [consumed]))
    return (units, 0) if operation in READS else (0, units)
