"""Each incident of docs/operate.md, played through what `sam build` made: `incidents.py DIR [INCIDENT...]`. The alarms of
infra/alarms.yaml are evaluated on the lines that the functions log: those of the table are set off, and no others.

The faults are around the functions: in their provider, in a proxy before DynamoDB and KMS, in who calls them. libfaketime
moves their clocks, and they really wait for what they wait for in between.
"""

import json
import math
import platform
import secrets
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlencode

# It knows where the benchmark's modules are.
from built import EVENT, SCHEDULED, Built, forged

import client
import contenders
import events_queue
import runtime
import services
import serving
import world

FUNCTIONS = ("initiate", "callback", "finish", "api", "refresh", "webhooks")
FAKETIME = Path(f"/usr/lib/{platform.machine()}-linux-gnu/faketime/libfaketimeMT.so.1")
SHARED_MEMORY = Path("/dev/shm")
LOGS = world.TARGET / "incidents"

# So many scenes at once: one waits for its provider most of the time, and the others do not wait for each other's database.
STAGES = 4

ROOT_WORKSPACE = "root"
BETWEEN_RUNS = 300
# Half an hour of runs: what is seen once could be chance.
RUNS = 6
# The alarms ask for five that are due.
CONNECTIONS = 6
# A whole period of every alarm. It lies ahead: the local run's own clock is not that of the functions.
BEGINNING = (int(time.time()) // 1800 + 3) * 1800


def evaluator(*arguments):
    """What tests/examples/alarms.rs prints."""
    command = ["cargo", "run", "--quiet", "--example", "alarms", "--", *map(str, arguments)]
    return json.loads(subprocess.run(command, cwd=services.ROOT, stdout=subprocess.PIPE, check=True).stdout)


class Clock:
    """The functions' clock. It goes on as real time does, and is moved on beside that."""

    def __init__(self, file):
        self.file, self._ahead = file, 0
        self.environment = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            # They wait by this one.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def now(self):
        return time.time() + self._ahead

    def move(self, moment):
        if moment < self.now():
            raise RuntimeError(f"it is {self.now() - moment:.0f} s too late for this")
        self._ahead = math.ceil((moment - time.time()) * 1000) / 1000
        # The functions never find half a file.
        new = self.file.with_suffix(".new")
        new.write_text(f"{self._ahead:+.3f}\n")
        new.replace(self.file)


class Provider:
    """A provider's token endpoint. It answers with `answer`: a status and a body, or never."""

    def __init__(self):
        self.answer = self.issues
        self.endpoint = serving.start(lambda _, body: self.answer())

    @staticmethod
    def issues():
        tokens = {"access_token": secrets.token_urlsafe(), "refresh_token": secrets.token_urlsafe()}
        return 200, json.dumps(tokens | {"token_type": "Bearer", "expires_in": 3600}).encode()

    def answers(self, status, **said):
        self.answer = lambda: (status, json.dumps(said).encode())

    def hangs(self):
        self.answer = threading.Event().wait


def tables(prefix):
    """Empty tables like those of the local run; the environment that names them."""
    named = {name: value for name, value in contenders.KEYED.items() if name.startswith("TABLE_")}
    for table in named.values():
        made = world.dynamodb("DescribeTable", TableName=table)["Table"]
        like = {name: made[name] for name in ("AttributeDefinitions", "KeySchema")}
        if indexes := made.get("GlobalSecondaryIndexes"):
            like["GlobalSecondaryIndexes"] = [
                {name: index[name] for name in ("IndexName", "KeySchema", "Projection")} for index in indexes
            ]
        world.dynamodb("CreateTable", TableName=f"{prefix}-{table}", BillingMode="PAY_PER_REQUEST", **like)
    return {name: f"{prefix}-{table}" for name, table in named.items()}


# What it waits in, and what counts that.
LAID_ASIDE = "ApproximateNumberOfMessagesVisible"
COUNTED_BY = {"5xx": ("AWS/ApiGateway", "ApiId"), LAID_ASIDE: ("AWS/SQS", "QueueName")}


def counted(name, at, counts):
    """What Lambda, API Gateway and SQS count, as a line of a function's log. The evaluator gives such names to what the
    template's parameters name."""
    def metric(count):
        namespace, dimension = COUNTED_BY.get(count, ("AWS/Lambda", "FunctionName"))
        return {"Namespace": namespace, "Dimensions": [[dimension]], "Metrics": [{"Name": count}]}
    return counts | {
        "timestamp": datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "ApiId": "the HttpApiId",
        "FunctionName": f"the {name.capitalize()}Function",
        "QueueName": "the FailedWebhooksQueue",
        "_aws": {"Timestamp": int(at * 1000), "CloudWatchMetrics": [metric(count) for count in counts]},
    }


class Scene:
    """A deployment, from the moment on at which it is looked at. The schedule has run before."""

    def __init__(self, built, name, stack):
        self._built, self._folder, self._tables, self._functions = built, LOGS / name, tables(name), {}
        self._folder.mkdir(parents=True)
        self.clock, self.provider, self.proxy = Clock(self._folder / "clock"), Provider(), world.Proxy()
        self.queue = events_queue.Queue(self.clock.now, lambda event: self.invoke("webhooks", event))
        self._environment = contenders.KEYED | self._tables | self.clock.environment | {
            "AWS_ENDPOINT_URL_DYNAMODB": self.proxy.endpoint,
            "AWS_ENDPOINT_URL_KMS": self.proxy.endpoint,
            "ROOT_WORKSPACE_KEY": ROOT_WORKSPACE,
            "METRICS": "by-integration",
            "STACK_NAME": stack,
            "SENDS_WEBHOOKS": "true",
            "WEBHOOKS_QUEUE_URL": self.queue.url,
        }
        self.at, self._calls = BEGINNING - BETWEEN_RUNS, []

    def __enter__(self):
        self.clock.move(self.at)
        self.starts()
        root = self.token(iss=ROOT_WORKSPACE, isAdmin=True)
        self.asks("PUT", f"/workspaces/{services.WORKSPACE}", root, world.WORKSPACE, expected=201)
        # The demo's own, at another provider.
        integration = json.loads(json.dumps(world.INTEGRATION).replace(world.PROVIDER, self.provider.endpoint))
        self.asks("PUT", "/integrations/demo-oauth2", self.token(isAdmin=True), integration, expected=201)
        # How far the schedule's last run came: docs/operate.md has it for those who restore a backup.
        mark = {"pk": {"S": "checkpoint"}, "sk": {"S": "due"}, "at": {"N": str(self.at * 1000)}}
        world.dynamodb("PutItem", TableName=self._tables["TABLE_SCHEDULE"], Item=mark)
        self.passes(BETWEEN_RUNS)
        return self

    def __exit__(self, *_):
        self.stops()

    def starts(self):
        """Starts the functions, anew if they run."""
        self.stops()
        for name in FUNCTIONS:
            self._functions[name] = self._built.start(name, self._environment, self._folder / f"{name}.log", now=self.clock.now)

    def stops(self):
        for function in self._functions.values():
            function.stop()
            # Killed, it leaves its part of libfaketime's memory behind.
            for left in SHARED_MEMORY.glob(f"*faketime_*_{function.pid}"):
                left.unlink()
        self._functions.clear()

    def token(self, *customer, **claims):
        return client.token(*customer, **{"exp": int(self.clock.now()) + 600, **claims})

    def asks(self, method, path, token, body=None, expected=None):
        status, answer = contenders.answered(self.invoke("api", contenders.rest(method, path, body, token=token)))
        assert status == expected, f"{method} {path}: {status} {answer}"

    def connects(self, customer, **answer):
        """A customer begins a flow, and goes as far as it leads. The provider sends them back with this answer."""
        started = self.invoke("initiate", contenders.initiation(self.token(customer)))
        if self.provider.endpoint not in json.loads(started).get("headers", {}).get("location", ""):
            return
        address, cookies = contenders.redirect(started)
        asked = client.query(address)
        answer = (answer or {"code": "a code"}) | {"state": asked["state"], "iss": self.provider.endpoint}
        back = contenders.sent_back(f"{asked['redirect_uri']}?{urlencode(answer)}", cookies)
        self.invoke("finish", contenders.result(self.invoke("callback", back), cookies))

    def invoke(self, name, *event):
        """The function's answer. The call is counted as AWS counts it."""
        at, began, counts = self.clock.now(), time.monotonic(), {"Errors": 0}
        try:
            answer, _ = self._functions[name].invoke(*event)
            if name not in ("refresh", "webhooks"):
                counts["5xx"] = int(contenders.answered(answer)[0] >= 500)
            return answer
        except runtime.Reported:
            counts["Errors"] = 1
            raise
        finally:
            counts["Duration"] = (time.monotonic() - began) * 1000
            self._calls.append(counted(name, at, counts))

    def has_endpoint(self, status):
        """A webhook endpoint of the workspace, which answers so."""
        endpoint = serving.start(lambda *_: (status, b""))
        self.asks("POST", "/webhook-endpoints", self.token(isAdmin=True), {"url": f"{endpoint}/hooks"}, expected=201)

    def has_events(self, count):
        """What the rule puts into the queue of so many connections."""
        for _ in range(count):
            when = datetime.fromtimestamp(self.clock.now(), timezone.utc).isoformat(timespec="milliseconds")
            about = {"connectionId": secrets.token_hex(12), "time": when.replace("+00:00", "Z")}
            self.queue.put(json.dumps(EVENT | {"detail": EVENT["detail"] | about}))

    def goes_on(self, runs, seconds=270, customers=lambda: None):
        """Some runs of the schedule with so much time for each, beside customers, and the time between them."""
        for _ in range(runs):
            with ThreadPoolExecutor(1) as beside:
                come = beside.submit(customers)
                # What becomes of a run stands in its line.
                with suppress(runtime.Reported):
                    self.invoke("refresh", SCHEDULED, seconds)
                come.result()
            self.passes(BETWEEN_RUNS)

    def passes(self, seconds):
        """So much time, with what the queue hands over in it."""
        self.at += seconds
        # What comes in the last seconds is handed over after them: the clock goes on meanwhile.
        while (at := self.queue.next()) is not None and at < self.at - 10:
            if at > self.clock.now():
                self.clock.move(at)
            self.queue.hands_over()
        self.clock.move(self.at)
        self._calls.append(counted("webhooks", self.clock.now(), {LAID_ASIDE: len(self.queue.laid_aside)}))

    def has_connections(self):
        """Connections that are due after the next eight runs."""
        for at in range(CONNECTIONS):
            self.connects(f"customer-{at}")
        self.goes_on(8)

    def half_an_hour(self, customers=0):
        """Half an hour with so many customers before each run."""
        def come():
            for at in range(customers):
                self.connects(f"late-{self.at}-{at}")
        self.goes_on(RUNS, customers=come)

    def seen(self):
        (self._folder / "calls.log").write_text("".join(f"{json.dumps(call)}\n" for call in self._calls))
        return evaluator(BEGINNING * 1000, self.at * 1000, *sorted(self._folder.glob("*.log")))


# --- What happens, by the keys of the table --------------------------------------------------------------------------


def secret_revoked(scene):
    scene.has_connections()
    scene.provider.answers(401, error="invalid_client")
    scene.half_an_hour(customers=1)


def provider_down(scene):
    scene.has_connections()
    scene.provider.answers(503)
    scene.half_an_hour(customers=4)


def provider_hangs(scene):
    scene.has_connections()
    scene.provider.hangs()
    scene.half_an_hour(customers=1)


def grants_ended(scene):
    scene.has_connections()
    scene.provider.answers(400, error="invalid_grant")
    scene.half_an_hour()


def refresh_late(scene):
    scene.has_connections()
    # None begins that could not end in time.
    scene.goes_on(RUNS, seconds=30)


def refresh_stopped(scene):
    scene.half_an_hour()
    scene.passes(1800)


def table_throttled(scene):
    scene.proxy.refuses["DynamoDB"] = "ProvisionedThroughputExceededException"
    scene.half_an_hour(customers=1)


def key_denied(scene):
    scene.proxy.refuses["TrentService"] = "AccessDeniedException"
    # Those that ran have opened their data keys.
    scene.starts()
    scene.half_an_hour(customers=1)


def root_tokens_forged(scene):
    scene.goes_on(1)
    for _ in range(4):
        token = forged(scene.token(iss=ROOT_WORKSPACE, isAdmin=True))
        scene.asks("PUT", "/workspaces/mine", token, world.WORKSPACE, expected=401)
    scene.goes_on(1)


def endpoint_fails(scene):
    scene.has_endpoint(204)
    scene.has_endpoint(503)
    scene.goes_on(RUNS, customers=lambda: scene.has_events(3))


def webhooks_laid_aside(scene):
    scene.queue.put(json.dumps({"source": "linkspan", "detail-type": "of somebody else"}))
    # Until the queue has handed it over so often as it does.
    scene.goes_on(events_queue.MOST_RECEIVES * events_queue.VISIBILITY // BETWEEN_RUNS + 2)


def everyday(scene):
    scene.has_connections()
    scene.has_endpoint(204)

    def customers():
        scene.has_events(1)
        scene.connects(f"late-{scene.at}")
        scene.connects("says-no", error="access_denied")
        scene.asks("GET", "/self", forged(scene.token("customer")), expected=401)
        scene.asks("GET", "/connections/none", scene.token(isAdmin=True), expected=404)
    scene.goes_on(RUNS, customers=customers)


INCIDENTS = (
    secret_revoked, provider_down, provider_hangs, grants_ended, refresh_late, refresh_stopped, table_throttled, key_denied,
    root_tokens_forged, endpoint_fails, webhooks_laid_aside,
)


# --- What is seen of it ----------------------------------------------------------------------------------------------


def played(built, happens, stack):
    """What was seen, and how long it took."""
    began = time.monotonic()
    with Scene(built, key(happens), stack) as scene:
        happens(scene)
    return scene.seen(), time.monotonic() - began


def key(happens):
    return happens.__name__.replace("_", "-")


def differs(incident, seen):
    """Says what was seen of an incident, and returns what was not as the table has it."""
    line = seen["lines"].get(incident["key"])
    shown = line and {name: value for name, value in line.items() if name != "_aws"}
    print(f"  line: {json.dumps(shown)}\n  alarms: {', '.join(seen['alarms']) or 'none'}")
    if not line:
        return f"no line says {incident['says']}"
    if seen["alarms"] != incident["alarms"]:
        return f"{incident['alarms']} were to be set off"
    return None


def everyday_differs(seen):
    """The same of an everyday half hour. What nothing happens in would set off nothing either."""
    print(f"  metrics: {', '.join(seen['metrics'])}\n  alarms: {', '.join(seen['alarms']) or 'none'}")
    happened = {
        "Connected", "Failed", "Refused", "Renewed", "Started", "TokensRefused", "WebhooksDelivered", "WebhooksFailed",
        "overdue_ms",
    }
    if missing := happened - {*seen["metrics"]}:
        return f"nothing counted as {sorted(missing)}"
    return seen["alarms"] and "none was to be set off"


def main():
    folder, *chosen = sys.argv[1:]
    built = Built(folder)
    if built.processor != platform.machine():
        print(f"Not played: the functions in {folder} are for {built.processor}, and libfaketime is for this machine.")
        return
    if not FAKETIME.exists():
        sys.exit(f"{FAKETIME} is missing: apt-get install faketime")
    shutil.rmtree(LOGS, ignore_errors=True)
    table = evaluator()
    incidents = {incident["key"]: incident for incident in table["incidents"]}
    scenes = {key(happens): happens for happens in INCIDENTS}
    assert scenes.keys() == incidents.keys(), f"played are {[*scenes]}, documented {[*incidents]}"
    scenes["everyday"] = everyday
    if unknown := {*chosen} - scenes.keys():
        sys.exit(f"There is no scene {', '.join(unknown)}")
    services.start_local()
    with ThreadPoolExecutor(STAGES) as stage:
        results = {
            name: stage.submit(played, built, happens, table["stack"])
            for name, happens in scenes.items() if not chosen or name in chosen
        }
    wrong = []
    for name, result in results.items():
        seen, took = result.result()
        print(f"{incidents[name]['name'] if name in incidents else 'An everyday half hour'} ({name}, {took:.0f} s)")
        if name in incidents:
            difference = differs(incidents[name], seen)
        else:
            difference = everyday_differs(seen)
        if difference:
            print(f"  BUT {difference}: see {LOGS / name}")
            wrong.append(name)
    if wrong:
        sys.exit(f"Not as docs/operate.md says: {', '.join(wrong)}")
    print(f"The functions in {folder}, for {built.processor}, set off what docs/operate.md says.")


if __name__ == "__main__":
    main()
