"""Makes `src/linkspan/types.py` of the OpenAPI document: what the API takes and answers, as types.

    python3 generate.py          # writes it
    python3 generate.py --check  # fails if it is not what the document says
"""

import json
import keyword
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parents[1] / "docs/openapi.json"
TYPES = HERE / "src/linkspan/types.py"

# What the client takes and answers. What these name comes with them.
SCHEMAS = ("Connection", "ConnectionRequest", "Attempt", "Integration", "Error", "Scopes", "Start")
# What only an operation's answer says.
ANSWERS = {"TestResult": "testConnection", "Self": "readSelf"}
# The language of definitions, which only who manages a workspace sees. The client does nothing with it.
SETTINGS = {
    "AccountTemplates",
    "AfterConnect",
    "ApiClient",
    "CertificateSetting",
    "Discovered",
    "RevokeCall",
    "Signed",
    "TestCall",
}

HEADER = '''"""What the API takes and answers. Made of `docs/openapi.json` by `generate.py`: do not change it by hand."""

from __future__ import annotations

from typing import Any, Literal, TypedDict, Union


'''

SCALARS = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "object": "dict[str, Any]",
}


class Types:
    """The types of the document's schemas, those that another is made of before it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._written: dict[str, str] = {}
        for name in SCHEMAS:
            self._named(name)
        operations = [operation for path in document["paths"].values() for operation in path.values()]
        for name, wanted in ANSWERS.items():
            [operation] = [each for each in operations if isinstance(each, dict) and each.get("operationId") == wanted]
            self._define(name, operation["responses"]["200"]["content"]["application/json"]["schema"])

    def text(self) -> str:
        return HEADER + "\n\n\n".join(text.strip("\n") for text in self._written.values()) + "\n"

    def _named(self, name: str) -> str:
        if name not in self._written:
            self._define(name, self._document["components"]["schemas"][name])
        return name

    def _define(self, name: str, schema: dict[str, Any]) -> None:
        made = self._type(schema, name)
        if made != name:
            self._write(name, f"{name} = {made}\n{docstring(schema, '')}")

    def _type(self, schema: dict[str, Any], name: str) -> str:
        """The type of a schema. `name` is for one that needs a name of its own."""
        if "$ref" in schema:
            referred = schema["$ref"].rpartition("/")[2]
            return SCALARS["object"] if referred in SETTINGS else self._named(referred)
        for choice in ("anyOf", "oneOf"):
            if choice in schema and "properties" not in schema:
                several = len([each for each in schema[choice] if each.get("type") != "null"]) > 1
                names = [f"{name}{number}" if several else name for number in range(1, len(schema[choice]) + 1)]
                return union([self._type(each, own) for each, own in zip(schema[choice], names)])
        if "allOf" in schema:
            raise ValueError(f"{name}: `allOf` has no type here")
        if "const" in schema:
            return literal([schema["const"]])
        if "enum" in schema:
            self._write(name, f"{name} = {literal(schema['enum'])}\n{docstring(schema, '')}")
            return name
        kinds = schema.get("type", [])
        return union([self._of_kind(kind, schema, name) for kind in ([kinds] if isinstance(kinds, str) else kinds)])

    def _of_kind(self, kind: str, schema: dict[str, Any], name: str) -> str:
        if kind == "array":
            item = name.removesuffix("s") if name.endswith("s") else f"{name}Item"
            return f"list[{self._type(schema.get('items', {}), item)}]"
        if kind == "object" and schema.get("properties"):
            return self._dict(schema, name)
        if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
            return f"dict[str, {self._type(schema['additionalProperties'], f'{name}Value')}]"
        return SCALARS[kind]

    def _dict(self, schema: dict[str, Any], name: str) -> str:
        """A TypedDict. Before Python 3.11 a name alone cannot be optional, so the required ones are a base."""
        fields = {
            field: (self._type(each, name + field[0].upper() + field[1:]), docstring(each, "    "))
            for field, each in schema["properties"].items()
        }
        for field in fields:
            if not field.isidentifier() or keyword.iskeyword(field):
                raise ValueError(f"{name}.{field} is no name in Python")
        required = [field for field in fields if field in schema.get("required", [])]
        optional = [field for field in fields if field not in required]
        base, total = "TypedDict", ""
        text = ""
        if required and optional:
            base = f"_{name}Required"
            text = f"class {base}(TypedDict):\n{body(fields, required)}\n\n"
        if optional:
            total = ", total=False"
        text += f"class {name}({base}{total}):\n{docstring(schema, '    ')}{body(fields, optional or required)}"
        self._write(name, text)
        return name

    def _write(self, name: str, text: str) -> None:
        if name in self._written and self._written[name] != text:
            raise ValueError(f"two types are called {name}")
        self._written[name] = text


def body(fields: dict[str, tuple[str, str]], names: list[str]) -> str:
    return "".join(f"    {name}: {fields[name][0]}\n{fields[name][1]}" for name in names)


def literal(values: list[Any]) -> str:
    line = "Literal[" + ", ".join(repr(value).replace("'", '"') for value in values) + "]"
    if len(line) <= 100:
        return line
    return "Literal[\n" + "".join(f"    {value!r},\n".replace("'", '"') for value in values) + "]"


def union(types: list[str]) -> str:
    """`Union` and not `|`: an alias is read when the module is loaded, where Python 3.10 knows no `"Name" | None`."""
    different = list(dict.fromkeys(types))
    if not different:
        return "Any"
    return different[0] if len(different) == 1 else f"Union[{', '.join(different)}]"


def docstring(schema: dict[str, Any], indent: str) -> str:
    text = re.sub(r"\s+", " ", schema.get("description", "")).replace("\\", "\\\\").replace('"""', "'''")
    if not text:
        return ""
    if text.endswith('"'):
        text += " "
    lines = textwrap.wrap(text, 116 - len(indent), break_long_words=False, break_on_hyphens=False)
    shown = f"\n{indent}".join(lines)
    return f'{indent}"""{shown}"""\n'


def main() -> None:
    text = Types(json.loads(DOCUMENT.read_text(encoding="utf-8"))).text()
    if sys.argv[1:] == ["--check"]:
        if TYPES.read_text(encoding="utf-8") != text:
            sys.exit(f"{TYPES.name} is not what the document says: run generate.py")
    else:
        TYPES.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
