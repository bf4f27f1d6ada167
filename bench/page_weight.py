"""Weight: what a first visit to a page fetches, compressed with brotli at its best, beside two known front ends."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import brotli

from bench import peers, sites
from bench.build import demo_settings
from bench.timing import table
from selfservice.app import create_app
from selfservice.config import Config, load
from selfservice.publish.build import build

GOVUK = "govuk-frontend@6.6.0"
GOVUK_FONTS = ("light-94a07e06a1-v2.woff2", "bold-b542beb274-v2.woff2")
PAGE = "access-code"
_TAG = re.compile(r"<(?:link|script)\b[^>]*>")
_ADDRESS = re.compile(r'\b(?:href|src)="([^"#]+)"')
_RELATION = re.compile(r'\brel="([^"]+)"')
NOTES = """
Bytes after brotli (quality 11); a font is as it is. 'Page' is HTML, CSS and JavaScript; ratio is all / our help page.
- Ours: what the page's links and scripts name. htmx comes when a form or the search is first used.
- GOV.UK Frontend: its whole CSS and JavaScript and both weights of its font, around our help page's text in bare HTML.
- Material for MkDocs: a site of one page with our help page's text, without its fonts (by default from another host)
  and without the search worker and index that its script goes on to fetch.
""".strip()


@dataclass
class Weight:
    """Compressed bytes by kind."""

    html: int = 0
    css: int = 0
    js: int = 0
    font: int = 0
    other: int = 0
    requests: list[str] = field(default_factory=list)

    @property
    def page(self) -> int:
        """What a page needs to be there and to work."""
        return self.html + self.css + self.js

    @property
    def all(self) -> int:
        """Everything that a first visit fetches."""
        return self.page + self.font + self.other

    def add(self, name: str, content: bytes) -> None:
        """Count one more file."""
        self.requests.append(name)
        size = len(content) if name.endswith(".woff2") else len(brotli.compress(content, quality=11))
        kinds = {".css": "css", ".js": "js", ".woff2": "font", ".html": "html"}
        kind = kinds.get(Path(name).suffix, "other")
        setattr(self, kind, getattr(self, kind) + size)


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """The weight benchmark, as markdown."""
    found: dict[str, Weight] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        progress("our pages")
        with patch.dict("os.environ", demo_settings(folder)):
            config = load()
        text, pages = _ours(config)
        found |= pages
        progress(GOVUK)
        found |= _govuk(folder / "govuk", text)
        progress("Material for MkDocs")
        found["Material for MkDocs, one page"] = _material(folder / "material", config.content)
    base = found["our help page"].all
    rows = [
        [
            name,
            *(f"{value:,}" for value in (one.html, one.css, one.js, one.page, one.font, one.other, one.all)),
            str(len(one.requests)),
            f"{one.all / base:.2f}",
        ]
        for name, one in found.items()
    ]
    head = ["first view (bytes)", "HTML", "CSS", "JS", "page", "font", "other", "all", "requests", "ratio"]
    return f"## Weight\n\n{table(head, rows)}\n\n{NOTES}\n"


def _ours(config: Config) -> tuple[str, dict[str, Weight]]:
    app = create_app(config)
    # Pelican reports on standard output, where our tables go.
    with redirect_stdout(sys.stderr):
        build(app, config, compress=False)
    home, help_page, form_page = (config.site / path for path in ("en", f"en/{PAGE}", "en/cannot-log-in"))
    whole = app.test_client().get("/en/self-service/replacement-password", base_url=config.base_url).get_data()
    text = (help_page / "index.html").read_text("utf-8").partition("<main")[2].partition(">")[2].partition("</main>")[0]
    return text, {
        "our help page": _measure((help_page / "index.html").read_bytes(), config.site),
        "our home page": _measure((home / "index.html").read_bytes(), config.site),
        "our help page with a form": _measure((form_page / "index.html").read_bytes(), config.site),
        "our form by itself": _measure(whole, config.site),
    }


def _measure(page: bytes, root: Path, base: str = "") -> Weight:
    """A page and the files that its head and scripts name. A font counts where the page preloads it."""
    weight = Weight()
    weight.add("page.html", page)
    for tag in _TAG.findall(page.decode("utf-8")):
        relation, address = _RELATION.search(tag), _ADDRESS.search(tag)
        wanted = tag.startswith("<script") or (
            relation and set(relation[1].split()) & {"stylesheet", "preload", "icon"}
        )
        if wanted and address:
            if "//" in address[1]:
                sys.exit(f"bench: {address[1]} is on another host and cannot be weighed")
            name = f"{base}{address[1].lstrip('/')}"
            weight.add(name, (root / name).read_bytes())
    return weight


def _govuk(folder: Path, text: str) -> dict[str, Weight]:
    """Nothing when there is no npm to fetch it with."""
    npm = shutil.which("npm")
    if npm is None:
        print("bench: without npm GOV.UK Frontend cannot be fetched, so its row is missing", file=sys.stderr)
        return {}
    folder.mkdir()
    subprocess.run([npm, "pack", GOVUK, "--silent", "--pack-destination", str(folder)], check=True, capture_output=True)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    frontend = folder / "package" / "dist" / "govuk"
    page = (sites.PEERS / "govuk" / "page.html").read_text("utf-8").replace("<!-- text -->", text)
    weight = _measure(page.encode(), frontend)
    for font in GOVUK_FONTS:
        weight.add(font, (frontend / "assets" / "fonts" / font).read_bytes())
    return {"GOV.UK Frontend, plain page": weight}


def _material(folder: Path, content: Path) -> Weight:
    shutil.copytree(sites.PEERS / "material", folder)
    source = (content / "en" / f"{PAGE}.md").read_text("utf-8").partition("\n---\n")[2]
    # A link to a page that this small site does not have would only be a warning, but a fact would stand there raw.
    source = re.sub(r"\{\{ fact\.([\w.]+) }}", r"\1", source)
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text(f"# Access code\n\n{source}", "utf-8")
    subprocess.run([peers.command("mkdocs"), "build", "--quiet"], cwd=folder, check=True, capture_output=True)
    return _measure((folder / "site" / "index.html").read_bytes(), folder / "site")
