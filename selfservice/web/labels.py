"""What forms call their fields, buttons and titles, by name: so that a page or another form says it in the same words.

`devices.end.submit` is the attribute `submit` of the class of the form `devices` whose step is `end`; `devices.title`
is its title. The classes say it and nothing else does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import wtforms
from babel.support import LazyProxy
from wtforms.fields.core import UnboundField

from selfservice.site_config import SITE, did_you_mean

LABEL_REFERENCE = re.compile(r"\{\{\s*label\.([\w.-]+)\s*}}")
# Of each form that has one for all its pages.
TITLES: dict[str, Callable[[], str]] = {}


class LabelError(Exception):
    """No form has a label of this name. The message is for an editor."""


def label_of(name: str) -> str:
    """The label of this name (`form.name`, or `form.step.name`) in the language in force. Raises LabelError."""
    form, _, rest = name.partition(".")
    if form not in SITE.forms:
        raise LabelError(f"there is no label '{name}': no form '{form}' is on{did_you_mean(form, SITE.forms)}")
    labels = labels_of(form)
    if rest not in labels:
        near = did_you_mean(name, [f"{form}.{each}" for each in labels])
        raise LabelError(f"there is no label '{name}'; '{form}' has {', '.join(sorted(labels)) or 'none'}{near}")
    return labels[rest]()


def labels_of(form: str) -> dict[str, Callable[[], str]]:
    """All labels of a form, by name, each as what gives its text in the language in force."""
    found = {"title": TITLES[form]} if form in TITLES else {}
    for base in wtforms.Form.__subclasses__():
        for cls in _below(base):
            if getattr(cls, "fragment", "") == form:
                step = f"{cls.step}." if cls.step else ""
                found.update({f"{step}{name}": text for name, text in _texts(cls, base)})
    return found


def _below(cls: Any) -> Iterator[Any]:
    for each in cls.__subclasses__():
        yield each
        yield from _below(each)


def _texts(cls: Any, base: type) -> Iterator[tuple[str, Callable[[], str]]]:
    """The fields and texts of a class, but for those that are the same in any form."""
    for name in dir(cls):
        if not (name.startswith("_") or hasattr(base, name)):
            value = getattr(cls, name)
            if isinstance(value, UnboundField):
                yield name, partial(_field_label, value, name)
            elif isinstance(value, LazyProxy):
                yield name, partial(str, value)


def _field_label(field: UnboundField[Any], name: str) -> str:
    return str(field.bind(wtforms.Form(), name).label.text)
