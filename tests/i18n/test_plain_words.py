"""What the program says itself, in English and in Dutch, is held to plain words as pages are."""

from __future__ import annotations

import re

from babel.messages.pofile import read_po

from selfservice.config import ROOT
from selfservice.publish.rules.plain_words import Passage, Text, advice, passages, read_words


def test_catalog() -> None:
    """No long sentence, stiff word, other name, 'u' or other language in any text of a form, mail, letter or error."""
    file = "translations/nl/LC_MESSAGES/messages.po"
    with (ROOT / file).open("rb") as opened:
        catalog = read_po(opened)
    texts = {"en": Text(file, "en", []), "nl": Text(file, "nl", [])}
    for message in catalog:
        for lang, said in (("en", message.id), ("nl", message.string)):
            for each in (said,) if isinstance(said, str) else said or ():
                plain = re.sub(r"<[^>]+>|\n", " ", each) if message.id else ""
                texts[lang].passages += [Passage(one.text, ((0, message.lineno or 1),)) for one in passages(plain)]
    assert len(texts["nl"].passages) > 500
    assert [] == [str(one) for one in advice([*texts.values()], read_words(ROOT / "content"))]
