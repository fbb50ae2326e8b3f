"""The routes: the same on AWS and under `cargo lambda watch`, and each ends at a function."""

import re
import tomllib
import unittest

import client
import services


def router():
    """(method, path, function) as `cargo lambda watch` reads them."""
    manifest = tomllib.loads((services.ROOT / "Cargo.toml").read_text())
    routes = manifest["workspace"]["metadata"]["lambda"]["watch"]["router"]
    return {(method, route["path"], route["function"]) for route in routes for method in route["methods"]}


def template():
    """(method, path, function) as API Gateway gets them."""
    text = (services.ROOT / "infra/template.yaml").read_text()
    found = re.findall(r'RouteKey: "(\w+) (\S+)", Target: !Sub "integrations/\$\{(\w+)Integration\}"', text)
    assert len(found) == text.count("AWS::ApiGatewayV2::Route\n"), "a route is written in another way"
    # Each has a notation of its own for the rest of a path.
    found = [(method, path.replace("{path+}", "{*path}"), function) for method, path, function in found]
    return {(method, path, function.lower()) for method, path, function in found}


class Routes(unittest.TestCase):
    maxDiff = None

    def test_template_and_local_router_agree(self):
        self.assertEqual(sorted(template()), sorted(router()))

    def test_every_route_reaches_its_function(self):
        watch = services.start()
        for method, path, function in sorted(router(), key=lambda route: route[2]):
            with self.subTest(f"{method} {path}"):
                url = services.WATCH + re.sub(r"\{\*?\w+\}", "nothing-of-this-name", path)
                answer = client.Browser().visit(url, method)
                # The emulator answers so itself where no route matches, or where the function broke down.
                self.assertNotIn("Default function disabled", answer.body)
                # 501 is an answer too: the event stream says that there is none.
                self.assertIn(answer.status, [*range(200, 500), 501], answer.body)
                self.assertIn(f'spawning function instance function="{function}"', "".join(watch.log))

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
