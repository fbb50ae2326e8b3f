"""A preprocessor of mdbook. Pages at the top level become the book's own, and links lead as they do in the repository.

A link to a page of the book goes there. One to a file beside the pages stays. A link to anything else of the repository
becomes its text, since the book has no such file; one to nothing ends the build."""

import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Code comes first: what looks like a link in it is none.
CODE = r"^(?P<fence>`{3,}|~{3,}).*?^(?P=fence)|(?P<ticks>(?<!`)`+)(?!`)(?:(?!\n\n).)+?(?<!`)(?P=ticks)(?!`)"
LINK = r"(?P<text>!?\[(?:[^\[\]]|\[[^\[\]]*\])*\])\((?P<target>[^()\s]+)\)|(?P<src>src=\")(?P<image>[^\"]+)"
CODE_OR_LINK = re.compile(f"{CODE}|{LINK}", re.DOTALL | re.MULTILINE)


def chapters(items):
    for item in items:
        if chapter := isinstance(item, dict) and item.get("Chapter"):
            yield chapter
            yield from chapters(chapter["sub_items"])


def of_repository(folder, target):
    """A path as it is called from the repository's root."""
    return os.path.normpath(os.path.join("docs", folder, target))


def of_book(source):
    """Where a page stands in the book: `../SECURITY.md` at its top, as `security.md`."""
    folder, name = os.path.split(source.removeprefix("../"))
    return os.path.join(folder, "index.md" if name == "README.md" else name.lower())


def relinked(chapter, pages):
    folder = os.path.dirname(chapter["source_path"])
    own_folder = os.path.join(os.path.dirname(of_book(chapter["source_path"])), ".")

    def replace(found):
        target = found["target"] or found["image"]
        if target is None or re.match(r"[a-z]+:|#", target):
            return found[0]
        path, hash_sign, anchor = target.partition("#")
        path = of_repository(folder, path)
        if path in pages:
            to = os.path.relpath(pages[path], own_folder) + hash_sign + anchor
        elif not (ROOT / path).exists():
            sys.exit(f"{chapter['source_path']} points to {target}, which is not there")
        elif path.startswith("docs/") and not path.endswith(".md"):
            to = os.path.relpath(path, os.path.join("docs", own_folder))
        else:
            return found["text"][1:-1]
        return f"{found['text']}({to})" if found["text"] else found["src"] + to

    return CODE_OR_LINK.sub(replace, chapter["content"])


def main():
    if sys.argv[1:2] == ["supports"]:
        return
    _, book = json.load(sys.stdin)
    found = list(chapters(book["items"]))
    pages = {of_repository("", chapter["source_path"]): of_book(chapter["source_path"]) for chapter in found}
    for chapter in found:
        chapter["content"] = relinked(chapter, pages)
        chapter["path"] = of_book(chapter["source_path"])
    json.dump(book, sys.stdout)


if __name__ == "__main__":
    main()
