"""What `loket check` says of long sentences, stiff words, other names and languages, and where it says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from selfservice.config import Config
from selfservice.facts.kinds import FactError
from selfservice.publish.checks import check
from selfservice.publish.rules.plain_words import Text, Words, advice, lix, passages, read_words, words_in
from tests.conftest import new_app_unshared

TWENTY = "een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien"
TWENTY += " zeventien achttien negentien twintig"
# Enough of it that a site is known to say 'je'.
INFORMAL = Text(
    "informal", "nl", list(passages("Je kunt het zelf. Je doet het. Je wilt het. Jij bent er, en jouw kat. " * 5))
)
ITSELF = "f:1: warning: "


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Words]:
    """Our words, and those of a site."""
    content = tmp_path_factory.mktemp("content")
    own = '[nl.names]\n"machtiging" = ["toestemming"]\n"rekeningnummer" = ["het IBAN"]\n'
    own += '[en.better]\n"shall" = ["shall"]\n'
    (content / "plain_words.toml").write_text(own, "utf-8")
    return read_words(content)


def said(words: dict[str, Words], lang: str, markdown: str, *, page: bool = False) -> list[str]:
    """What is said of a text on a site that says 'je'."""
    text = Text("f", lang, list(passages(markdown)), is_page=page)
    return [one.line_alone.removeprefix(ITSELF) for one in advice([text, INFORMAL], words) if one.file == "f"]


HERE = " on this site: one name for one thing"
LONG = "a sentence of 21 words; 20 at most, or make it two: ‘"


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("nl", f"{TWENTY}.", []),
        ("nl", f"Nul {TWENTY}.", [f"{LONG}Nul een twee drie vier …’"]),
        # In a language of which no words are known too.
        ("fy", f"Nul {TWENTY}", [f"{LONG}Nul een twee drie vier …’"]),
        ("nl", f"{TWENTY}? Ja. ‘{TWENTY}!’ En {TWENTY[4:]}", []),
        # An abbreviation or a number ends no sentence, so it is one of 21.
        ("nl", f"Nul, bijv. {TWENTY[4:]}.", [f"{LONG}Nul, bijv. twee drie vier …’"]),
        ("en", f"See, e.g. {TWENTY[4:]}.", [f"{LONG}See, e.g. twee drie vier …’"]),
        ("nl", f"Nul 0.90 {TWENTY[4:]}.", [f"{LONG}Nul 0.90 twee drie vier …’"]),
        # KVK, no and so do.
        ("nl", f"Dat is van KVK. {TWENTY}.", []),
        ("en", f"No. {TWENTY}.", []),
        # A telephone number, an amount, an address or a piece of code is one word.
        ("nl", f"{TWENTY[4:]} 088 585 15 85.", []),
        ("nl", f"{TWENTY[4:]} € 12,50.", []),
        ("nl", f"{TWENTY[4:]} https://a.example/a/b.c?d=e.", []),
        ("nl", f"{TWENTY[4:]} `a b c d e`.", []),
        ("nl", f"{TWENTY[4:]} [twintig](https://a.example/een/twee 'drie vier').", []),
        # Headings, items and cells are sentences of their own; so is what stands before a list.
        ("nl", f"## {TWENTY} {{#a-b-c-d-e}}\n\n{TWENTY}:\n\n- {TWENTY}\n- {TWENTY}\n\n  {TWENTY}\n", []),
        ("nl", f"| {TWENTY} | {TWENTY} |\n|---|---|\n| {TWENTY} | {TWENTY} |\n\nTerm\n: {TWENTY}", []),
        ("nl", f"```\nNul {TWENTY}\n```\n\n<div>Nul {TWENTY}</div>\n\n![Nul {TWENTY}](x.png)", []),
    ],
)  # fmt: skip
def test_long_sentence(words: dict[str, Words], lang: str, text: str, expected: list[str]) -> None:
    """A sentence of over 20 words is named by how it begins; what only looks like one is not."""
    assert expected == said(words, lang, text)


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("nl", "Indien je belt.", ["‘Indien’ is stiff: write ‘als’"]),
        ("nl", "Bel ons, **teneinde** het te horen.", ["‘teneinde’ is stiff: write ‘om te’"]),
        ("nl", "Je dient dit te melden.", ["‘dient dit te’ is stiff: write ‘moet’"]),
        ("nl", "Je dient te\nbellen.", ["‘dient te’ is stiff: write ‘moet’"]),
        ("nl", "Gelieve te bellen.", ["‘Gelieve’ is stiff: say it in another way"]),
        ("en", "Prior to this, obtain it.", ["‘Prior to’ is stiff: write ‘before’", "‘obtain’ is stiff: write ‘get’"]),
        ("en", "To whom it may concern", ["‘whom it may concern’ is stiff: say it in another way"]),
        # A part of a word, a name, an address or what somebody else says is left alone.
        ("nl", "Dien een klacht in om het te melden. Het gaat indienen. Zie heden.example en middels@a.example.", []),
        ("nl", "Kies ‘Indien nodig’, “betreffende” of 'thans'.", []),
        ("nl", "Zie `indien` en [als](https://indien.example/reeds).", []),
        ("en", "The user obtained-ness is not it. See commence.example.", []),
        # Only in its own language; and not where a site says that the word is what it wants.
        ("en", "Indien reeds thans.", []),
        ("nl", "Commence prior to.", []),
        ("en", "You shall see.", []),
        ("fy", "Indien prior to.", []),
        # One name for one thing, as the site calls it.
        ("nl", "Trek je toestemming in.", [f"‘toestemming’ is called ‘machtiging’{HERE}"]),
        ("nl", "Vul het IBAN in.", [f"‘het IBAN’ is called ‘rekeningnummer’{HERE}"]),
        ("nl", "Een toestemmingsformulier.", []),
    ],
)  # fmt: skip
def test_other_word(words: dict[str, Words], lang: str, text: str, expected: list[str]) -> None:
    """A stiff word is named, with the better one where there is one; another name for a thing with the name it has."""
    assert expected == said(words, lang, text)


def formal(word: str) -> str:
    return f"‘{word}’, and elsewhere ‘je’: address the reader in one way"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hebt u uw code?", [formal("u"), formal("uw")]),
        ("Uw code is gratis. U kunt bellen.", [formal("Uw"), formal("U")]),
        ("Wat doet u?", [formal("u")]),
        # A letter, an hour, a name, what is quoted.
        ("De letter u, een u, de u. Om 15 u. Kies optie U: die. Vitamine U helpt.", []),
        ("U Zorg helpt. Kies ‘Uw gegevens’ of “Bent u klaar?”. Zie u.example, u@a.example en a/u.", []),
        ("N.v.t., m.u.v. u.", []),
    ],
)
def test_formal_address(words: dict[str, Words], text: str, expected: list[str]) -> None:
    """Where a site says 'je', 'u' and 'uw' are named; not a letter u, a name or a quotation."""
    assert expected == said(words, "nl", text)


def test_formal_site(words: dict[str, Words]) -> None:
    """A site that says 'u' throughout is told nothing of it."""
    text = Text("f", "nl", list(passages("Hebt u uw code? U kunt bellen. Je weet het nooit.")))
    assert [] == list(advice([text], words))


@pytest.mark.parametrize(
    ("lang", "text", "other"),
    [
        ("nl", "This is a paragraph that we have forgotten to translate for you.", "English, among Dutch"),
        ("en", "Dit is een stuk tekst dat we nog niet in het Engels hebben vertaald.", "Dutch, among English"),
        ("en", "Log in to My business (Mijn eenmanszaak) with your access code (toegangscode) and see it there.", ""),
        ("en", "You order it as ‘een uittreksel van je inschrijving in het register van de KVK’ on that page.", ""),
        ("nl", "Doe mee aan de KVK Business Challenge: dat is in het Engels, what we call a challenge.", ""),
        ("nl", "Not a word.", ""),
        ("nl", "DigiD app iDEAL KVK Bedrijvencheck Handelsregister Mijn KVK RNI BSN vof UBO-register PDF CSV.", ""),
    ],
)  # fmt: skip
def test_other_language(words: dict[str, Words], lang: str, text: str, other: str) -> None:
    """A paragraph in another language of the site is named; names and words in brackets of that language are not."""
    expected = [f"this seems to be {other}: ‘{' '.join(text.split()[:5])} …’"] if other else []
    assert expected == said(words, lang, text)


HARD = "Gemeentelijke dienstverlening vergemakkelijkt burgerparticipatie, ambtenaren verzorgen voorlichting hierover. "
EASY = "Je belt ons als je dat wilt, en dan doen we er wat aan. "


def test_readability(words: dict[str, Words]) -> None:
    """LIX is that of Björnsson. A question that is hard to read is named, once it has words enough to say so; short
    ones are taken together.
    """
    # Two sentences (a colon ends one) of 4 words, and 2 of 8 words are long.
    assert 4 + 25 == lix(["Ik lees een krantenbericht: en dan een tijdschrift."])
    assert 0 == lix([]) == lix(["…"])
    hard = [line for line in said(words, "nl", f"## Vraag\n\n{HARD * 8}\n", page=True) if "LIX" in line]
    assert ["f:3: warning: hard to read (LIX 108; 45 at most): write shorter sentences and shorter words"] == hard
    for easy in (HARD * 7, EASY * 20, f"{HARD}\n\n{EASY * 9}", f"## {HARD * 9}"):
        assert [] == [line for line in said(words, "nl", easy, page=True) if "LIX" in line], easy
    several = "".join(f"## Vraag {number}\n\n{HARD * 2}\n\n" for number in range(5))
    assert ["f:3"] == [line[:3] for line in said(words, "nl", several, page=True) if "LIX" in line]
    assert [] == [line for line in said(words, "nl", HARD * 8) if "LIX" in line], "only of pages"


def test_line(words: dict[str, Words]) -> None:
    """What is named stands on the line that is given, in a paragraph of several lines too."""
    text = "Hallo,\nindien **het\nreeds** zo is.\n\n- thans\n\n  heden\n"
    lines = [line.split(": ")[0] for line in said(words, "nl", text)]
    assert ["f:2", "f:3", "f:5", "f:7"] == lines


def test_words() -> None:
    """Words are counted as they are read."""
    text = "De e-mail kost 0,90 of € 5, t/m 088 585 15 85 – m’n … pagina’s!"
    assert ["De", "e-mail", "kost", "0,90", "of", "05", "t/m", "0", "m’n", "pagina’s"] == words_in(text)


HOSTILE = [
    "‘",
    "u ",
    "bijv. ",
    "!",
    "a",
    "1(",
    "dient a ",
    "[",
    "- ",
    "a.b@",
    "{{ ",
    "\x00\ufffd\u202e",
    "(a) ",
    "> ",
    "a-",
    "a\n",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text(words: dict[str, Words], text: str) -> None:
    """No text stops the check. (Where the time was that of the square of its length, this took minutes.)"""
    said(words, "nl", text * 50_000 + "x", page=True)


@pytest.mark.parametrize(
    ("own", "error"),
    [
        ("[nl.better]\nals = 'indien'\n", "plain_words.toml:1: write [nl.better] or [nl.names] above lines such as"),
        ("[nl.beter]\nals = ['indien']\n", "plain_words.toml:1: write [nl.better]"),
        ("als = ['indien']\n", "plain_words.toml:1: write [nl.better]"),
        ("[nl.better]\nals = [1]\n", "plain_words.toml:1: write [nl.better]"),
        ("[nl.better]\nals = indien\n", "plain_words.toml:2: not well-formed TOML"),
    ],
)  # fmt: skip
def test_wrong_file(tmp_path: Path, own: str, error: str) -> None:
    """A site's own words that are not of the right form are an error, with the line where it is known."""
    (tmp_path / "plain_words.toml").write_text(own, "utf-8")
    with pytest.raises(FactError) as raised:
        read_words(tmp_path)
    assert error in str(raised.value)


def test_whole_site(copied: Config) -> None:
    """Pages, what stands above them, trees and the settings are looked through; facts in them count as their text."""
    app = new_app_unshared(copied)
    spoilt = {
        "nl/contact.md": ("title: Contact", 'title: "Contact, indien nodig"'),
        "nl/index.md": ("    text: ", "    text: Reeds "),
        "nl/who-can-get-digid.md": ("er meer dan één?", "er meer dan één? Gelieve te kiezen."),
        "en/contact.md": ("answers it.", f"answers it. {{{{ fact.phone.register }}}} {TWENTY}."),
        "site.toml": ('nl = "Op papier', 'nl = "Middels papier'),
        "rights.toml": ('en = "Deposit credit"', 'en = "Deposit credit prior to it"'),
    }
    expected = set()
    for file, (old, new) in spoilt.items():
        text = (copied.content / file).read_text("utf-8")
        assert old in text, f"{old!r} is not in {file}"
        line = text.partition(old)[0].count("\n") + 1
        expected.add(f"content/{file}:{line}")
        (copied.content / file).write_text(text.replace(old, new, 1), "utf-8")
    found = check(app, copied)
    assert expected == {f"{one.file}:{one.line}" for one in found}, [*map(str, found)]
    assert not any(one.error for one in found)
    assert any("a sentence of 21 words" in one.message for one in found), "a telephone number is one word"


def test_broken_file_of_words(copied: Config) -> None:
    """A file of words that cannot be read is an error, not a warning."""
    (copied.content / "plain_words.toml").write_text("[nl.better]\nals = 'indien'\n", "utf-8")
    found = check(new_app_unshared(copied), copied)
    assert ["content/plain_words.toml:1"] == [f"{one.file}:{one.line}" for one in found if one.error]
