"""How the API is called: what is sent, what is sent again, and what becomes of an answer that is none."""

import copy
import json
import pickle
import socket
import time
import unittest
from typing import Any, Callable
from unittest import mock

from linkspan import Customer, Linkspan, LinkspanError
from support import DEMO, Server, demo, free_port

OK: tuple[int, dict[str, str], bytes] = (200, {}, b'{"id": "c1"}')
ADA = Customer("ada")


def refused(status: int, headers: dict[str, str] | None = None, **error: Any) -> tuple[int, dict[str, str], bytes]:
    body = {"type": "bad_request", "key": "not_found", "message": "No.", **error}
    return status, headers or {}, json.dumps(body).encode()


class Calls(unittest.TestCase):
    def setUp(self) -> None:
        sleep = mock.patch.object(time, "sleep")
        self.sleep = sleep.start()
        self.addCleanup(sleep.stop)

    def serve(self, *answers: tuple[int, dict[str, str], bytes], **options: Any) -> Linkspan:
        self.server = Server(list(answers))
        return demo(self.server.start(self.addCleanup), **options)

    def error(self, call: Callable[[], object]) -> LinkspanError:
        with self.assertRaises(LinkspanError) as raised:
            call()
        return raised.exception

    def test_a_call_carries_a_token_in_its_header_alone(self) -> None:
        linkspan = self.serve(OK)
        linkspan.as_customer(ADA).connections.rename("c1", "Ünnamed")
        [seen] = self.server.seen
        self.assertEqual((seen.method, seen.path), ("PATCH", "/connections/c1"))
        self.assertRegex(seen.headers["authorization"], r"^Bearer eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$")
        self.assertEqual(seen.headers["content-type"], "application/json")
        self.assertEqual(json.loads(seen.body), {"name": "Ünnamed"})

    def test_a_safe_call_waits_and_asks_again_twice(self) -> None:
        for status, key in ((429, "rate_limit_exceeded"), (503, "lock_timeout")):
            with self.subTest(status=status):
                self.sleep.reset_mock()
                again = refused(status, {"Retry-After": "3"}, key=key)
                linkspan = self.serve(again, again, OK)
                self.assertEqual(linkspan.as_manager().connections.get("c1")["id"], "c1")
                self.assertEqual(self.sleep.call_args_list, [mock.call(3), mock.call(3)])

                linkspan = self.serve(again, again, again, OK)
                error = self.error(lambda: linkspan.as_manager().connections.get("c1"))
                self.assertEqual((error.key, error.status, error.retry_after), (key, status, 3))
                self.assertEqual(len(self.server.seen), 3)

    def test_what_changes_something_is_sent_once(self) -> None:
        linkspan = self.serve(refused(429, {"Retry-After": "1"}), OK)
        error = self.error(lambda: linkspan.as_manager().connections.test("c1"))
        self.assertEqual((error.status, error.retry_after), (429, 1))
        self.assertEqual(len(self.server.seen), 1)

    def test_nobody_waits_longer_than_for_a_call(self) -> None:
        linkspan = self.serve(refused(429, {"Retry-After": "30"}), OK, timeout=30)
        error = self.error(lambda: linkspan.as_manager().connections.get("c1"))
        self.assertEqual(error.retry_after, 30)
        self.sleep.assert_not_called()

    def test_only_what_says_when_is_asked_again(self) -> None:
        for answer in (refused(503), refused(500, {"Retry-After": "1"}), refused(503, {"Retry-After": "soon"})):
            linkspan = self.serve(answer, OK)
            self.error(lambda: linkspan.as_manager().connections.get("c1"))  # noqa: B023
            self.assertEqual(len(self.server.seen), 1)

    def test_an_error_is_told_as_it_is(self) -> None:
        linkspan = self.serve(refused(404, data={"field": "connectionId"}, reference="7K3M9QXA"))
        error = self.error(lambda: linkspan.as_manager().connections.get("c1"))
        self.assertEqual((error.type, error.key, error.message), ("bad_request", "not_found", "No."))
        self.assertEqual((error.data, error.reference, error.status), ({"field": "connectionId"}, "7K3M9QXA", 404))
        self.assertEqual(str(error), "No. (not_found, reference 7K3M9QXA)")
        for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            self.assertEqual(vars(other), vars(error))

    def test_what_answers_in_other_words_is_not_linkspan(self) -> None:
        for answer, said_type in (
            ((500, {}, b'{"message": "Internal Server Error"}'), "dependency_error"),
            ((429, {}, b'{"message": "Too Many Requests"}'), "dependency_error"),
            ((404, {}, b'{"message": "Not Found"}'), "bad_request"),
            ((200, {}, b"<html>"), "bad_request"),
            ((302, {"Location": "/elsewhere"}, b""), "bad_request"),
            ((400, {}, b"[" * 100_000), "bad_request"),
            (refused(400, type="else"), "bad_request"),
            (refused(400, key=7), "bad_request"),
        ):
            with self.subTest(answer=answer[:2]):
                linkspan = self.serve(answer)
                error = self.error(lambda: linkspan.as_manager().connections.get("c1"))  # noqa: B023
                self.assertEqual((error.type, error.key), (said_type, "answer_unexpected"))
                self.assertEqual(error.status, answer[0])

    def test_a_token_follows_no_redirect(self) -> None:
        linkspan = self.serve((307, {"Location": "/elsewhere"}, b""), OK)
        self.error(lambda: linkspan.as_manager().connections.get("c1"))
        answer = demo(Server([(302, {"Location": "/login"}, b"")]).start(self.addCleanup)).as_manager().proxy("c1")
        self.assertEqual(answer.request("GET", "/me").headers["location"], "/login")
        self.assertEqual([seen.path for seen in self.server.seen], ["/connections/c1"])

    def test_who_does_not_answer_is_unreachable(self) -> None:
        linkspan = demo(f"http://127.0.0.1:{free_port()}")
        error = self.error(lambda: linkspan.as_manager().connections.get("c1"))
        self.assertEqual((error.type, error.key, error.status), ("dependency_error", "unreachable", None))

    def test_who_does_not_answer_in_time_is_not_waited_for(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            linkspan = demo(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.01)
            error = self.error(lambda: linkspan.as_manager().connections.get("c1"))
        self.assertEqual((error.key, error.message), ("unreachable", "Linkspan did not answer in time."))

    def test_an_answer_that_breaks_off_is_none(self) -> None:
        linkspan = self.serve((200, {"Content-Length": "100"}, b'{"id": "c1"}'))
        error = self.error(lambda: linkspan.as_manager().connections.get("c1"))
        self.assertEqual(error.key, "unreachable")

    def test_an_id_that_is_none_leads_nowhere(self) -> None:
        linkspan = self.serve()
        session = linkspan.as_manager()
        for id in ("", ".", "..", "../self", "a/b", "a%2fb", "a?b", "a#b", "a b", "ü", "a\n"):
            for call in (session.connections.get, session.connections.archive, session.complete_request, session.proxy):
                with self.subTest(id=id, call=call):
                    self.assertEqual(self.error(lambda: call(id)).key, "not_found")  # noqa: B023
        self.assertEqual(self.server.seen, [])

    def test_a_list_goes_on_until_there_is_no_cursor(self) -> None:
        pages = [
            b'{"items": [{"id": "c1"}, {"id": "c2"}], "cursor": "a+b"}',
            b'{"items": [], "cursor": "c"}',
            b'{"items": [{"id": "c3"}]}',
        ]
        linkspan = self.serve(*((200, {}, page) for page in pages))
        listed = linkspan.as_manager().connections.list(disconnected=True, search="a & b", limit=2)
        self.assertEqual(self.server.seen, [], "nothing is read before it is asked for")
        self.assertEqual([connection["id"] for connection in listed], ["c1", "c2", "c3"])
        start = "/connections?search=a+%26+b&disconnected=true&limit=2&cursor="
        self.assertEqual([seen.path for seen in self.server.seen], [start + "0", start + "a%2Bb", start + "c"])


class Proxied(unittest.TestCase):
    def send(self, *arguments: Any, **options: Any) -> Any:
        server = Server([(200, {"Content-Type": "text/plain; charset=latin-1"}, b"\xfc")])
        self.answer = demo(server.start(self.addCleanup)).as_manager().proxy("c1").request(*arguments, **options)
        return server.seen[0]

    def test_a_request_is_sent_on_as_it_is(self) -> None:
        headers = {"X-Own": "1", "authorization": "theirs", "content-type": "text/csv", "User-Agent": "own"}
        seen = self.send("put", "/a%2Cb/ü?x=1", query={"y": [1, 2], "z": True, "w": None}, headers=headers, body=b"a;b")
        self.assertEqual(seen.method, "PUT")
        self.assertEqual(seen.path, "/connections/c1/proxy/a%2Cb/%C3%BC?x=1&y=1&y=2&z=true")
        self.assertEqual((seen.headers["x-own"], seen.headers["content-type"]), ("1", "text/csv"))
        self.assertEqual(seen.headers.get_all("user-agent"), ["own"])
        [authorization] = seen.headers.get_all("authorization")
        self.assertTrue(authorization.startswith("Bearer eyJ"))
        self.assertEqual(seen.body, b"a;b")

    def test_json_is_sent_as_json(self) -> None:
        seen = self.send("POST", "/me", json={"a": 1})
        self.assertEqual((seen.headers["content-type"], seen.body), ("application/json", b'{"a": 1}'))

    def test_bytes_are_no_form(self) -> None:
        self.assertEqual(self.send("POST", "/me", body=b"a").headers["content-type"], "application/octet-stream")

    def test_the_base_address_itself_is_asked_without_a_path(self) -> None:
        self.assertEqual(self.send("GET", "", query={"a": 1}).path, "/connections/c1/proxy?a=1")

    def test_an_answer_is_read_in_its_characters(self) -> None:
        self.send("GET", "/me")
        self.assertEqual((self.answer.text(), self.answer.ok), ("ü", True))

    def test_no_path_leads_out(self) -> None:
        linkspan = demo("http://127.0.0.1:1")
        for path in ("..", "/../self", "a/../../b", "%2e%2e/self", "a/.%2E", ".", "a%2f..%2fb"):
            with self.subTest(path=path), self.assertRaises(ValueError):
                linkspan.as_manager().proxy("c1").request("GET", path)

    def test_nothing_is_sent_again(self) -> None:
        server = Server([refused(503, {"Retry-After": "1"}), OK])
        answer = demo(server.start(self.addCleanup)).as_manager().proxy("c1").request("GET", "/me")
        self.assertEqual((answer.status, len(server.seen)), (503, 1))
        with self.assertRaises(LinkspanError) as raised:
            answer.raise_for_status()
        self.assertEqual((raised.exception.key, raised.exception.retry_after), ("not_found", 1))


class Results(unittest.TestCase):
    def setUp(self) -> None:
        self.server = Server([OK])
        self.linkspan = Linkspan(self.server.start(self.addCleanup), **DEMO)  # type: ignore[arg-type]

    def failure(self, query: Any) -> LinkspanError:
        with self.assertRaises(LinkspanError) as raised:
            self.linkspan.connection_from_result(query, ADA)
        self.assertEqual(self.server.seen, [])
        return raised.exception

    def test_a_result_is_read_however_it_comes(self) -> None:
        for query in (
            "/connected?mine=1&connectionId=c1#top",
            "https://app.example.com/connected?connectionId=c1",
            "/connected?next=/a?b=c&connectionId=c1",
            "?connectionId=c1",
            "connectionId=c1&next=/a?b=c",
            {"connectionId": "c1", "error": None, "connectionRequestId": None},
            {"connectionId": "c1"},
            {"connectionId": ["c1"], "mine": ["1", "2"]},
        ):
            with self.subTest(query=query):
                self.server.answers = [OK]
                self.assertEqual(self.linkspan.connection_from_result(query, ADA)["id"], "c1")
                self.assertEqual(self.server.seen.pop().path, "/connections/c1")

    def test_an_error_is_raised_as_the_browser_brought_it(self) -> None:
        data = '{"type":"bad_request","key":"rate_limit_exceeded","message":"Later.","data":{"retryAfter":24}}'
        error = self.failure({"error": "Later.", "errorData": data, "connectionId": "c1"})
        self.assertEqual((error.key, error.retry_after, error.status), ("rate_limit_exceeded", 24, None))

    def test_an_error_that_somebody_typed_is_one_all_the_same(self) -> None:
        for data in ("", "{", "[]", "7", '{"key": "not_found"}', '{"type": [], "key": "a", "message": "b"}'):
            with self.subTest(data=data):
                error = self.failure({"error": "<b>No</b>", "errorData": data})
                self.assertEqual((error.key, error.message), ("answer_unexpected", "<b>No</b>"))

    def test_an_address_without_a_result_is_told_apart(self) -> None:
        for query in ("/connected", "", {}, {"customState": "a"}):
            with self.subTest(query=query):
                self.assertEqual(self.failure(query).key, "result_missing")

    def test_linkspan_says_nothing_twice(self) -> None:
        error = self.failure("?connectionId=c1&connectionId=c2")
        self.assertEqual((error.key, error.data), ("parameter_conflict", {"field": "connectionId"}))

    def test_an_id_that_is_none_is_nobodys(self) -> None:
        self.assertEqual(self.failure("?connectionId=..%2Fself").key, "not_found")


if __name__ == "__main__":
    unittest.main()
