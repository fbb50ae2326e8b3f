import html
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import Request, urlopen

import jwt  # pip install pyjwt

LINKSPAN = os.environ.get("LINKSPAN_URL", "http://127.0.0.1:9000")
SECRET = os.environ.get("LINKSPAN_SECRET", "-".join(["local-demo-secret"] * 4))
PORT = int(os.environ.get("PORT", "3000"))


def token(customer):
    """Says who the customer is, signed with the workspace's secret."""
    return jwt.encode({"iss": "demo", "exp": int(time.time()) + 600, **customer}, SECRET, algorithm="HS256")


def get(path, customer):
    """Asks Linkspan with the customer's own token."""
    request = Request(LINKSPAN + path, headers={"Authorization": f"Bearer {token(customer)}"})
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


def start_page(customer):
    payload = json.dumps({
        "integrationKey": "demo-oauth2",
        "token": token(customer),
        "redirectUri": f"http://localhost:{PORT}/connected",
    })
    return f"""<form method="post" action="{LINKSPAN}/connection-popup">
        <input type="hidden" name="payload" value="{html.escape(payload)}">
        <button>Connect Demo CRM</button></form>"""


def result_page(parameters, customer):
    if "connectionId" not in parameters:
        return "Not connected: " + html.escape(parameters.get("error", [""])[0])
    connection = "/connections/" + quote(parameters["connectionId"][0], safe="")
    try:
        # Never trust the address: this is the customer's connection if Linkspan says so.
        name = get(connection, customer)["name"]
        # The CRM's own API, by a request to which Linkspan adds the credentials.
        user = get(connection + "/proxy/me", customer)["name"]
    except HTTPError as refused:
        return "Not your connection." if refused.code == 404 else "The CRM does not answer."
    return html.escape(f"Connected: {name}, as {user}")


class App(BaseHTTPRequestHandler):
    def do_GET(self):
        address = urlsplit(self.path)
        customer = {"id": "customer-1", "name": "Ada Lovelace"}  # from your session
        if address.path == "/connected":
            page = result_page(parse_qs(address.query), customer)
        else:
            page = start_page(customer)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())


server = ThreadingHTTPServer(("localhost", PORT), App)
print(f"http://localhost:{PORT}", flush=True)
server.serve_forever()
