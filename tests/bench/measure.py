"""What is measured: cold starts and warm requests in turn, one whole flow through the counting proxy, and growth."""

import base64
import json
import statistics
from collections import Counter, defaultdict

import client
import contenders
import world
from contenders import (
    callback, connected, echoed, grant, grant_callback, grant_connected, grant_initiation, initiation, redirect, rest,
    result, rust,
)

# What ratios are to.
FLOOR = "floor: echo and PutItem"


class Contenders:
    """Each contender by name: how it starts, what it is asked, and whether its answer is right."""

    def __init__(self, kms=None):
        # What goes before a measured request is done by functions that are warm already.
        self._initiate, self._callback = rust("initiate", kms=kms), rust("callback", kms=kms)
        read = {"INTEGRATION_ID": world.integration()}
        floor = {
            "floor: echo": (lambda: rust("floor-echo"), initiation, echoed),
            FLOOR: (lambda: rust("floor-put"), initiation, echoed),
            "floor: BatchGetItem too": (lambda: rust("floor-read", more=read), initiation, echoed),
        }
        if kms is not None:
            self.all = floor | {
                "initiate, KMS": (lambda: rust("initiate", kms=kms), initiation, redirect),
                "callback, KMS": (lambda: rust("callback", kms=kms), lambda: self.callback()[0], redirect),
            }
            return
        self._grant = grant("grant")
        self.all = floor | {
            "initiate": (lambda: rust("initiate"), initiation, redirect),
            "callback": (lambda: rust("callback"), lambda: self.callback()[0], redirect),
            "finish": (lambda: rust("finish"), self.result, connected),
            "grant: connect": (lambda: grant("grant"), grant_initiation, redirect),
            "grant: callback": (lambda: grant("grant"), self.grant_callback, grant_connected),
        }

    def callback(self):
        answer, _ = self._initiate.invoke(initiation())
        return callback(answer)

    def result(self):
        asked, cookies = self.callback()
        answer, _ = self._callback.invoke(asked)
        return result(answer, cookies)

    def grant_callback(self):
        answer, _ = self._grant.invoke(grant_initiation())
        return grant_callback(answer)

    def stop(self):
        for function in (self._initiate, self._callback, getattr(self, "_grant", None)):
            if function is not None:
                function.stop()


def times(rounds, warm, progress, kms=None, names=None):
    """Rounds of all contenders (or those named) in turn, summed up."""
    running = Contenders(kms)
    names = list(names or running.all)
    measured = {name: defaultdict(list) for name in names}
    for turn in range(rounds):
        progress(f"round {turn + 1} of {rounds}")
        # Each goes first in its turn: none is always the one after Node.
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            start, ask, check = running.all[name]
            events = [ask() for _ in range(1 + warm)]
            with start() as function:
                answer, cold = function.invoke(events[0])
                check(answer)
                cold_cpu = function.cpu()
                answers = [function.invoke(event) for event in events[1:]]
                warm_cpu = (function.cpu() - cold_cpu) / warm
                peak = function.peak_memory()
            for answer, _ in answers:
                check(answer)
            of = measured[name]
            of["cold"].append(cold / 1e6)
            of["cold_cpu"].append(cold_cpu / 1e6)
            of["warm"].append(statistics.median(nanoseconds for _, nanoseconds in answers) / 1e6)
            of["warm_cpu"].append(warm_cpu / 1e6)
            of["memory"].append(peak / 1e6)
    running.stop()
    return _summary(measured)


def _summary(measured):
    """Of each what every round gave, its median and quartiles, and those of the ratios to each other contender within
    a round."""
    return {
        name: {
            what: _spread(values) | {
                "rounds": values,
                "ratio": {
                    other: _spread([a / b for a, b in zip(values, theirs[what], strict=True)])
                    for other, theirs in measured.items() if other != name
                },
            }
            for what, values in of.items()
        }
        for name, of in measured.items()
    }


def _spread(values):
    low, median, high = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    return {"median": median, "low": low, "high": high}


# Requests until a function is warmed up: V8 goes on compiling for thousands of them.
MANY = 2000


def warmed_up(warm, progress):
    """Processor time of an initiation after many others, milliseconds."""
    measured = {}
    for name, start, ask in (("initiate", rust, initiation), ("grant", grant, grant_initiation)):
        progress(f"{name}, {MANY:,} requests")
        with start(name) as function:
            for _ in range(MANY):
                function.invoke(ask())
            before = function.cpu()
            answers = [function.invoke(ask())[0] for _ in range(10 * warm)]
            measured[name] = {
                "cpu": (function.cpu() - before) / (10 * warm) / 1e6, "memory": function.peak_memory() / 1e6,
            }
        for answer in answers:
            redirect(answer)
    return measured


def times_with_kms(rounds, warm, progress):
    """The same of the functions that need a data key when they are cold."""
    proxy = world.Proxy()
    with contenders.sealed_by_kms(proxy.endpoint):
        return times(rounds, warm, progress, proxy.endpoint)


def whole_flow():
    """What one connection asks of the others: cold, and warm (which every warm flow must repeat exactly)."""
    proxy = world.Proxy()
    flows = {"linkspan": _linkspan(proxy)}
    with contenders.sealed_by_kms(proxy.endpoint):
        flows["linkspan, key in KMS"] = _linkspan(proxy, proxy.endpoint)
    with grant("grant", proxy.endpoint) as function:
        def flow():
            before = Counter(world.provider_calls())
            steps = {}
            answer, _ = function.invoke(grant_initiation())
            steps["connect"] = proxy.take()
            asked = grant_callback(answer)
            answer, _ = function.invoke(asked)
            steps["callback"] = proxy.take()
            grant_connected(answer)
            return _counted(steps, Counter(world.provider_calls()) - before)
        flows["grant"] = _cold_and_warm(flow)
    return flows


def _linkspan(proxy, kms=None):
    proxy.take()
    with rust("initiate", proxy.endpoint, kms) as initiate, rust("callback", proxy.endpoint, kms) as back, \
            rust("finish", proxy.endpoint, kms) as finish:
        def flow():
            before = Counter(world.provider_calls())
            steps = {}
            answer, _ = initiate.invoke(initiation())
            steps["initiate"] = proxy.take()
            asked, cookies = callback(answer)
            answer, _ = back.invoke(asked)
            steps["callback"] = proxy.take()
            answer, _ = finish.invoke(result(answer, cookies))
            steps["finish"] = proxy.take()
            connected(answer)
            return _counted(steps, Counter(world.provider_calls()) - before)
        return _cold_and_warm(flow)


def _cold_and_warm(flow, warm_flows=3):
    return {"cold": flow(), "warm": _same([flow() for _ in range(warm_flows)])}


def _counted(steps, calls):
    requests = [request for step in steps.values() for request in step]
    database = [request for request in requests if request.service == "DynamoDB"]
    return {
        "operations": {step: [request.operation for request in made] for step, made in steps.items()},
        "requests": len(database),
        "write_units": sum(request.writes for request in database),
        "read_units": sum(request.reads for request in database),
        "kms": sum(request.service == "TrentService" for request in requests),
        # The user's visit to the authorization endpoint is the browser's request; a token request counts in two ways.
        "provider": sum(calls.values()) - calls["authorizations"] - calls["codeExchanges"] - calls["refreshes"],
    }


def _same(flows):
    first, *others = flows
    if any(other != first for other in others):
        raise AssertionError(f"flows differ: {flows}")
    return first


# What must not grow, and what it is held against.
GROWING = (FLOOR, "initiate", "callback", "finish")
GROWING_ROUNDS = 5


def growth(sizes, rounds, warm, progress):
    """The same figures with more and more connections of one workspace in the table."""
    grown, there = [], 0
    template = _connection()
    for size in sizes:
        progress(f"{size:,} connections")
        _seed(template, there, size)
        there = size
        grown.append({
            "connections": size,
            "flow": whole_flow()["linkspan"]["warm"],
            "times": times(min(rounds, GROWING_ROUNDS), warm, progress, names=GROWING),
            "rest": _later(template[0]["pk"]["S"], warm),
        })
    return grown


def _later(connection, warm):
    """What is asked of the others after a connection was made, warm, and how long it takes."""
    asked = {
        "list": ("api", lambda: rest("GET", "/connections", query="limit=100")),
        "read": ("api", lambda: rest("GET", f"/connections/{connection}")),
        "refresh": ("api", lambda: rest("POST", f"/connections/{connection}/refresh-credentials")),
        "sweep": ("refresh", lambda: b"{}"),
    }
    proxy, measured = world.Proxy(), {}
    for what, (name, ask) in asked.items():
        def counted(function, ask=ask, what=what):
            proxy.take()
            before = Counter(world.provider_calls())
            answer, _ = function.invoke(ask())
            _answered(answer, name)
            return _counted({what: proxy.take()}, Counter(world.provider_calls()) - before)
        with rust(name, proxy.endpoint) as function:
            counted(function)
            measured[what] = _same([counted(function) for _ in range(3)])
        with rust(name) as function:
            function.invoke(ask())
            before = function.cpu()
            measured[what]["warm"] = statistics.median(function.invoke(ask())[1] for _ in range(warm)) / 1e6
            measured[what]["warm_cpu"] = (function.cpu() - before) / warm / 1e6
    return measured


def _answered(answer, name):
    answer = json.loads(answer)
    if name == "api" and answer["statusCode"] not in (200, 204):
        raise AssertionError(f"refused: {answer}")


def _connection():
    """A new connection and its slot, as a flow wrote them."""
    running = Contenders()
    with rust("finish") as finish:
        address, _ = redirect(finish.invoke(running.result())[0])
    running.stop()
    identity = client.query(address)["connectionId"]
    items, more = [], {}
    while more is not None:
        page = world.dynamodb("Scan", TableName="connections", **more)
        items += page["Items"]
        last = page.get("LastEvaluatedKey")
        more = {"ExclusiveStartKey": last} if last else None
    whole = next(item for item in items if item["pk"]["S"] == identity)
    slot = next(item for item in items if identity in item.get("live", {}).get("SS", ()))
    schedule = world.dynamodb("Scan", TableName="schedule")["Items"]
    due = next(item for item in schedule if item["sk"]["S"].endswith(f"#{identity}"))
    return whole, slot, due


def _seed(template, begin, end):
    whole, slot, due = template
    _, time, _ = whole["ownerSk"]["S"].rsplit("#", 2)
    at, _ = due["sk"]["S"].rsplit("#", 1)
    batch = {"connections": [], "schedule": []}

    def write():
        if batch["schedule"]:
            answer = world.dynamodb("BatchWriteItem", RequestItems=batch)
            if answer.get("UnprocessedItems"):
                raise AssertionError("the database did not take all items")
            for items in batch.values():
                items.clear()

    for number in range(begin, end):
        identity, customer = f"{number:024x}", f"seeded-{number}"
        batch["connections"].append({"PutRequest": {"Item": whole | {
            "pk": {"S": identity}, "customer": {"S": customer}, "ownerSk": {"S": f"{customer}#{time}#{identity}"},
        }}})
        batch["schedule"].append({"PutRequest": {"Item": due | {"sk": {"S": f"{at}#{identity}"}}}})
        hashed = base64.urlsafe_b64encode(number.to_bytes(24, "big")).decode()
        batch["connections"].append({"PutRequest": {"Item": slot | {"pk": {"S": f"slot#{hashed}"}, "live": {"SS": [identity]}}}})
        if len(batch["schedule"]) == 8:
            write()
    write()
