"""`loket watch`: what an editor reads on the terminal and in the browser."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from watchfiles import Change

from selfservice.app import create_app
from selfservice.builds import Builds
from selfservice.commands.watch import STATUS, Preview, SupersededError, _matters
from selfservice.config import Config
from selfservice.publish.build import build
from selfservice.search.index_reader import IndexReader


@pytest.fixture
def preview(copied: Config) -> Preview:
    """A preview that shows the copied content as it is."""
    made = Preview(copied)
    assert [] == made.rebuild()
    return made


@pytest.fixture
def status(preview: Preview) -> Callable[[], dict[str, Any]]:
    """What the browser is told now."""

    def read() -> dict[str, Any]:
        told: dict[str, Any] = json.loads((preview.config.site / STATUS).read_text("utf-8"))
        return told

    return read


def test_mistake_is_told_once_the_site_stays_and_goes_on_when_mended(
    preview: Preview, status: Callable[[], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """On the terminal and on the page; once that it is mended; a build after another without any says nothing."""
    file = preview.config.content / "en" / "digid.md"
    text, before = file.read_text("utf-8"), (preview.config.site / "en" / "digid" / "index.html").read_text("utf-8")
    capsys.readouterr()
    told = []
    for source in (f"{text}\nSee [nothing](nowhere.md).\n", f"{text}\nMended.\n", text):
        file.write_text(source, "utf-8")
        preview.rebuild([file])
        told.append(
            (capsys.readouterr().err, [problem["text"] for problem in status()["problems"] if problem["error"]])
        )
        if len(told) == 1:
            assert before == (preview.config.site / "en" / "digid" / "index.html").read_text("utf-8")
    (line, shown), *others = told
    assert (line, shown[0].startswith("content/en/digid.md:")) == (f"{shown[0]}\n", True)
    assert others == [("Mended: the site shows what you saved\n", []), ("", [])]


@pytest.mark.parametrize(
    ("name", "spoilt"),
    [
        ("facts.toml", "[phone.register\n"),
        ("facts.toml", '[phone.register]\nkind = "fone"\nvalue = "1"\n'),
        ("rights.toml", "= 1\n"),
        ("site.toml", "name = 1\n"),
        ("searches.toml", "[en.synonyms\n"),
    ],
)
def test_mistake_in_what_holds_for_the_whole_site_ends_nothing(
    preview: Preview, status: Callable[[], dict[str, Any]], name: str, spoilt: str
) -> None:
    """The preview goes on as it was, says so, and shows the site again when it is mended."""
    file = preview.config.content / name
    text, build = file.read_text("utf-8"), status()["build"]
    file.write_text(spoilt, "utf-8")
    (problem,) = preview.rebuild([file])
    assert (problem.file, [str(problem)]) == (f"content/{name}", [each["text"] for each in status()["problems"]])
    file.write_text(text, "utf-8")
    assert [] == preview.rebuild([file])
    assert build != status()["build"]


def test_warning_is_told_on_its_own_page(preview: Preview, status: Callable[[], dict[str, Any]]) -> None:
    """By its address; it keeps nothing from being shown."""
    file = preview.config.content / "nl" / "digid.md"
    file.write_text(file.read_text("utf-8") + "\nBel 070 123 45 67.\n", "utf-8")
    assert [] == preview.rebuild([file])
    (warning,) = [problem for problem in status()["problems"] if "070 123 45 67" in problem["text"]]
    assert ("/nl/digid/", False) == (warning["path"], warning["error"])


def test_edits_beside_the_pages_make_a_new_app(preview: Preview, tmp_path: Path) -> None:
    """A fact that changed shows in page and form alike."""
    file = preview.config.content / "facts.toml"
    text = file.read_text("utf-8")
    before = (preview.config.site / "en" / "access-code" / "index.html").read_text("utf-8")
    at = text.index("[access_code.delivery_working_days]")
    file.write_text(text[:at] + text[at:].replace("[3, 5]", "[4, 6]", 1), "utf-8")
    assert [] == preview.rebuild([file])
    after = (preview.config.site / "en" / "access-code" / "index.html").read_text("utf-8")
    assert ("4 to 6 working days" in before, "4 to 6 working days" in after) == (False, True)


class Editor:
    """Who saves something else when that is said."""

    def __init__(self) -> None:
        self.is_busy = False

    def __call__(self, _seconds: float) -> bool:
        return self.is_busy


@pytest.fixture
def editor() -> Editor:
    """Nothing else is saved at first."""
    return Editor()


@pytest.fixture
def watched(copied: Config, editor: Editor) -> Preview:
    """A preview that knows of that."""
    made = Preview(copied, editor)
    assert [] == made.rebuild()
    return made


def shown(preview: Preview, path: str) -> bytes:
    """What is served at a path."""
    return (preview.config.site / path / "index.html").read_bytes()


def token(preview: Preview) -> str:
    """What tells a page in the browser that it is another one now."""
    return str(json.loads((preview.config.site / STATUS).read_text("utf-8"))["build"])


def test_saved_text_is_shown_before_the_build_which_then_finds_it_written(watched: Preview, editor: Editor) -> None:
    """Also when the next edit keeps that build from being made; the page in the browser is loaded anew once."""
    file = watched.config.content / "en" / "digid.md"
    builds, before = Builds(watched.config.output), token(watched)
    file.write_text(file.read_text("utf-8") + "\nOne more sentence: {{ label.sign-in.log_out }}.\n", "utf-8")
    editor.is_busy, served = True, builds.current()
    with pytest.raises(SupersededError):
        watched.rebuild([file])
    at_once, told = shown(watched, "en/digid"), token(watched)
    assert (served, True, True) == (builds.current(), b"One more sentence: Log out." in at_once, told != before)
    editor.is_busy = False
    assert [] == watched.rebuild([file])
    assert (served != builds.current(), at_once, told) == (True, shown(watched, "en/digid"), token(watched))
    written = [(build / "site/en/digid/index.html").stat() for build in builds.all()[-2:]]
    assert written[0].st_ino == written[1].st_ino
    # As from nothing.
    fresh = dataclasses.replace(watched.config, output=watched.config.output.with_name("fresh"))
    build(create_app(fresh), fresh, compress=False)
    assert at_once == (fresh.site / "en/digid/index.html").read_bytes()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: ", "title: Another "),
        ("\n## ", "\n## Another "),
        ("\n## ", "\n[nothing](nowhere.md)\n\n## "),
        ("\n## ", "\n{{ label.sign-in.nothing }}\n\n## "),
        ("\n## ", "\n![A picture](img/nothing.png)\n\n## "),
    ],
)
def test_what_others_show_or_is_wrong_is_not_shown_before_the_build(watched: Preview, old: str, new: str) -> None:
    """That shows all of it at once, or says what is wrong."""
    file, served = watched.config.content / "en" / "digid.md", Builds(watched.config.output).current()
    file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    before = shown(watched, "en/digid")
    assert not watched._show_at_once([file])
    assert before == shown(watched, "en/digid")
    problems = watched.rebuild([file])
    assert bool(problems) == (served == Builds(watched.config.output).current()) == ("nothing" in new)


def test_mistake_that_is_followed_by_another_edit_is_not_told(
    watched: Preview, editor: Editor, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be half of one."""
    file = watched.config.content / "en" / "digid.md"
    text, before = file.read_text("utf-8"), token(watched)
    capsys.readouterr()
    file.write_text("", "utf-8")
    editor.is_busy = True
    with pytest.raises(SupersededError):
        watched.rebuild([file])
    editor.is_busy = False
    file.write_text(text, "utf-8")
    assert [] == watched.rebuild([file])
    assert ("", before) == (capsys.readouterr().err, token(watched))


def test_template_of_a_form_is_followed_though_no_page_shows_it(preview: Preview) -> None:
    """The server makes its app anew for another build only."""
    builds = Builds(preview.config.output)
    served = builds.current()
    assert [] == preview.rebuild([preview.config.root / "site" / "templates" / "error.html"])
    assert served != builds.current()


def test_search_finds_an_edit_after_it_is_shown(preview: Preview) -> None:
    """The index of a build is made when the pages of it are served already."""
    file = preview.config.content / "en" / "digid.md"
    file.write_text(file.read_text("utf-8") + "\nA zebrafish.\n", "utf-8")
    assert [] == preview.rebuild([file])
    with closing(IndexReader(preview.config.search_index, "en")) as index:
        assert index.ids("zebrafish")


def test_files_of_editors_programs_are_none_of_the_site() -> None:
    """What they write beside a file while they save it."""
    theirs = ("4913", "x.md~", ".x.md.swp", "#x.md#", "x.md___jb_tmp___", ".goutputstream-A1")
    assert [] == [name for name in theirs if _matters(Change.added, f"content/en/{name}")]
    assert _matters(Change.added, "content/en/x.md")
