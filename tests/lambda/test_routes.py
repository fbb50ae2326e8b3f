"""The routes under `cargo lambda watch`: each ends at a function. That they are those of the code is tests/structure's."""

import json
import re
import tomllib
import unittest

import client
import services


def router():
    """The functions by method and path, as `cargo lambda watch` reads them. Without methods a route has any."""
    manifest = tomllib.loads((services.ROOT / "Cargo.toml").read_text())
    return {
        (method, route["path"]): route["function"]
        for route in manifest["workspace"]["metadata"]["lambda"]["watch"]["router"]
        for method in route.get("methods", [None])
    }


def routes():
    """(method, path, function) of every operation that docs/openapi.json describes."""
    paths = json.loads((services.ROOT / "docs/openapi.json").read_text())["paths"]
    functions = router()
    others = functions[None, "/{*path}"]
    return [
        (method.upper(), path, functions.get((method.upper(), path)) or functions.get((None, path), others))
        for path, operations in paths.items()
        for method in operations.keys() - {"parameters"}
    ]


class Routes(unittest.TestCase):
    maxDiff = None

    def test_every_route_reaches_its_function(self):
        watch = services.start()
        for method, path, function in sorted(routes(), key=lambda route: route[2]):
            with self.subTest(f"{method} {path}"):
                url = services.WATCH + re.sub(r"\{\w+\}", "nothing-of-this-name", path)
                answer = client.Browser().visit(url, method)
                # The emulator answers so itself where no route matches, or where the function broke down.
                self.assertNotIn("Default function disabled", answer.body)
                # 501 is an answer too: the event stream says that there is none.
                self.assertIn(answer.status, [*range(200, 500), 501], answer.body)
                self.assertNotEqual(answer.status, 405, answer.body)
                self.assertIn(f'spawning function instance function="{function}"', "".join(watch.log))

    def test_another_method_is_answered_by_the_function(self):
        services.start()
        for path, allow in [("/connect", "GET, POST"), ("/connections", "GET, OPTIONS, POST")]:
            answer = client.Browser().visit(services.WATCH + path, "DELETE")
            self.assertEqual(answer.status, 405, answer.body)
            self.assertEqual(answer.headers["allow"], allow)

    def test_preflight_is_answered_by_the_api_function(self):
        services.start()
        answer = client.Browser().visit(services.WATCH + "/connections", "OPTIONS", headers={
            "Origin": services.LOCAL,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization,membrane-api-version",
        })
        self.assertLess(answer.status, 300, answer.body)
        allowed = answer.headers.get("access-control-allow-headers", "").lower()
        self.assertIn("authorization", allowed)
        self.assertIn("membrane-api-version", allowed)
