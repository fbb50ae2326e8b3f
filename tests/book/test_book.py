"""The built book (`mdbook build`): each link leads to something, and each page is in it."""

import subprocess
import unittest
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "target/book"


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.anchors, self.targets = set(), []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or (tag, name) == ("a", "name"):
                self.anchors.add(value)
            elif name in ("href", "src") and value is not None:
                self.targets.append(value)


class Book(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pages = {path: Page(path) for path in BOOK.rglob("*.html")}

    def test_every_link_and_anchor_is_there(self):
        followed = 0
        for path, page in self.pages.items():
            for target in page.targets:
                parts = urlsplit(target)
                if parts.scheme or parts.netloc:
                    continue
                # What is not found is shown at any depth: mdbook begins its links at the site's root.
                folder = BOOK if parts.path.startswith("/") else path.parent
                to = (folder / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
                with self.subTest(page=path.relative_to(BOOK), target=target):
                    self.assertTrue(to.exists(), "there is no such file")
                    if parts.fragment and to.suffix == ".html":
                        self.assertIn(unquote(parts.fragment), self.pages[to].anchors)
                followed += 1
        self.assertGreater(followed, 1000)

    def test_every_page_of_the_documentation_is_in_it(self):
        listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
        summary = (ROOT / "docs/SUMMARY.md").read_text()
        for page in listed.stdout.split():
            if not page.startswith("tests/") and page != "docs/SUMMARY.md":
                link = page.removeprefix("docs/") if page.startswith("docs/") else f"../{page}"
                self.assertIn(f"]({link})", summary)

    def test_nothing_comes_from_elsewhere(self):
        """It can be read, and searched, without a network."""
        self.assertTrue(list(BOOK.glob("searchindex-*.js")), "it cannot be searched")
        for path in [*BOOK.rglob("*.html"), *BOOK.rglob("*.css")]:
            text = path.read_text()
            for part in ('<script src="http', 'rel="stylesheet" href="http', "url(http", "@import", '<img src="http'):
                self.assertNotIn(part, text, path.name)


if __name__ == "__main__":
    unittest.main()
