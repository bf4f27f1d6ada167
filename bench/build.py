"""Building: our whole build beside stock Pelican and Hugo, full, again and after one edit, at several sizes; the search
index beside Pagefind; how soon an edit is seen.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench import corpus, peers, preview, sites
from bench.preview import Edit
from bench.timing import Contestant, Cost, interleave, ratio, run_once, table
from selfservice.builds import CURRENT, SITE
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
INDEX_HEAD = ["pages, index", "ours s", "Pagefind s", "ours / Pagefind", "CPU / Pagefind"]
WAIT_HEAD = ["what one waits for", "median s", "slowest s"]
PHASES_HEAD = ["part of our build (s)", "start", "read", "write", "search index", "compressing, per 1,000 pages"]
PEERS = ("Pelican", "Hugo")
ROUNDS = {60: 7, 1000: 5, 5000: 3}
REAL_ROUNDS = 7
EDITS = 10
NOTES = """
Wall-clock seconds of whole processes, medians; ratios are ours / theirs, pair by pair, medians: below 1.00 is faster.
'CPU' compares processor seconds, which other work on the machine disturbs less. The same generated text (two languages,
about 700 words a page) and comparable pages: header, search form, contents list, questions with links to themselves,
tables to scroll, related pages, a footer that names 12 pages of each section.
- Cold: nothing was built before, nothing is kept. Ours checks every link, question and fact, lists the sitemap and
  writes the search index; `--no-compress`, but for the row that says so. Again: nothing changed since.
- Stock Pelican: its own Markdown reader; links, facts and related pages are plain text; no previous/next, no sitemap,
  no search.
- Hugo: links and facts are plain text, the footer comes from its cache; a sitemap, no search. It uses all processors,
  and keeps nothing between builds: with nothing changed it does all of it again.
- The index: of ours what it adds to a build that has read its pages; Pagefind reads the pages that we built,
  and keeps nothing. After an edit the index of the other language is that of the build before.
- Seen: from saving a page (or a fact) until a running `loket serve --reload` answers with it. First answer: from
  `loket serve` on this site, where nothing was built and there is no database, until the home page is there.
""".strip()


@dataclass(frozen=True)
class Site:
    """One corpus, written three times in a folder."""

    folder: Path

    @property
    def outputs(self) -> dict[str, Path]:
        """Where each builder writes, by its name."""
        ours = self.folder / "site" / CURRENT / SITE
        return {"ours": ours, "Pelican": self.folder / "pelican" / "output", "Hugo": self.folder / "hugo" / "public"}

    @property
    def sources(self) -> dict[str, Path]:
        """Where the pages of each builder are."""
        peers_own = {name: self.folder / name.lower() / "content" for name in PEERS}
        return {"ours": self.folder / "ours", **peers_own}

    def contestants(self) -> list[Contestant]:
        """The three builds as commands."""
        quiet = {"PYTHONWARNINGS": "ignore"}
        pelican = [peers.command("pelican"), "content", "-s", "pelicanconf.py", "-o", "output"]
        return [
            ours(self.environment()),
            Contestant("Pelican", pelican, self.folder / "pelican", quiet),
            Contestant("Hugo", [peers.hugo(), "--quiet"], self.folder / "hugo", quiet),
        ]

    def forget(self, name: str) -> None:
        """Remove all that a builder wrote and kept."""
        shutil.rmtree(self.outputs[name], ignore_errors=True)
        if name == "ours":
            forget_ours(self.folder)

    def edits(self) -> dict[str, Edit]:
        """The edit of a page, and the address where it is seen."""
        page = self.folder / "ours" / "en" / "page-00002.md"
        return {"a saved page": Edit("/en/page-00002-answers/", partial(preview.add_sentence, page))}

    def environment(self) -> dict[str, str]:
        """Settings that make `loket` build this corpus."""
        return demo_settings(self.folder) | {"LOKET_CONTENT": str(self.folder / "ours")}


def ours(environment: Mapping[str, str], *, compress: bool = False) -> Contestant:
    """Our build of the site that the environment names."""
    command = [sys.executable, "-m", "selfservice", "build", *([] if compress else ["--no-compress"])]
    return Contestant("ours", command, sites.ROOT, environment)


def forget_ours(folder: Path) -> None:
    """Remove all that our builds wrote and kept in this folder."""
    for name in ("site", ".cache"):
        shutil.rmtree(folder / name, ignore_errors=True)


def demo_settings(folder: Path) -> dict[str, str]:
    """Demo mode that keeps all it writes in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "LOKET_DEMO": "1",
        "LOKET_SITE": str(folder),
        "LOKET_CONTENT": str(sites.ROOT / "content"),
        "LOKET_OUTPUT": str(folder / "site"),
        "LOKET_VAR": str(folder / "var"),
        "LOKET_DATABASE": str(folder / "var" / "loket.db"),
        "LOKET_BASE_URL": "http://127.0.0.1:8000",
    }


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """All build benchmarks, as markdown."""
    rows, indexes, phases, waits = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for size, rounds in ROUNDS.items():
            if quick and size > 1000:
                continue
            site, rounds_here = generate(Path(scratch) / str(size), size, progress), 3 if quick else rounds
            rows += _compare(site, size, rounds_here, progress)
            indexes += _index(site, size, rounds_here, progress)
            # A large site takes long: what is known so far should not wait for it.
            progress(f"so far:\n{table(HEAD, rows)}\n\n{table(INDEX_HEAD, indexes)}\n")
            phases.append(_phases(f"{size:,} pages", site.environment()))
            seen = preview.edit_to_visible(site.environment(), site.edits(), EDITS, progress)
            waits += [_wait(f"{size:,} pages: {name} is seen", seconds) for name, seconds in seen.items()]
            shutil.rmtree(site.folder)
        folder = Path(scratch) / "real"
        rows.append(_real(folder, 3 if quick else REAL_ROUNDS, progress))
        phases.append(_phases("the real site", demo_settings(folder)))
        waits += _real_waits(folder, 3 if quick else REAL_ROUNDS, progress)
    tables = ((HEAD, rows), (INDEX_HEAD, indexes), (WAIT_HEAD, waits), (PHASES_HEAD, phases))
    return "## Building\n\n" + "\n\n".join(table(*each) for each in tables) + f"\n\n{NOTES}\n"


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
    builders = site.contestants()

    def timed(what: str, contestants: list[Contestant]) -> dict[str, list[Cost]]:
        return interleave(contestants, rounds, lambda text: progress(f"{size} pages, {what}: {text}"))

    cold = timed("cold", [replace(one, prepare=partial(site.forget, one.name)) for one in builders])
    _check(list(site.outputs.values()), size)
    again = timed("again", [one for one in builders if one.name != "Pelican"])
    pages = {name: source / "en" / "page-00002.md" for name, source in site.sources.items()}
    edited = timed(
        "one edit", [replace(one, prepare=partial(preview.add_sentence, pages[one.name])) for one in builders]
    )
    whole = replace(ours(site.environment(), compress=True), prepare=partial(site.forget, "ours"))
    compressed = timed("compressing", [whole])
    return [
        _row(f"{size:,}, cold", cold),
        _row(f"{size:,}, cold, compressing", compressed),
        _row(f"{size:,}, again", again),
        _row(f"{size:,}, one edit", edited),
    ]


def _index(site: Site, size: int, rounds: int, progress: Callable[[str], None]) -> list[list[str]]:
    """Our index and Pagefind's of the pages that we built, in turn."""
    command = [sys.executable, "-m", "bench.index_alone"]
    target = ["--site", str(site.outputs["ours"]), "--output-path", str(site.folder / "pagefind"), "--quiet"]
    forget = partial(shutil.rmtree, site.folder / "pagefind", ignore_errors=True)
    pagefind = Contestant("Pagefind", [peers.pagefind(), *target], site.folder, {}, forget)
    found, theirs = [], []
    for number in range(rounds + 1):
        progress(f"{size} pages, search index, round {number} of {rounds}" if number else "warming up the indexers")
        seconds, other = _said(command, site.environment()), run_once(pagefind)
        if number:
            found.append(seconds)
            theirs.append(other)
    rows = []
    for name, ours_own in zip(("all anew", "one edit"), zip(*found, strict=True), strict=True):
        walls, cpus = zip(*ours_own, strict=True)
        rows.append(
            [
                f"{size:,}, {name}",
                f"{median(walls):.2f}",
                f"{median(one.wall for one in theirs):.2f}",
                f"{ratio(walls, [one.wall for one in theirs]):.2f}",
                f"{ratio(cpus, [one.cpu for one in theirs]):.2f}",
            ]
        )
    return rows


def _check(outputs: list[Path], size: int) -> None:
    """A builder that leaves pages out is fast for the wrong reason."""
    for output in outputs:
        written = sum(1 for _ in output.glob("*/*/index.html")) + sum(1 for _ in output.glob("*/index.html"))
        if written < size:
            sys.exit(f"bench: {output} has {written} pages instead of {size}")


def _row(name: str, costs: dict[str, list[Cost]]) -> list[str]:
    walls = {one: [cost.wall for cost in found] for one, found in costs.items()}
    cpus = {one: [cost.cpu for cost in found] for one, found in costs.items()}
    memory = median(cost.memory for cost in costs["ours"])
    return [
        name,
        *(f"{median(walls[one]):.2f}" if one in costs else "–" for one in ("ours", *PEERS)),
        *(f"{ratio(kind['ours'], kind[one]):.2f}" if one in costs else "–" for kind in (walls, cpus) for one in PEERS),
        f"{memory:.0f}",
    ]


def _wait(name: str, seconds: list[float]) -> list[str]:
    return [name, f"{median(seconds):.2f}", f"{max(seconds):.2f}"]


def _real(folder: Path, rounds: int, progress: Callable[[str], None]) -> list[str]:
    build = replace(ours(demo_settings(folder)), prepare=partial(forget_ours, folder))
    return _row("the real site, cold", interleave([build], rounds, lambda text: progress(f"the real site: {text}")))


def _real_waits(folder: Path, rounds: int, progress: Callable[[str], None]) -> list[list[str]]:
    firsts = []
    for number in range(rounds):
        progress(f"first start, round {number + 1} of {rounds}")
        shutil.rmtree(folder, ignore_errors=True)
        firsts.append(preview.ready(demo_settings(folder)))
    content = folder / "content"
    shutil.copytree(sites.ROOT / "content", content)
    edits = {
        "a saved page": Edit("/en/digid/", partial(preview.add_sentence, content / "en" / "digid.md")),
        "a fact": Edit("/en/cannot-log-in/", partial(preview.change_fact, content / "facts.toml", "mail.per_hour")),
    }
    environment = demo_settings(folder) | {"LOKET_CONTENT": str(content)}
    seen = preview.edit_to_visible(environment, edits, EDITS, progress)
    rows = [_wait(f"the real site: {name} is seen", seconds) for name, seconds in seen.items()]
    return [_wait("the real site: first start, first answer", firsts), *rows]


def _phases(name: str, environment: dict[str, str]) -> list[str]:
    seconds = _said([sys.executable, "-m", "bench.build_phases"], environment)
    pages = seconds.pop("compress a page") * 1000
    return [name, *(f"{value:.2f}" for value in seconds.values()), f"{pages:.0f}"]


def _said(command: list[str], environment: dict[str, str]) -> Any:
    """What a process says at its end, as JSON."""
    own = {**os.environ, **environment}
    said = subprocess.run(command, cwd=sites.ROOT, env=own, capture_output=True, text=True, check=True)
    return json.loads(said.stdout.splitlines()[-1])
