"""Builds after each other: what is kept of former ones, going back, and one at a time."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from pathlib import Path

import pytest

from selfservice import clock
from selfservice.builds import CONTENT, NOTES, SITE, Builds, Notes, notes_of
from selfservice.config import Config
from selfservice.following import Following
from selfservice.publish.build import BuildError, BuildResult, build
from selfservice.publish.inputs import INPUTS
from selfservice.publish.rules.staleness import FILE as RECORD
from selfservice.publish.undo import go_back
from selfservice.publish.writing.outputs import FILE as OUTPUTS
from selfservice.web.moved import FILE as REDIRECTS
from tests.conftest import new_app_unshared

PICTURE = "img/letter.svg"
DAY = dt.timedelta(days=1)


def attempt(config: Config) -> BuildResult:
    """Build without compressed copies."""
    return build(new_app_unshared(config), config, compress=False)


def edit(config: Config, text: str) -> None:
    """Put a text in a page."""
    page = config.content / "en" / "digid.md"
    page.write_text(page.read_text("utf-8").rstrip() + f"\n\n{text}\n", "utf-8")


def redraw(config: Config, colour: str) -> None:
    """Another picture, which gets another name on the site."""
    picture = config.content / PICTURE
    picture.write_text(picture.read_text("utf-8").replace("</svg>", f"<path fill='{colour}'/></svg>"), "utf-8")


def pictures(config: Config) -> set[str]:
    """The names of this picture that are served."""
    return {path.name for path in (config.site / "theme" / "pictures").glob("letter.??????????.svg")}


def later(monkeypatch: pytest.MonkeyPatch, passed: dt.timedelta) -> None:
    """Let time pass."""
    moment = clock.now() + passed
    monkeypatch.setattr(clock, "now", lambda: moment)


def made(folder: Path, names: str, before: dict[str, str]) -> Builds:
    """Builds of these names, the last of which is served."""
    builds = Builds(folder)
    with builds.lock():
        for name in names:
            fresh = builds.start()
            notes = Notes(before=before.get(name, ""))
            builds.finish(fresh, dt.datetime(2026, 1, 1 + ord(name) - ord("a"), tzinfo=dt.UTC), notes).rename(
                folder / name
            )
        builds.switch(folder / names[-1])
    return builds


@pytest.mark.slow
def test_nothing_changed(copied: Config) -> None:
    """A build of what is served already leaves all as it is; one after any edit, in a page or in what only forms and
    search read, is another.
    """
    first, again = attempt(copied), attempt(copied)
    assert (True, False, first.output) == (first.is_new, again.is_new, again.output)
    assert [first.output] == Builds(copied.output).all()
    with (copied.content / "rights.toml").open("a", encoding="utf-8") as file:
        file.write("# why\n")
    other = attempt(copied)
    assert (True, first.output, True) == (other.is_new, other.former, other.output == Builds(copied.output).current())


@pytest.mark.slow
def test_another_version_builds_anew(copied: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another version of Loket made is made anew, even though it looks the same; so is what was damaged."""
    attempt(copied)
    monkeypatch.setattr("selfservice.publish.build.program_version", lambda: "another")
    assert (True, "another") == (attempt(copied).is_new, notes_of(copied.published).program)
    (copied.site / "en" / "digid" / "index.html").unlink()
    assert (True, False) == (attempt(copied).is_new, attempt(copied).is_new)


@pytest.mark.slow
def test_going_back(copied: Config) -> None:
    """Each time further back, to what was served then; publishing goes on from there. What was gone back from is not
    what one goes back to.
    """
    texts = []
    for text in ("Alpha.", "Beta.", "Gamma."):
        edit(copied, text)
        attempt(copied)
        texts.append((copied.site / "en" / "digid" / "index.html").read_text("utf-8"))

    def served() -> int:
        return texts.index((copied.site / "en" / "digid" / "index.html").read_text("utf-8"))

    seen = [served()]
    for _ in range(2):
        assert go_back(copied)
        seen.append(served())
    content = (copied.published / CONTENT / "en" / "digid.md").read_text("utf-8")
    assert ([2, 1, 0], None, True, False) == (seen, go_back(copied), "Alpha." in content, "Beta." in content)
    attempt(copied)
    assert go_back(copied)
    assert (0, True) == (served(), notes_of(copied.published).went_back)


@pytest.mark.slow
def test_made_anew_from_its_own_content(copied: Config) -> None:
    """A build of what the current one was made from, as on another day, is the same publication: one goes back to what
    was before it. When something else was published meanwhile, it is left.
    """
    first = attempt(copied).output
    edit(copied, "Beta.")
    second = attempt(copied).output
    edit(copied, "Half a sent")
    own = dataclasses.replace(copied, content=copied.output / "current" / "content")
    (second / SITE / "robots.txt").write_text("as on another day", "utf-8")
    third = attempt(own)
    assert (True, first.name) == (third.is_new, notes_of(third.output).before)
    assert "Half a sent" not in (copied.site / "en" / "digid" / "index.html").read_text("utf-8")
    late = attempt(dataclasses.replace(copied, content=second / CONTENT))
    assert (False, third.output) == (late.is_new, Builds(copied.output).current())


@pytest.mark.slow
def test_former_files_stay(copied: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hashed file that no page asks for any more is served for 30 days, whatever is published meanwhile."""
    attempt(copied)
    (former,) = pictures(copied)
    later(monkeypatch, DAY)
    redraw(copied, "red")
    attempt(copied)
    red = pictures(copied) - {former}
    assert (2, 1) == (len(pictures(copied)), len(red))
    later(monkeypatch, 29 * DAY)
    redraw(copied, "blue")
    attempt(copied)
    assert ({former} | red, 3) == (pictures(copied) & ({former} | red), len(pictures(copied)))
    later(monkeypatch, DAY)
    edit(copied, "Gamma.")
    attempt(copied)
    assert (False, True, 2) == (former in pictures(copied), red <= pictures(copied), len(pictures(copied)))


@pytest.mark.slow
def test_former_files_stay_over_going_back(copied: Config) -> None:
    """A page that is open when the site goes back finds what it asks for; published again, the file is in use again."""
    attempt(copied)
    (former,) = pictures(copied)
    redraw(copied, "red")
    attempt(copied)
    both = pictures(copied)
    assert go_back(copied)
    assert (both, [f"theme/pictures/{name}" for name in both - {former}]) == (
        pictures(copied),
        list(notes_of(copied.published).former),
    )
    attempt(copied)
    assert [f"theme/pictures/{former}"] == list(notes_of(copied.published).former)


def test_what_is_kept(tmp_path: Path) -> None:
    """The last five builds stay, and those that one can go back to."""
    before = {"i": "c", "c": "b", "b": "a"}
    builds = made(tmp_path, "abcdefghi", before)
    builds.prune()
    assert list("abcefghi") == [build.name for build in builds.all()]
    chain = {name: chr(ord(name) - 1) for name in "bcdefghijk"}
    builds = made(tmp_path / "more", "abcdefghijk", chain)
    builds.prune()
    assert list("ghijk") == [build.name for build in builds.all()]


def test_one_at_a_time(tmp_path: Path) -> None:
    """Who comes second waits, and is told so; what a build that was killed left is removed, not what a running one is
    at work on.
    """
    builds, told, order = Builds(tmp_path / "output"), threading.Event(), []

    def second() -> None:
        with Builds(tmp_path / "output").lock(told.set):
            order.append(("second", list(builds.folder.iterdir())))

    with builds.lock():
        unfinished = builds.start()
        thread = threading.Thread(target=second)
        thread.start()
        assert told.wait(10)
        order.append(("first", list(builds.folder.iterdir())))
    thread.join(10)
    assert [("first", [unfinished]), ("second", [])] == order


@pytest.mark.slow
def test_saved_meanwhile(copied: Config) -> None:
    """A file that is saved while the site is being built stops that, so that pages and forms are of one state."""
    attempt(copied)
    edit(copied, "Beta.")

    def save(step: str) -> None:
        if step == "Making the search index":
            (copied.content / "facts.toml").touch()

    with pytest.raises(BuildError, match=r"content/facts.toml:1: was saved while"):
        build(new_app_unshared(copied), copied, compress=False, progress=save)
    assert "Beta." not in (copied.site / "en" / "digid" / "index.html").read_text("utf-8")


@pytest.mark.slow
def test_a_damaged_build(copied: Config) -> None:
    """The next publication, and those that run, do without what the current build says of itself."""
    attempt(copied)
    for damage in ("", "null", "[]", '{"former": 5, "program": 7}', '{"next_change": "soon", "former": {"a": "b"}}'):
        for name in (NOTES, REDIRECTS, RECORD, OUTPUTS, INPUTS):
            (copied.published / name).unlink(missing_ok=True)
            (copied.published / name).write_text(damage, "utf-8")
        assert Following(copied).config.build == Builds(copied.output).current()
        edit(copied, f"One more text, of {len(damage)} words.")
        assert attempt(copied).is_new


@pytest.mark.slow
def test_without_links(copied: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no second name can be made for a file of another account, a publication and going back copy it."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    attempt(copied)
    (former,) = pictures(copied)
    monkeypatch.setattr("os.link", refuse)
    redraw(copied, "red")
    attempt(copied)
    assert (True, 2) == (former in pictures(copied), len(pictures(copied)))
    assert go_back(copied)
    assert 2 == len(pictures(copied))
