"""What `sam build` made, run: `built.py DIR`. A customer connects through the functions as they would be uploaded, and their
log has the metrics of it.

Functions for the other processor run under QEMU: README.md names the packages.
"""

import json
import platform
import re
import struct
import sys
from pathlib import Path

import services

# The runtime API's stand-in and the customer's events are the benchmark's.
sys.path.insert(0, str(services.ROOT / "tests/bench"))

import contenders  # noqa: E402
import runtime  # noqa: E402
import world  # noqa: E402

# e_machine of an ELF file's header, and what runs such a file on another processor.
PROCESSORS = {62: "x86_64", 183: "aarch64"}
# Of Amazon Linux 2023, which provided.al2023 is made of.
GLIBC = (2, 34)

# p_type of the segment that leads to the tables for unwinding.
GNU_EH_FRAME = 0x6474E550

SCHEDULED = json.dumps({"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": {}}).encode()

# An event that no endpoint wants, and what is no event.
EVENT = {
    "detail-type": "connection.created", "source": "linkspan",
    "detail": {
        "connectionId": "c", "workspaceKey": services.WORKSPACE, "userId": "u", "tenantId": "u", "integrationId": "i",
        "time": "2026-01-31T08:15:00.123Z", "sequence": "1", "tags": "[]", "meta": "{}",
    },
}
MESSAGES = json.dumps({"Records": [
    {"messageId": name, "receiptHandle": name, "body": body, "attributes": {"ApproximateReceiveCount": "1"}}
    for name, body in (("event", json.dumps(EVENT)), ("unreadable", "{}"))
]}).encode()

ENVIRONMENT = contenders.OURS | {
    "AWS_ENDPOINT_URL_DYNAMODB": world.DYNAMODB, "METRICS": "by-integration", "STACK_NAME": "built",
}


class Built:
    """The functions in a folder of `sam build`."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.processor = PROCESSORS[int.from_bytes(self.file("initiate").read_bytes()[18:20], "little")]

    def file(self, name):
        return self.folder / f"{name.capitalize()}Function/bootstrap"

    def start(self, name, environment=ENVIRONMENT, log=None, **options):
        command = [str(self.file(name))]
        if self.processor != platform.machine():
            command = [f"/usr/bin/qemu-{self.processor}", "-L", f"/usr/{self.processor}-linux-gnu", *command]
        return runtime.Function(command, environment, str(log or world.LOGS / name), **options)


def unwinds(file):
    """Whether a 64-bit ELF file has the tables for unwinding."""
    first, = struct.unpack_from("<Q", file, 32)
    size, count = struct.unpack_from("<HH", file, 54)
    return any(struct.unpack_from("<I", file, first + at * size)[0] == GNU_EH_FRAME for at in range(count))


def starts_on_lambda(built):
    for name in ("initiate", "callback", "finish", "api", "refresh", "webhooks"):
        file = built.file(name).read_bytes()
        processor = PROCESSORS[int.from_bytes(file[18:20], "little")]
        assert processor == built.processor, f"{name} is for {processor}, initiate for {built.processor}"
        assert b"BENCH_ROOTS" not in file, f"{name} trusts the benchmark's authority"
        # Of refresh alone a panic ends one piece of work: it has the tables that unwinding reads.
        assert unwinds(file) == (name == "refresh"), f"{name}: tables for unwinding"
        needs = max(tuple(map(int, version)) for version in re.findall(rb"GLIBC_(\d+)\.(\d+)", file))
        assert needs <= GLIBC, f"{name} needs glibc {needs}, Lambda has {GLIBC}"


def connects(built):
    with built.start("api") as api:
        status, defined = sent(api, "PUT", "/integrations/demo-oauth2", world.INTEGRATION)
        assert status == 200, defined
        refused = {"name": "No", "authOptions": [
            {"key": "key", "type": "client-credentials", "inputSchema": {"type": "a string"}},
        ]}
        status, error = sent(api, "PUT", "/integrations/refused", refused)
        assert status == 400 and "inputSchema" in json.dumps(error), error
        with built.start("initiate") as initiate, built.start("callback") as callback, built.start("finish") as finish:
            started, _ = initiate.invoke(contenders.initiation())
            event, cookies = contenders.callback(started)
            called_back, _ = callback.invoke(event)
            finished, _ = finish.invoke(contenders.result(called_back, cookies))
        contenders.connected(finished)
        connection = contenders.redirect(finished)[0].split("connectionId=")[1].split("&")[0]
        status, shown = sent(api, "GET", f"/connections/{connection}")
        assert (status, shown.get("state")) == (200, "READY"), shown
    with built.start("refresh") as refresh:
        swept, _ = refresh.invoke(SCHEDULED)
        assert json.loads(swept)["failed"] == 0, swept
    with built.start("webhooks", ENVIRONMENT | {"WEBHOOKS_QUEUE_URL": "http://127.0.0.1:1/queue"}) as webhooks:
        handled, _ = webhooks.invoke(MESSAGES)
        assert json.loads(handled) == {"batchItemFailures": [{"itemIdentifier": "unreadable"}]}, handled


def counts(built):
    """The lines carry what CloudWatch takes metrics from; a token that nobody signed counts too."""
    token = forged(contenders.client.token("customer"))
    with built.start("api") as api:
        refused, _ = api.invoke(contenders.event("GET", "/self", bearer=token))
        assert contenders.answered(refused)[0] == 401, refused
    for name, metric in (("initiate", "Started"), ("callback", "Connected"), ("api", "RootTokensRefused")):
        assert counted(name, metric) == [1], f"{name} logs no {metric}"
    assert counted("refresh", "overdue_ms") == [0], "refresh does not log how late it is"


def forged(token):
    """The token with a signature that nobody made."""
    return token.rsplit(".", 1)[0] + "." + "A" * 43


def counted(name, metric):
    """What CloudWatch takes out of a function's log for a metric of the whole stack."""
    lines = [json.loads(line) for line in (world.LOGS / name).read_text().splitlines() if '"_aws"' in line]
    return [
        line[metric] for line in lines for directive in line["_aws"]["CloudWatchMetrics"]
        if directive["Dimensions"] == [["stack"]] and line["stack"] == "built"
        and metric in (each["Name"] for each in directive["Metrics"])
    ]


def sent(api, *request):
    status, body = contenders.answered(api.invoke(contenders.rest(*request))[0])
    return status, json.loads(body)


def main():
    built = Built(*sys.argv[1:])
    world.LOGS.mkdir(parents=True, exist_ok=True)
    for log in world.LOGS.iterdir():
        log.unlink()
    services.start_local()
    starts_on_lambda(built)
    connects(built)
    counts(built)
    print(f"The functions in {built.folder}, for {built.processor}, connected a customer.")


if __name__ == "__main__":
    main()
