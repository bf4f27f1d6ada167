"""The translations: up to date with the source, complete, and with the same gaps to fill in."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from selfservice.commands import catalogs as catalogs_command
from selfservice.config import ROOT
from selfservice.i18n import catalogs
from selfservice.i18n.catalogs import catalog
from selfservice.i18n.languages import SOURCE_LANGUAGE
from selfservice.publish.rules.plain_words import Passage, Text, advice, read_words

GETTEXT = {"_", "gettext", "ngettext", "pgettext"}
GAP = re.compile(r"%\((\w+)\)s")
TAG = re.compile(r"</?[a-z]+[^>]*>")


@pytest.fixture(scope="module")
def template() -> Catalog:
    """Every text in the source."""
    return catalogs_command.extract()


def read(code: str) -> Catalog:
    with catalogs_command.catalog_file(code).open("rb") as file:
        return read_po(file, locale=code)


def messages(code: str) -> list[Message]:
    return [message for message in read(code) if message.id]


def forms(text: object) -> list[str]:
    """The singular and plural of a message, or its one text."""
    return [str(one) for one in text] if isinstance(text, (list, tuple)) else [str(text)]


def test_up_to_date(template: Catalog) -> None:
    """Each text in the source is in each catalog, translated, and no catalog has others."""
    assert [] == catalogs_command.problems(template)


def test_plain_words() -> None:
    """What `loket check` asks of pages holds for the texts in the code, in each language: sentences of twenty words at
    most, no stiff words, 'je', and for each thing the name that content/plain_words.toml gives it.
    """
    read_aloud = [
        Text(
            code, code, [Passage(TAG.sub("", one), ((0, 0),)) for each in messages(code) for one in forms(each.string)]
        )
        for code in catalogs_command.translated_languages()
    ]
    original = [Passage(TAG.sub("", one), ((0, 0),)) for each in messages("nl") for one in forms(each.id)]
    texts = [*read_aloud, Text(SOURCE_LANGUAGE, SOURCE_LANGUAGE, original)]
    assert [] == [str(each) for each in advice(texts, read_words(ROOT / "content"))]


@pytest.mark.parametrize("code", catalogs_command.translated_languages())
def test_gaps(code: str) -> None:
    """A translation has the gaps of its original, no more and no fewer; only a singular may leave its number out."""
    wrong = []
    for message in messages(code):
        wanted = set(GAP.findall(forms(message.id)[-1]))
        for text in forms(message.string):
            lacking = wanted ^ set(GAP.findall(text))
            if lacking and not (text == forms(message.string)[0] and lacking <= {"num", "count", "minutes"}):
                wrong.append((message.id, text))
    assert [] == wrong


@pytest.mark.parametrize("code", catalogs_command.translated_languages())
def test_tags(code: str) -> None:
    """A translation has the HTML of its original: no tag gets lost or comes in."""
    wrong = [
        message.id
        for message in messages(code)
        for text in forms(message.string)
        if sorted(TAG.findall(text)) != sorted(TAG.findall(forms(message.id)[0]))
    ]
    assert [] == wrong


@pytest.mark.parametrize("code", catalogs_command.translated_languages())
def test_percent(code: str) -> None:
    """No stray percent sign, which would break the filling in."""
    wrong = [m.id for m in messages(code) for text in forms(m.string) if "%" in GAP.sub("", text).replace("%%", "")]
    assert [] == wrong


@pytest.mark.parametrize("code", catalogs_command.translated_languages())
def test_plurals(code: str) -> None:
    """A text with a number has as many forms as the language."""
    wrong = [m.id for m in messages(code) if m.pluralizable and len(forms(m.string)) != read(code).num_plurals]
    assert [] == wrong


def test_extraction_sees_everything(template: Catalog) -> None:
    """Texts in Python, in pages, in mails and in facts' kinds are all found."""
    found = {forms(message.id)[0] for message in template if message.id}
    samples = {
        "This page does not exist",
        "Skip to the content",
        "Your password was changed",
        "%(num)s working day",
        "There is a problem",
    }
    assert set() == samples - found


def test_update_changes_nothing(template: Catalog) -> None:
    """What is committed is what `make catalogs` writes: on a clean tree it changes nothing."""
    assert [] == [
        str(path) for path, content in catalogs_command.updated_files(template).items() if path.read_bytes() != content
    ]


def test_moving_code_moves_no_entry(template: Catalog) -> None:
    """The catalogs stay as they are, byte for byte, when code moves within its file or to another folder."""
    moved = Catalog(project="Loket", copyright_holder="Loket", charset="utf-8")
    for message in reversed([message for message in template if message.id]):
        moved.add(message.id, None, [("selfservice/elsewhere.py", 1)], message.flags, context=message.context)
    assert catalogs_command.updated_files(template) == catalogs_command.updated_files(moved)


@pytest.mark.parametrize(
    ("catalog", "problem"),
    [
        ('msgid "Skip to the content"\nmsgstr ""\n', "not translated: 'Skip to the content'"),
        ('msgid "Gone"\nmsgstr "Weg"\n', "no longer used: 'Gone'; run `loket catalogs --update`"),
        ('#, fuzzy\nmsgid "Skip to the content"\nmsgstr "Naar"\n', "not translated: 'Skip to the content'"),
    ],
)
def test_problems(template: Catalog, tmp_path: Path, catalog: str, problem: str) -> None:
    """What is missing, empty, doubtful or left over is named, with its file."""
    spoilt = tmp_path / "messages.po"
    spoilt.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n' + catalog, "utf-8")
    assert problem in {line.partition(": ")[2] for line in catalogs_command.problems(template, lambda _: spoilt)}


def test_missing_catalog(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A catalog that was not compiled is an error, not English without a word."""
    monkeypatch.setattr(catalogs, "CATALOGS", tmp_path)
    monkeypatch.setenv("LOKET_SITE", str(tmp_path))
    with pytest.raises(FileNotFoundError):
        catalog.__wrapped__("nl")


def test_no_text_inside_an_f_string() -> None:
    """No text is asked for inside an f-string: there the extraction does not see it, and it stays English."""
    inside = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted((ROOT / "selfservice").rglob("*.py"))
        for text in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in GETTEXT
    ]
    assert [] == inside


def test_new_language(template: Catalog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A language without a catalog gets one in the site's folder, with every text and none translated; it is then found
    there.
    """
    monkeypatch.setenv("LOKET_SITE", str(tmp_path))
    monkeypatch.setattr(catalogs_command, "LANGUAGES", ("en", "nl", "fy"))
    begun = tmp_path / "translations" / "fy" / "LC_MESSAGES" / "messages.po"
    content = catalogs_command.updated_files(template)[begun]
    begun.parent.mkdir(parents=True)
    begun.write_bytes(content)
    assert {message.id for message in template} == {message.id for message in read("fy")}
    assert not any(any(message.string or ()) for message in messages("fy"))
    assert begun == catalogs_command.catalog_file("fy")
