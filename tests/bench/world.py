"""What the contenders run against: DynamoDB and the provider of the local run, and a proxy that counts."""

import http.client
import json
import os
import tempfile
import threading
import zipfile
from collections import namedtuple
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

# Of tests/lambda: the browser, the tokens, and how a server is started.
import client
import kms
import limits
import services
import serving

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "target"
LOGS = TARGET / "bench/logs"
# Where the functions are that are measured.
BUILT = Path(os.environ.get("BENCH_FUNCTIONS", TARGET / "release"))

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


# The demo's workspace as the local run defines it.
WORKSPACE = {
    "name": "Demo workspace",
    "secret": services.SECRET,
    "redirectUris": ["http://127.0.0.1:*/*", "http://localhost:*/*"],
    "origins": ["http://127.0.0.1:*", "http://localhost:*"],
}


def start():
    """Starts the local run, whose release build keeps its tables in memory."""
    LOGS.mkdir(parents=True, exist_ok=True)
    for old in LOGS.iterdir():
        old.unlink()
    ports = ["--port", str(services.LOCAL_PORT), "--dynamodb-port", str(urlsplit(DYNAMODB).port)]
    command = [str(TARGET / "release/linkspan-local"), *ports]
    service = services.Service("the local run", command, "Linkspan is ready at", services.LOCAL_PORT).wait()
    define(send)
    # For each write the embedded database looks through the whole stream for its next number; DynamoDB does not.
    dynamodb("UpdateTable", TableName="connections", StreamSpecification={"StreamEnabled": False})
    return service


@cache
def _archive(name):
    archive = tempfile.TemporaryFile()
    limits.packed(BUILT / name, archive)
    return archive


def unpacked(name):
    """A function's binary, anew out of its zip, as Lambda has it. How a file lies in the page cache decides how fast it
    is mapped: what a linker wrote lies badly, and one copy is luckier than another."""
    folder = TARGET / "bench/functions"
    with zipfile.ZipFile(_archive(name)) as pack:
        new = Path(pack.extract("bootstrap", folder))
    new.chmod(0o755)
    # Those that run keep the one before.
    return new.replace(folder / name)


def define(send):
    """Defines the workspace and the integration, whose secrets are then sealed under the key of whoever was asked."""
    # What is there would be read first, and another's key does not open it. Its id is made of its key, and stays.
    dynamodb("DeleteItem", TableName="integrations", Key={
        "pk": {"S": services.WORKSPACE}, "sk": {"S": f"integration#{integration()}"},
    })
    for path, definition in (
        (f"/workspaces/{services.WORKSPACE}", WORKSPACE), ("/integrations/demo-oauth2", INTEGRATION),
    ):
        status, body = send("PUT", path, definition)
        if status not in (200, 201):
            raise RuntimeError(f"{path} could not be defined: {body}")


@cache
def integration():
    """The id of the demo's integration, which the local run has defined."""
    status, body = send("GET", "/integrations/demo-oauth2")
    if status != 200:
        raise RuntimeError(f"the demo lacks its integration: {body}")
    return json.loads(body)["id"]


def send(method, path, body=None):
    """A REST request to the local run by the demo workspace's administrator: status and body."""
    connection = http.client.HTTPConnection(urlsplit(services.LOCAL).netloc)
    connection.request(method, path, None if body is None else json.dumps(body), {
        "Authorization": f"Bearer {client.token(isAdmin=True)}", "Content-Type": "application/json",
    })
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


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
    """Between a function and DynamoDB: asks for the consumed capacity of each request, and writes it down. It also
    answers for KMS, with keys that are wrapped in nothing but base64, and as long as KMS's. What `refuses` names, a service
    with an error's code, it answers with that error."""

    def __init__(self):
        self.recorded, self.refuses = [], {}
        self.endpoint = serving.start(self._answer)

    def _answer(self, headers, body):
        target = headers["x-amz-target"]
        service, _, operation = target.partition(".")
        service, body, units = service.split("_")[0], json.loads(body), (0, 0)
        if service in self.refuses:
            status, answer = 400, json.dumps({"__type": self.refuses[service], "message": "no"}).encode()
        elif service == "TrentService":
            status, answered = kms.answer(operation, body)
            answer = json.dumps(answered).encode()
        else:
            body["ReturnConsumedCapacity"] = "INDEXES"
            status, answer = _exchange(DYNAMODB, {"x-amz-target": target}, json.dumps(body).encode())
            units = _units(operation, json.loads(answer))
        self.recorded.append(Request(service, operation, *units))
        return status, answer

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
