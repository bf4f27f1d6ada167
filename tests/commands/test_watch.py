"""`loket watch`: what an editor reads on the terminal and in the browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selfservice.commands.watch import STATUS, Preview
from selfservice.config import Config


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
