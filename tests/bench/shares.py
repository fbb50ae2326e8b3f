"""Measures each function at the share of a processor that each memory size buys, with DynamoDB and KMS behind TLS; prints
it, and writes it to tests/bench/shares.json and docs/performance.md. See README.md."""

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager

import cgroup
import contenders
import measure
import shares_report
import world
from bench import machine, progress
from contenders import connected, echoed, grant, grant_connected, grant_initiation, initiation, redirect, rust

MEMORIES = (128, 256, 512, 1024, 1769)
# Seconds between warm requests: a function that waited has its whole slice again, and its period began at some time.
PAUSE = (0.025, 0.045)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15, help="rounds of all contenders in turn, at each memory size")
    arguments.add_argument("--warm", type=int, default=10, help="warm requests of each contender in each round")
    arguments.add_argument("--memory", default=",".join(map(str, MEMORIES)), help="memory sizes, MB")
    arguments.add_argument("--only", help="contenders whose names begin so, separated by commas")
    arguments.add_argument("--out", default=str(world.ROOT / "tests/bench/shares.json"), help="where the figures go")
    arguments.add_argument("--dry", action="store_true", help="print only: write no file")
    given = arguments.parse_args()
    cgroup.available()

    local = world.start()
    try:
        with behind_tls() as tls:
            results = {
                "machine": machine(),
                "date": time.strftime("%Y-%m-%d"),
                "rounds": given.rounds,
                "warm": given.warm,
                "at": at_each(tls, [int(size) for size in given.memory.split(",")], given),
            }
    finally:
        local.stop()
    print(shares_report.text(results))
    if not given.dry:
        with open(given.out, "w", encoding="utf-8") as out:
            json.dump(results, out, indent=1)
            out.write("\n")
        shares_report.write(results)


@contextmanager
def _server(command, lines):
    """A process that first prints so many lines."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield [process.stdout.readline().strip() for _ in range(lines)]
    finally:
        process.kill()
        process.wait()


class Tls:
    """Where DynamoDB and KMS are behind TLS, and who vouches for them."""

    def __init__(self, roots, dynamodb, kms, plain_kms):
        self.dynamodb, self.kms, self.plain_kms = f"https://localhost:{dynamodb}", f"https://localhost:{kms}", plain_kms
        self.rust = {"BENCH_ROOTS": roots}
        self.node = {"NODE_EXTRA_CA_CERTS": roots}


@contextmanager
def behind_tls():
    roots = str(world.TARGET / "bench/roots.pem")
    with _server([sys.executable, str(world.ROOT / "tests/bench/kms.py")], 1) as (kms,):
        ports = [f"rsa={world.DYNAMODB.rsplit(':', 1)[1]}", f"ecdsa={kms}"]
        with _server([str(world.TARGET / "release/bench-tls"), roots, *ports], 2) as said:
            listening = dict(line.split() for line in said)
            yield Tls(roots, listening["rsa"], listening["ecdsa"], f"http://127.0.0.1:{kms}")


class Contenders:
    """Each by name: how it starts, what it is asked, and whether its answer is right. What goes before a measured request
    is done by warm functions with a core of their own."""

    def __init__(self, tls):
        def ours(name, kms=None, **more):
            return lambda share: rust(name, tls.dynamodb, kms and tls.kms, tls.rust | more, share)

        def theirs(share):
            return grant("grant", tls.dynamodb, tls.node, share)

        self._plain = measure.Contenders()
        plain = self._plain
        self.open = {
            shares_report.FLOOR: (ours("floor-put", CLIENTS="first event"), initiation, echoed),
            shares_report.WARMED: (ours("floor-put", CLIENTS="ready"), initiation, echoed),
            "initiate, no KMS": (ours("initiate"), initiation, redirect),
            "callback, no KMS": (ours("callback"), lambda: plain.callback()[0], redirect),
            "finish": (ours("finish"), plain.result, connected),
            "grant: connect": (theirs, grant_initiation, redirect),
            "grant: callback": (theirs, plain.grant_callback, grant_connected),
        }
        self._kms = keyed = measure.Contenders(tls.plain_kms)
        self.sealed = {
            "initiate": (ours("initiate", kms=True), initiation, redirect),
            "callback": (ours("callback", kms=True), lambda: keyed.callback()[0], redirect),
        }

    def stop(self):
        self._plain.stop()
        self._kms.stop()


def at_each(tls, memories, given):
    """Of each memory size and contender what each round gave."""
    running = Contenders(tls)
    wanted = tuple((given.only or "").split(","))
    measured = {memory: defaultdict(lambda: defaultdict(list)) for memory in memories}

    def rounds(group):
        names = [name for name in group if name.startswith(wanted)]
        for turn in range(given.rounds):
            for memory in memories:
                progress(f"round {turn + 1} of {given.rounds}, {memory} MB")
                # Each goes first in its turn: none is always the one after Node.
                first = turn % max(1, len(names))
                for name in names[first:] + names[:first]:
                    _measure(measured[memory][name], *group[name], cgroup.Share(memory), given.warm)

    rounds(running.open)
    with contenders.sealed_by_kms(tls.plain_kms):
        rounds(running.sealed)
    running.stop()
    order = [*running.sealed, *running.open]
    return {memory: {name: of[name] for name in order if name in of} for memory, of in measured.items()}


def _measure(into, start, ask, check, share, warm):
    events = [ask() for _ in range(1 + warm)]
    with start(share) as function:
        answers, times = [], []
        for number, event in enumerate(events):
            if number:
                time.sleep(random.uniform(*PAUSE))
            answers.append(function.invoke(event)[0])
            times.append((function.answered - function.handed) / 1e6)
            if number == 0:
                cold_cpu = function.cpu() / 1e6
        total_cpu = function.cpu() / 1e6
        init, init_cpu = (function.ready - function.started) / 1e6, function.init_cpu / 1e6
    for answer in answers:
        check(answer)
    into["init"].append(init)
    into["init_cpu"].append(init_cpu)
    into["cold"].append(times[0])
    into["cold_cpu"].append(cold_cpu - init_cpu)
    if warm:
        into["warm"].append(statistics.median(times[1:]))
        into["warm_cpu"].append((total_cpu - cold_cpu) / warm)
        into["answers"].append(times[1:])


if __name__ == "__main__":
    main()
