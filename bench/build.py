"""Building: our whole build beside stock Pelican and Hugo, full and after one edit, at several sizes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from bench import corpus, peers, sites
from bench.timing import Contestant, Cost, interleave, ratio, table
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import using_language

HEAD = [
    "pages, build",
    "ours s",
    "Pelican s",
    "Hugo s",
    "ours / Pelican",
    "ours / Hugo",
    "CPU / Pelican",
    "CPU / Hugo",
    "MiB",
]
ROUNDS = {60: 7, 1000: 5, 5000: 3}
NOTES = """
Wall-clock seconds of whole processes, medians; ratios are ours / theirs, pair by pair, medians: below 1.00 is faster.
'CPU' compares processor seconds, which other work on the machine disturbs less. The same generated text (two languages,
about 700 words a page) and comparable pages: header, search form, contents list, questions with links to themselves,
tables to scroll, related pages, a footer that names 12 pages of each section.
- Ours checks every link, question and fact, lists the sitemap and writes the search index; `--no-compress`.
- Stock Pelican: its own Markdown reader; links, facts and related pages are plain text; no previous/next, no sitemap,
  no search.
- Hugo: links and facts are plain text, the footer comes from its cache; a sitemap, no search. It uses all processors.
""".strip()


@dataclass(frozen=True)
class Site:
    """One corpus, written three times in a folder."""

    folder: Path

    def contestants(self) -> tuple[list[Contestant], list[Path]]:
        """Ours, stock Pelican and Hugo, and the folders they write to."""
        return self.all_of(), [
            self.folder / "site",
            self.folder / "pelican" / "output",
            self.folder / "hugo" / "public",
        ]

    def all_of(self) -> list[Contestant]:
        """The three builds as commands."""
        quiet = {"PYTHONWARNINGS": "ignore"}
        return [
            Contestant(
                "ours", [sys.executable, "-m", "selfservice", "build", "--no-compress"], sites.ROOT, self.environment()
            ),
            Contestant(
                "Pelican",
                [peers.command("pelican"), "content", "-s", "pelicanconf.py", "-o", "output"],
                self.folder / "pelican",
                quiet,
            ),
            Contestant("Hugo", [peers.hugo(), "--quiet"], self.folder / "hugo", quiet),
        ]

    def environment(self) -> dict[str, str]:
        """Settings that make `loket` build this corpus."""
        return demo_settings(self.folder) | {"LOKET_CONTENT": str(self.folder / "ours")}


def demo_settings(folder: Path) -> dict[str, str]:
    """Demo mode that keeps all it writes in a folder."""
    return {
        "LOKET_DEMO": "1",
        "LOKET_OUTPUT": str(folder / "site"),
        "LOKET_VAR": str(folder / "var"),
        "LOKET_DATABASE": str(folder / "var" / "loket.db"),
        "LOKET_BASE_URL": "http://127.0.0.1:8000",
    }


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """All build benchmarks, as markdown."""
    rows, phases = [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for size, rounds in ROUNDS.items():
            if quick and size > 1000:
                continue
            site = generate(Path(scratch) / str(size), size, progress)
            rows += _compare(site, size, 3 if quick else rounds, progress)
            # A large site takes long: what is known so far should not wait for it.
            progress(f"so far:\n{table(HEAD, rows)}\n")
            phases.append(_phases(f"{size} pages", site.environment()))
            shutil.rmtree(site.folder)
        real = demo_settings(Path(scratch) / "real")
        rows.append(_real(real, 3 if quick else 7, progress))
        phases.append(_phases("the real site", real))
    parts = ["part of our build (s)", "start", "read and write", "search index", "compressing, per 1,000 pages"]
    return f"## Building\n\n{table(HEAD, rows)}\n\n{table(parts, phases)}\n\n{NOTES}\n"


def generate(folder: Path, size: int, progress: Callable[[str], None]) -> Site:
    """Write a corpus of this many pages for all three."""
    progress(f"writing {size} pages")
    facts = Facts.load(sites.ROOT / "content" / "facts.toml")
    with using_language("en"):
        texts = {fact.name: str(fact) for fact in facts}
    pages = list(corpus.pages(size, list(texts)))
    sites.write_ours(folder / "ours", pages)
    sites.write_pelican(folder / "pelican", pages, texts)
    sites.write_hugo(folder / "hugo", pages, texts)
    return Site(folder)


def _compare(site: Site, size: int, rounds: int, progress: Callable[[str], None]) -> list[list[str]]:
    builders, outputs = site.contestants()
    fresh = [
        Contestant(
            one.name, one.command, one.folder, one.environment, partial(shutil.rmtree, output, ignore_errors=True)
        )
        for one, output in zip(builders, outputs, strict=True)
    ]
    full = interleave(fresh, rounds, lambda text: progress(f"{size} pages, full build: {text}"))
    _check(outputs, size)
    sources = [site.folder / "ours", site.folder / "pelican" / "content", site.folder / "hugo" / "content"]
    edited = [
        Contestant(one.name, one.command, one.folder, one.environment, partial(_edit, source / "en" / "page-00002.md"))
        for one, source in zip(builders, sources, strict=True)
    ]
    edit = interleave(edited, rounds, lambda text: progress(f"{size} pages, one edit: {text}"))
    return [_row(f"{size:,}, full", full), _row(f"{size:,}, one edit", edit)]


def _check(outputs: list[Path], size: int) -> None:
    """A builder that leaves pages out is fast for the wrong reason."""
    for output in outputs:
        written = sum(1 for _ in output.glob("*/*/index.html")) + sum(1 for _ in output.glob("*/index.html"))
        if written < size:
            sys.exit(f"bench: {output} has {written} pages instead of {size}")


def _edit(page: Path) -> None:
    page.write_text(page.read_text("utf-8") + "\nOne more sentence.\n", "utf-8")


def _row(name: str, costs: dict[str, list[Cost]]) -> list[str]:
    walls = {one: [cost.wall for cost in found] for one, found in costs.items()}
    cpus = {one: [cost.cpu for cost in found] for one, found in costs.items()}
    memory = median(cost.memory for cost in costs["ours"])
    return [
        name,
        *(f"{median(walls[one]):.2f}" for one in ("ours", "Pelican", "Hugo")),
        *(f"{ratio(kind['ours'], kind[one]):.2f}" for kind in (walls, cpus) for one in ("Pelican", "Hugo")),
        f"{memory:.0f}",
    ]


def _real(environment: dict[str, str], rounds: int, progress: Callable[[str], None]) -> list[str]:
    ours = Contestant("ours", [sys.executable, "-m", "selfservice", "build", "--no-compress"], sites.ROOT, environment)
    costs = interleave([ours], rounds, lambda text: progress(f"the real site: {text}"))["ours"]
    memory = median(cost.memory for cost in costs)
    return ["the real site, full", f"{median(cost.wall for cost in costs):.2f}", *["–"] * 6, f"{memory:.0f}"]


def _phases(name: str, environment: dict[str, str]) -> list[str]:
    command = [sys.executable, "-m", "bench.build_phases"]
    said = subprocess.run(
        command, cwd=sites.ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    seconds = json.loads(said.stdout.splitlines()[-1])
    pages = seconds.pop("compress a page") * 1000
    return [name, *(f"{value:.2f}" for value in seconds.values()), f"{pages:.0f}"]
