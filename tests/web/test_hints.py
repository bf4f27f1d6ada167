"""What hints and messages give as an example is right: whoever fills in just that is not told that it is wrong."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from wtforms import ValidationError

from selfservice import fragments
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.i18n.templates import mark_codes
from selfservice.values.address import house_number_error
from selfservice.values.organisation_number import organisation_number_error
from selfservice.values.postcode import postcode_error
from selfservice.web.fields import TextField
from selfservice.web.forms import Form

# From the word before it to the end of the sentence; a date has no full stop before a space.
EXAMPLES = re.compile(
    r"(?:such as|looks like|zoals|bijvoorbeeld|lijkt op|ziet er zo uit:|eruit als) (.+?)(?=\. |\.?$)", re.IGNORECASE
)
BETWEEN = re.compile(r", | or | of ")
# What is wrong in any field that has an example.
WRONG = ("", "?", "x" * 301)


def forms_of_fragments() -> list[type[Form]]:
    """Every class of a form."""
    for module in pkgutil.walk_packages(fragments.__path__, f"{fragments.__name__}."):
        importlib.import_module(module.name)

    def below(kind: type[Form]) -> Iterator[type[Form]]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    return [each for each in below(Form) if hasattr(each, "fragment")]


def examples(text: str) -> list[str]:
    """The examples that a hint or message gives."""
    return [part.strip() for found in EXAMPLES.findall(text) for part in BETWEEN.split(found)]


def message(form: Form, field: TextField, text: str) -> str:
    """What the field of this form says of this."""
    field.data = text
    try:
        field.pre_validate(form)
    except ValidationError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_examples_are_right(app: Flask, lang: str) -> None:
    """Each example in a hint, or in the message for something wrong, is right in the field itself."""
    seen = set()
    with app.test_request_context(), using_language(lang):
        for kind in forms_of_fragments():
            form = kind()
            for field in form:
                if not isinstance(field, TextField) or field.kind != "text":
                    continue
                for text in (field.hint, *(message(form, field, wrong) for wrong in WRONG)):
                    for example in examples(text):
                        seen.add(example)
                        assert "" == message(form, field, example), (kind, field.name, text)
        checks = (postcode_error, house_number_error, organisation_number_error)
        for check in checks:
            for example in examples(check("?")):
                seen.add(example)
                assert "" == check(example), example
    assert {"K7RM-4X92", "ABCD-EFGH-JKLM-NPQH", "NL91 ABNA 0417 1643 00", "1234 AB", "12A"} < seen
    assert any("@" in example for example in seen)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Such as K7RM-4X92.", "K7RM-4X92"),
        ("letters, such as ABCD-EFGH-JKLM-NPQH. Capitals", "ABCD-EFGH-JKLM-NPQH"),
        ("Such as NL91 ABNA 0417 1643 00. Spaces", "NL91 ABNA 0417 1643 00"),
        ("NL91 •••• 4300", "NL91 •••• 4300"),
        ("The KVK number has 8 digits", ""),
        ("<b>AB12-CD34", "AB12-CD34"),
    ],
)
def test_codes_are_not_translated(text: str, code: str) -> None:
    """A browser that translates the page leaves a code, reference or IBAN as it is, and nothing else."""
    marked = re.findall(r'<span translate="no">(.*?)</span>', mark_codes(text))
    assert ([code] if code else [], False) == (marked, "<b>" in mark_codes(text))
