"""What products are called in each language.

A product keeps its own names as one JSON object, by language (docs/why.md); a language without its own has another's,
and a product without any its code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache

from selfservice.i18n.languages import LANGUAGES

# `product_en` and `product_nl` stand in every file, first and in this order, for the programs that read them.
PRODUCT_LANGUAGES = ("en", "nl", *(code for code in LANGUAGES if code not in ("en", "nl")))
COLUMNS = tuple(f"product_{code}" for code in PRODUCT_LANGUAGES)


# A list has few products, and looks each of them up for every order.
@lru_cache(8192)
def product_name(names: str, code: str, language: str) -> str:
    """The name of the product with this code in a language, by the column `names`; else in the first language that has
    one, else the code.
    """
    known: dict[str, str] = json.loads(names)
    return next((known[each] for each in (language, *LANGUAGES, *known) if each in known), code)


def all_names(names: str, code: str) -> dict[str, str]:
    """The name for each of COLUMNS."""
    return {f"product_{each}": product_name(names, code, each) for each in PRODUCT_LANGUAGES}


def to_column(known: Mapping[str, str], given: Iterable[str] = ()) -> str:
    """The column `names` of these names by language and, over them, those given in the order of PRODUCT_LANGUAGES;
    an empty one says nothing.
    """
    new = {language: name for language, name in zip(PRODUCT_LANGUAGES, given, strict=False) if name}
    return json.dumps({**known, **new}, ensure_ascii=False, sort_keys=True)
