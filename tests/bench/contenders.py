"""The contenders, and the API Gateway events (payload 2.0) that a customer's browser makes for them."""

import base64
import json
import secrets
import shutil
import time
import uuid
from contextlib import contextmanager
from functools import cache
from urllib.parse import parse_qs, urlencode, urlsplit

import client
import services
import world
from runtime import Function

GRANT = world.ROOT / "tests/bench/grant"
BUNDLE = world.TARGET / "bench/grant"

# What Lambda gives every function, and no more: a development machine's environment is not measured.
LAMBDA = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
    "TABLE_FLOWS": "flows",
}
OURS = LAMBDA | {name: services.ENVIRONMENT[name] for name in (
    "TABLE_CONNECTIONS", "TABLE_INTEGRATIONS", "TABLE_SCHEDULE", "WRAPPING_KEY", "ROOT_WORKSPACE_KEY", "ALLOW_LOOPBACK",
    "RUST_LOG",
)} | {"PUBLIC_URL": services.LOCAL}

# The same with a key in KMS: the proxy's.
KEYED = {name: value for name, value in OURS.items() if name != "WRAPPING_KEY"} | {
    "KMS_KEY_ID": "alias/linkspan", "ROOT_WORKSPACE_SECRET": services.SECRET,
}

_provider = client.Browser()


def event(method, path, query="", body=None, cookies=(), parameters=None, route=None, bearer=None):
    """An HTTP API's event: of a browser, or, with a token, of a REST client."""
    headers = {
        "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "accept-encoding": "gzip, deflate, br",
        "accept-language": "en-GB,en;q=0.9",
        "host": urlsplit(services.LOCAL).netloc,
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    made = {
        "version": "2.0",
        "routeKey": route or f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "connect.example.com",
            "domainPrefix": "connect",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                "userAgent": headers["user-agent"],
            },
            "requestId": secrets.token_urlsafe(12),
            "routeKey": route or f"{method} {path}",
            "stage": "$default",
            "time": "01/Jul/2026:12:00:00 +0000",
            "timeEpoch": int(time.time() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        made["cookies"] = [cookie.split(";")[0] for cookie in cookies]
    if query:
        made["queryStringParameters"] = {name: ",".join(values) for name, values in parse_qs(query).items()}
    if parameters:
        made["pathParameters"] = parameters
    if bearer is not None:
        headers |= {"accept": "application/json", "authorization": f"Bearer {bearer}"}
    if body is not None:
        kind = "application/x-www-form-urlencoded" if bearer is None else "application/json"
        headers |= {"content-type": kind, "origin": services.LOCAL}
        made |= {"body": base64.b64encode(body.encode()).decode(), "isBase64Encoded": True}
    return json.dumps(made).encode()


def initiation(token=None):
    """A start as the form of a customer's page posts it: a new one's, or this token's."""
    payload = {
        "token": token or client.token(str(uuid.uuid4()), name="Ada Lovelace"),
        "integrationKey": "demo-oauth2",
        "redirectUri": world.CONNECTED,
        "customState": "kept",
    }
    return event("POST", "/connection-popup", body=urlencode({"payload": json.dumps(payload)}))


def redirect(answer):
    """Where an answer sends the browser, and with which cookies."""
    answer = json.loads(answer)
    headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
    if answer["statusCode"] not in (302, 303) or "location" not in headers:
        raise AssertionError(f"not a redirect: {answer}")
    return headers["location"], answer.get("cookies") or []


def consent(address):
    """Signs in at the provider and agrees; the address that it sends the browser back to."""
    answer = _provider.visit(address)
    for _ in range(6):
        if answer.location and urlsplit(answer.location).path.startswith("/oauth-callback"):
            return answer.location
        if answer.location:
            answer = _provider.visit(answer.location)
        else:
            answer = _provider.submit(answer, {"user_name": "ada", "password": "lovelace"})
    raise AssertionError(f"the provider did not send the browser back: {answer.status} {answer.body[:2000]}")


def callback(started):
    """The callback that follows an initiation's answer."""
    address, cookies = redirect(started)
    return sent_back(consent(address), cookies), cookies


def sent_back(address, cookies):
    """The request of a browser that the provider has sent to this address."""
    back = urlsplit(address)
    parameters = {"integrationId": back.path.rsplit("/", 1)[1]}
    return event(
        "GET", back.path, back.query, cookies=cookies, parameters=parameters,
        route="GET /oauth-callback/{integrationId}",
    )


def result(called_back, cookies):
    """The request for the result that follows a callback's answer. A browser keeps the fragment to itself."""
    path = urlsplit(redirect(called_back)[0]).path
    parameters = {"flowId": path.rsplit("/", 1)[1]}
    return event("GET", path, cookies=cookies, parameters=parameters, route="GET /connection-result/{flowId}")


def connected(answer):
    """Fails unless the flow ended with a connection."""
    address, _ = redirect(answer)
    if "connectionId=" not in address:
        raise AssertionError(f"not connected: {address}")


def echoed(answer):
    """Fails unless a floor did its work."""
    answer = json.loads(answer)
    if answer["statusCode"] != 200 or answer["body"] != "/connection-popup":
        raise AssertionError(f"not an echo: {answer}")


def rust(name, endpoint=world.DYNAMODB, kms=None, more=None, share=None):
    """Starts one of the workspace's binaries as a function."""
    command = [str(world.unpacked(name))]
    environment = OURS if kms is None else KEYED | {"AWS_ENDPOINT_URL_KMS": kms}
    environment = environment | {"AWS_ENDPOINT_URL_DYNAMODB": endpoint} | (more or {})
    return Function(command, environment, str(world.LOGS / name), share)


@contextmanager
def sealed_by_kms(kms):
    """Defines the workspace and the integration once more, with secrets sealed under the key in KMS; afterwards as they
    were."""
    with rust("api", kms=kms) as api:
        def send(*request):
            return answered(api.invoke(rest(*request))[0])
        world.define(send)
    try:
        yield
    finally:
        world.define(world.send)


def answered(answer):
    """Status and body of a function's answer."""
    answer = json.loads(answer)
    body = answer.get("body") or ""
    return answer["statusCode"], base64.b64decode(body).decode() if answer.get("isBase64Encoded") else body


def rest(method, path, body=None, query="", token=None):
    """A REST request of the workspace's administrator, or of this token's bearer."""
    route = f"{method} /{path.split('/')[1]}" + ("/{key}" if path.count("/") > 1 else "")
    body = None if body is None else json.dumps(body)
    return event(method, path, query, body=body, route=route, bearer=token or client.token(isAdmin=True))


def grant(name, endpoint=world.DYNAMODB, more=None, share=None):
    """Starts grant on Node, under Lambda's own runtime client."""
    environment = LAMBDA | {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "LAMBDA_TASK_ROOT": str(BUNDLE),
        "_HANDLER": "index.handler",
        "AUTHORIZE_URL": f"{world.PROVIDER}/authorize",
        "ACCESS_URL": f"{world.PROVIDER}/token",
        "REDIRECT_URI": grant_redirect_uri(),
        "CONNECTED_URL": world.CONNECTED,
        "CLIENT_ID": world.CLIENT_ID,
        "CLIENT_SECRET": world.CLIENT_SECRET,
        "SESSION_SECRET": "a secret that signs the cookie of the session",
    } | (more or {})
    command = [shutil.which("node"), str(GRANT / "node_modules/aws-lambda-ric/index.mjs"), "index.handler"]
    return Function(command, environment, str(world.LOGS / name), share)


@cache
def grant_redirect_uri():
    """The demo provider knows one callback address, our integration's: grant's own route is named by the event."""
    with rust("initiate") as function:
        answer, _ = function.invoke(initiation())
    return client.query(redirect(answer)[0])["redirect_uri"]


def grant_initiation():
    """A start on grant's route."""
    return event("GET", "/connect/demo", route="GET /connect/{proxy+}")


def grant_callback(started):
    """The callback that follows grant's redirect to the provider."""
    address, cookies = redirect(started)
    back = urlsplit(consent(address))
    return event("GET", "/connect/demo/callback", back.query, cookies=cookies, route="GET /connect/{proxy+}")


def grant_connected(answer):
    """Fails unless grant went on to the page after the connection, which it does after an error too."""
    address, cookies = redirect(answer)
    if address != world.CONNECTED:
        raise AssertionError(f"not connected: {address}")
    (cookie,) = cookies
    sid = cookie.split("=", 1)[1].split(".")[0]
    session = world.dynamodb("GetItem", TableName="flows", Key={"pk": {"S": sid}})["Item"]["session"]["S"]
    if "access_token" not in session:
        raise AssertionError(f"no tokens: {session}")
