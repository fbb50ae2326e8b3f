"""Measures everything, prints it, and writes it to tests/bench/results.json and docs/performance.md. See README.md."""

import argparse
import json
import os
import subprocess
import sys
import time

import contenders
import measure
import report
import world
from limits import zipped

BINARIES = ("floor-echo", "floor-put", "floor-read", "initiate", "callback", "finish", "api", "refresh")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15, help="rounds of all contenders in turn")
    arguments.add_argument("--warm", type=int, default=30, help="warm requests of each contender in each round")
    arguments.add_argument("--sizes", default="1000,10000,100000,1000000", help="connections in the table, growing")
    arguments.add_argument("--dry", action="store_true", help="print only: write no file")
    given = arguments.parse_args()

    local = world.start()
    try:
        results = {
            "machine": machine(),
            "date": time.strftime("%Y-%m-%d"),
            "rounds": given.rounds,
            "warm": given.warm,
            "sizes": sizes(),
            "flow": measure.whole_flow(),
            "times": measure.times(given.rounds, given.warm, progress),
            "many": measure.warmed_up(given.warm, progress),
            "kms": measure.times_with_kms(given.rounds, given.warm, progress),
            "growth": measure.growth(
                [int(size) for size in given.sizes.split(",")], given.rounds, given.warm, progress,
            ),
        }
    finally:
        local.stop()
    print(report.text(results))
    if not given.dry:
        (world.ROOT / "tests/bench/results.json").write_text(json.dumps(results, indent=1) + "\n")
        report.write(results)


def progress(what):
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def machine():
    """Named by what matters for the figures."""
    kernel = ".".join(os.uname().release.split(".")[:2])
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return {"cores": len(os.sched_getaffinity(0)), "architecture": os.uname().machine, "kernel": kernel, "node": node}


def sizes():
    """Bytes of what a deployment uploads, before and after zip."""
    files = {name: world.TARGET / "release" / name for name in BINARIES}
    files["grant"] = contenders.BUNDLE / "index.js"
    return {name: {"file": path.stat().st_size, "zip": zipped(path)} for name, path in files.items() if path.exists()}


if __name__ == "__main__":
    main()
