"""Making the search index with the site: in which process, what of a former build is taken over, what goes wrong."""

from __future__ import annotations

import dataclasses
import datetime as dt
import multiprocessing
from contextlib import closing
from pathlib import Path

import pytest

from selfservice.builds import Builds
from selfservice.config import Config
from selfservice.db import connect
from selfservice.publish.build import BuildError, build
from selfservice.publish.writing.indexing import Indexing
from selfservice.search import index
from selfservice.search.index import IndexedQuestion, Pin
from selfservice.search.query import search
from tests.conftest import new_app_unshared
from tests.publish.test_build import edit, snapshot

QUESTIONS = [
    IndexedQuestion("nl", "/nl/hulp/#q0", "Hulp", "Waar is mijn jaarrekening?", "Die staat klaar.", "help", "q0"),
    IndexedQuestion("nl", "/nl/hulp/#q1", "Hulp", "Hoe betaal ik?", "Met een rekening, privé.", "help", "q1"),
    IndexedQuestion("en", "/en/help/#q0", "Help", "Where are my accounts?", "They are ready.", "help", "q0"),
]
SYNONYMS = {"nl": {"centen": ["rekening"]}}
PINS = [Pin("nl", "geld", "/nl/hulp/#q1", dt.date(2026, 12, 31))]
HERE, ELSEWHERE = 4, 3  # from how many questions on each language has a process of its own


def made(
    folder: Path, questions: list[IndexedQuestion] = QUESTIONS, *, kept: Path | None = None, large: int = HERE
) -> Path:
    """The folder with the search index of these questions."""
    with closing(Indexing(folder, kept, large)) as indexing:
        indexing.start(questions, SYNONYMS, PINS)
        indexing.finish()
    assert {"en.db", "nl.db"} == {path.name for path in folder.iterdir()}
    return folder


def taken_over(folder: Path, kept: Path) -> set[str]:
    """The files that both folders share."""
    return {path.stem for path in folder.iterdir() if path.samefile(kept / path.name)}


def test_large_site(tmp_path: Path) -> None:
    """A large site's index is made in other processes, and is byte for byte that of the same process."""
    here, there = made(tmp_path / "here"), made(tmp_path / "there", large=ELSEWHERE)
    assert snapshot(here) == snapshot(there)
    assert search(here, "nl", "centen") == search(there, "nl", "centen")
    assert 2 == len(search(there, "nl", "centen").hits)


@pytest.mark.parametrize("large", [HERE, ELSEWHERE], ids=["this process", "another process"])
def test_unchanged_language_is_taken_over(tmp_path: Path, large: int) -> None:
    """What a former build has of the same entries is its very file; the language of an edit is made anew, and both are
    what they would be without a former build.
    """
    former = made(tmp_path / "former")
    assert {"en", "nl"} == taken_over(made(tmp_path / "same", kept=former, large=large), former)
    other = [dataclasses.replace(QUESTIONS[0], text="Die staat niet klaar."), *QUESTIONS[1:]]
    edited = made(tmp_path / "edited", other, kept=former, large=large)
    assert {"en"} == taken_over(edited, former)
    assert snapshot(made(tmp_path / "clean", other)) == snapshot(edited)


@pytest.mark.parametrize("what", ["synonyms", "pins", "order"])
def test_all_that_an_index_is_made_from_counts(tmp_path: Path, what: str) -> None:
    """An index of the same questions is made anew when their order, a synonym or a pin is another."""
    former, folder = made(tmp_path / "former"), tmp_path / "fresh"
    questions = QUESTIONS[::-1] if what == "order" else QUESTIONS
    synonyms = {"nl": {"centen": ["betaal"]}} if what == "synonyms" else SYNONYMS
    pins = [] if what == "pins" else PINS
    with closing(Indexing(folder, former)) as indexing:
        indexing.start(questions, synonyms, pins)
        indexing.finish()
    assert {"en"} == taken_over(folder, former)


def test_another_program_takes_nothing_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that other code made is no index of this one, though it was made from the same entries."""
    former = made(tmp_path / "former")
    monkeypatch.setattr(index, "_program", lambda: b"another version")
    assert set() == taken_over(made(tmp_path / "fresh", kept=former), former)


def test_what_is_no_index_is_not_taken_over(tmp_path: Path) -> None:
    """A file that is empty, not there or of other tables is passed by."""
    former = tmp_path / "former"
    former.mkdir()
    (former / "nl.db").write_bytes(b"")
    assert 2 == len(search(made(tmp_path / "fresh", kept=former), "nl", "centen").hits)
    (former / "nl.db").write_bytes(b"no database" * 1000)
    with closing(connect(former / "en.db")) as other:
        other.execute("CREATE TABLE source (id INTEGER)")
    assert set() == taken_over(made(tmp_path / "again", kept=former), former)


@pytest.mark.parametrize("large", [HERE, ELSEWHERE], ids=["this process", "another process"])
def test_index_fails(tmp_path: Path, large: int) -> None:
    """What goes wrong with the index comes out of the build, in whichever process it is; the old index stays."""
    before = snapshot(made(tmp_path))
    for wrong, error, message in (
        (dataclasses.replace(QUESTIONS[1], lang="xx"), ValueError, "search knows no language 'xx'"),
        (dataclasses.replace(QUESTIONS[1], title="\ud800"), UnicodeEncodeError, "surrogates"),
    ):
        with pytest.raises(error, match=message):
            made(tmp_path, [QUESTIONS[0], wrong, QUESTIONS[2]], large=large)
        assert before == snapshot(tmp_path)


def test_index_given_up(tmp_path: Path) -> None:
    """A build that stops while other processes make the index ends them, and leaves nothing about."""
    with closing(Indexing(tmp_path, None, ELSEWHERE)) as indexing:
        indexing.start(QUESTIONS, SYNONYMS)
    assert ([], []) == (list(tmp_path.iterdir()), multiprocessing.active_children())


def test_index_process_killed(tmp_path: Path) -> None:
    """When a process that makes the index is killed, the build says so instead of waiting."""
    with closing(Indexing(tmp_path, None, ELSEWHERE)) as indexing:
        indexing.start(QUESTIONS, SYNONYMS)
        for process in multiprocessing.active_children():
            process.kill()
        with pytest.raises(ChildProcessError, match="ended with -9"):
            indexing.finish()
    assert [] == list(tmp_path.iterdir())


@pytest.mark.slow
def test_builds(copied: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build takes the index of each language over from the one before while no word of that language changes. A site
    of either size gets the same index, and one that has mistakes gets none.
    """
    app, builds = new_app_unshared(copied), Builds(copied.output)

    def attempt() -> Path:
        build(app, copied, compress=False)
        current = builds.current()
        assert current
        return current / "search"

    first, second = attempt(), attempt()
    assert {"en", "nl"} == taken_over(second, first)
    edit(copied, "en/digid.md", "\n## ", "\nOne more sentence.\n\n## ")
    third = attempt()
    assert {"nl"} == taken_over(third, second)
    monkeypatch.setattr(Indexing.__init__, "__defaults__", (None, 1))
    (builds.folder / "current").unlink()
    fourth = attempt()
    assert (set(), snapshot(third)) == (taken_over(fourth, third), snapshot(fourth))
    edit(copied, "en/digid.md", "\n## ", "\n[a](zzz.md)\n\n## ")
    with pytest.raises(BuildError):
        attempt()
    assert fourth.parent == builds.current()
    assert [] == multiprocessing.active_children()
