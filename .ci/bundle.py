"""Packs what `sam build` made into a folder that `sam deploy` needs no compiler for: `bundle.py BUILT ARCHITECTURE FOLDER`.

A function's zip has the same bytes whenever its binary has: neither the time nor the order of a build is in it."""

import re
import shutil
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FUNCTION = re.compile(r"^(\s+CodeUri: )(\w+)Function$", re.MULTILINE)
PART = re.compile(r"^\s+TemplateURL: (\S+)$", re.MULTILINE)
PROCESSOR = re.compile(r"(\n  Architecture:\n    Type: String\n    Default: )\w+(\n    AllowedValues:\n)(?:    - \w+\n)+")


def pack(binary, archive):
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    # A regular file that may be run. Lambda unpacks it as it is said here.
    entry.external_attr = 0o100755 << 16
    entry.create_system = 3
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(entry, binary.read_bytes(), compresslevel=9)


def bundle(built, architecture, folder):
    folder.mkdir(parents=True)
    template = (built / "template.yaml").read_text()
    functions = [name for _, name in FUNCTION.findall(template)]
    parts = PART.findall(template)
    assert len(functions) == 6 and parts, f"{built / 'template.yaml'} is not what sam build makes of the template"
    for name in functions:
        pack(built / f"{name}Function/bootstrap", folder / f"{name.lower()}.zip")
    for part in parts:
        (folder / part).parent.mkdir(exist_ok=True)
        shutil.copyfile(built / part, folder / part)
    template = FUNCTION.sub(lambda found: f"{found[1]}{found[2].lower()}.zip", template)
    # The binaries are for this processor, whatever somebody asks for.
    template, found = PROCESSOR.subn(rf"\g<1>{architecture}\g<2>    - {architecture}\n", template)
    assert found == 1, "the template has no Architecture"
    (folder / "template.yaml").write_text(template)
    for file in ("samconfig.toml", "LICENSE", "CHANGELOG.md", "infra/edge.yaml", "infra/ci.yaml"):
        shutil.copyfile(ROOT / file, folder / Path(file).name)


if __name__ == "__main__":
    built, architecture, folder = sys.argv[1:]
    bundle(Path(built), architecture, Path(folder))
