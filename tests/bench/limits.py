"""The budgets that counting can check. `limits.py crates` counts what each function is made of; `limits.py zips DIR`
packs what `sam build` made. Times are measured by bench.py and never asserted. Standard library only."""

import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("initiate", "callback", "finish", "api", "refresh", "webhooks")

# Crates of a function, without those that only run at compile time, and crates that are in it in two versions.
CRATES, TWICE = 229, 10
# Bytes that are uploaded, which Lambda fetches at a cold start: what they are now for x86_64, the larger of the two. The
# budget is 2.5 MB each; the JSON Schema engine, 0.9 MB with its regular expressions, keeps initiate and api above it,
# and the public suffix list, 0.3 MB, and the connectors, 0.1 MB, are in api alone. Definitions that describe a provider's
# requests and answers, and JWTs that are signed, are 0.2 MB of initiate, callback and refresh; signed requests, keys in KMS,
# client certificates and the page of the choice are another 0.1 MB. Attempts and metrics are 0.03 MB of each; scopes, erasing and
# the root secret 0.1 MB of api. The pages' seven languages are 0.04 MB of each that shows pages; connection requests, keys of the
# callers' and their scopes 0.04 to 0.06 MB of initiate, callback and api. refresh unwinds, which costs it 0.5 MB: nobody waits
# for its cold start. The screens with their script, the endpoints of webhooks and what is noted beside connections are 0.2 MB of api.
ZIPS = {
    "initiate": 3_890_000, "callback": 2_930_000, "finish": 2_375_000, "api": 4_960_000, "refresh": 3_205_000,
    "webhooks": 2_000_000,
}


def crates():
    for function in FUNCTIONS:
        tree = subprocess.run(
            ["cargo", "tree", "--locked", "--package", function, "--edges", "normal,no-proc-macro",
             "--prefix", "none", "--format", "{p}"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout
        versions = defaultdict(set)
        for line in filter(None, tree.splitlines()):
            name, version, *_ = line.split()
            versions[name].add(version)
        yield f"{function}: crates", sum(map(len, versions.values())), CRATES
        twice = sorted(name for name, of in versions.items() if len(of) > 1)
        yield f"{function}: crates in two versions ({', '.join(twice)})", len(twice), TWICE


def zips(folder):
    names = {name.lower(): name for name in FUNCTIONS}
    found = set()
    for binary in Path(folder).glob("*/bootstrap"):
        name = names.get(binary.parent.name.removesuffix("Function").lower())
        if name is not None:
            found.add(name)
            yield f"{name}: bytes of the zip", zipped(binary), ZIPS[name]
    if missing := set(FUNCTIONS) - found:
        raise SystemExit(f"{folder} lacks {', '.join(sorted(missing))}")


def packed(path, archive):
    """Packs a function as sam does, and returns the bytes."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.write(path, "bootstrap")
    return archive.tell()


def zipped(path):
    """Bytes of a function's zip."""
    with tempfile.TemporaryFile() as archive:
        return packed(path, archive)


def main():
    match sys.argv[1:]:
        case ["crates"]:
            counted = crates()
        case ["zips", folder]:
            counted = zips(folder)
        case _:
            raise SystemExit(__doc__)
    exceeded = False
    for what, count, limit in counted:
        print(f"{what}: {count:,} of {limit:,}")
        exceeded |= count > limit
    if exceeded:
        raise SystemExit("A limit of tests/bench/limits.py is exceeded.")


if __name__ == "__main__":
    main()
