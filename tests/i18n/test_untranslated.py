"""What a browser that translates a page leaves alone: the filter `codes`, and the house rule that asks for it."""

from __future__ import annotations

import jinja2
import pytest
from markupsafe import Markup

from selfservice.i18n.templates import install_translations
from tests.house import parse, untranslated

VALUES = [
    "K7RM-4X9T",
    "ABCD-EFGH-JKLM-NPQ2",
    "NL91 ABNA 0417 1643 00",
    "NL91 •••• 4300",
    "a.b+c@x.example.org",
    "j•••@x.example",
]


def codes(text: str) -> str:
    """A text through the filter."""
    env = jinja2.Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    install_translations(env)
    return env.from_string("{{ text|codes }}").render(text=text)


@pytest.mark.parametrize("value", VALUES)
def test_codes(value: str) -> None:
    """A code, account number or address is marked, alone and in a sentence; the rest is as it was, and escaped."""
    assert f'<span translate="no">{value}</span>' == codes(value)
    assert f'Such as <span translate="no">{value}</span>. &lt;b&gt;' == codes(f"Such as {value}. <b>")


def test_nothing_to_mark() -> None:
    """Days, numbers and words with dashes are no codes; HTML stays HTML."""
    for text in ("Fill in 8 digits, such as 12345678, by 2026-12-31 @ noon.", "A DigiD-app, KVK-nummer 1234-5678x"):
        assert text == codes(text)
    assert "<b>x</b>" == codes(Markup("<b>x</b>"))


@pytest.mark.parametrize("value", VALUES)
def test_house_rule(value: str) -> None:
    """The rule for every page finds a value that is not marked, whole or masked, also behind an element."""
    for page in (f"<p>{value}</p>", f"<p>See <b>this</b> {value} there</p>", f"<p>{codes(VALUES[0])} {value}</p>"):
        assert 1 == len(list(untranslated(parse(page, fragment=True)))), page
    assert [] == list(untranslated(parse(f"<p>{codes(value)}</p>", fragment=True)))
