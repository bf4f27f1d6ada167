"""How people ask: verbs in two parts, small words, telephone numbers, and what the pages say nothing of."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from selfservice import clock
from selfservice.search.index import IndexedQuestion, Pin, build_index
from selfservice.search.query import SearchResults, search
from selfservice.search.schema import FORM, STEP
from tests.search.test_search import FILLER, question, titles

PHONE = "31885851585"
SYNONYMS = {"nl": {"openingstijden": [], "kwijt": ["verloren"]}, "en": {"opening hours": [], "log off": ["log out"]}}


def form(title: str, *names: str, lang: str = "nl", url: str = "") -> IndexedQuestion:
    return IndexedQuestion(
        lang, url or f"/{lang}/self-service/{title}", title, title, FILLER, title, "", kind=FORM, names=names
    )


QUESTIONS = [
    question("Hoe vraag ik een code aan?", url="/nl/code/#request"),
    question("Wat bewaren jullie als ik een code aanvraag?"),
    question("Hoe log ik uit?"),
    question("Hoe log ik in met de app?"),
    question("Geef een nieuw adres door"),
    question("Ik heb mijn account opgezegd"),
    question("Kan ik bellen?"),
    question("Ik krijg geen brief", "Bel meteen."),
    question("Welke brief krijg ik?"),
    question("Naar een kantoor", "Bel 088 585 15 85 voor een afspraak.", url="/nl/kantoor/"),
    question("Welk nummer staat op een brief?", "Het nummer van KVK."),
    form("Een code aanvragen", "Hoe vraag ik een code aan?", url="/nl/code/#request"),
    form("Je wachtwoord wijzigen"),
    form("Een verloren code vervangen"),
    *(IndexedQuestion("nl", f"/nl/boom/{n}/", "Boom", f"Een eik {n}", FILLER, "boom", n, kind=STEP) for n in "abc"),
    IndexedQuestion("nl", "/nl/u/#u", "U", "Wat is een uittreksel?", FILLER, "u", "u"),
    IndexedQuestion("en", "/en/u/#u", "U", "What is an extract?", "Text.", "u", "u"),
    question("How do I log out?", lang="en"),
    question("How do I log in?", lang="en"),
    *(question(f"Vulling {n}") for n in range(40)),
    *(question(f"Filler {n}", "Nothing that matters.", lang="en") for n in range(40)),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("asking")
    phones = {"/nl/kantoor/": (PHONE,)}
    told = [one.__class__(**{**one.__dict__, "phones": phones.get(one.url, ())}) for one in QUESTIONS]
    build_index(path, told, SYNONYMS, [Pin("nl", "brief", "/nl/kantoor/", dt.date(2026, 12, 31))])
    return path


def first(found: SearchResults) -> str:
    return next(iter(titles(found.hits)), "")


@pytest.mark.parametrize(
    ("q", "title"),
    [
        ("uitloggen", "Hoe log ik uit?"),
        ("ik wil uitloggen", "Hoe log ik uit?"),
        ("hoe log ik uit", "Hoe log ik uit?"),
        ("app inloggen", "Hoe log ik in met de app?"),
        ("adres doorgeven", "Geef een nieuw adres door"),
        ("geef adres door", "Geef een nieuw adres door"),
        ("account opzeggen", "Ik heb mijn account opgezegd"),
        ("code aangevraagd", "Een code aanvragen"),
        ("om een code aan te vragen", "Een code aanvragen"),
    ],
)
def test_verbs_in_two_parts(index: Path, q: str, title: str) -> None:
    """A verb is found whether its parts stand together or apart, on the page and in what is typed."""
    assert title == first(search(index, "nl", q))


def test_a_preposition_is_no_part_of_a_verb(index: Path) -> None:
    """`aan` in the middle of a question belongs to no verb before it."""
    assert "Een code aanvragen" in titles(search(index, "nl", "hoe kom ik aan een code").hits)


@pytest.mark.parametrize("q", ["kan ik bellen", "mag ik bellen?", "bellen graag"])
def test_small_words(index: Path, q: str) -> None:
    """Words around the one that matters do not stand in its way."""
    assert "Kan ik bellen?" == first(search(index, "nl", q))


def test_not(index: Path) -> None:
    """What does not come is another question than what comes."""
    assert "Ik krijg geen brief" == first(search(index, "nl", "geen brief ontvangen"))
    assert "Ik krijg geen brief" == first(search(index, "nl", "ik krijg de brief niet"))


@pytest.mark.parametrize(
    "q", ["0885851585", "088-5851585", "+31 88 585 15 85", "0031885851585", "+31 (0)88 5851585", "bel 088 585 15 85"]
)
def test_telephone_numbers(index: Path, q: str) -> None:
    """A telephone number of the pages is found however it is typed; another one is not."""
    assert "Naar een kantoor" in titles(search(index, "nl", q).hits)
    assert [] == search(index, "nl", "0201234567").hits


@pytest.mark.parametrize(
    ("lang", "q"),
    [
        ("nl", "openingstijden"),
        ("nl", "openingstijden KVK"),
        ("nl", "wat zijn jullie openingstijden"),
        ("nl", "eori nummer"),
        ("nl", "bsn nummer aanvragen"),
        ("en", "opening hours"),
        ("en", "your opening hours please"),
        ("en", "eHerkenning"),
    ],
)
def test_nothing(index: Path, lang: str, q: str) -> None:
    """Of what the pages have nothing about nothing is shown: not what shares a word with it."""
    found = search(index, lang, q)
    assert ([], []) == (found.hits, found.nearest)


def test_form_first(index: Path) -> None:
    """A form whose title has all that was asked stands above the rest, once, though it stands under a question too."""
    found = search(index, "nl", "code aanvragen")
    assert (1, FORM) == (found.form_count, found.hits[0].kind)
    assert ["/nl/code/#request"] == [hit.url for hit in found.hits if hit.url == "/nl/code/#request"]
    assert 0 == search(index, "nl", "brief code kantoor").form_count


def test_form_of_another_word(index: Path) -> None:
    """A form is found by a synonym of what its title says."""
    found = search(index, "nl", "code kwijt")
    assert (1, "Een verloren code vervangen") == (found.form_count, first(found))


def test_in_another_language(index: Path) -> None:
    """What is typed in another language of the site finds the same place in this one."""
    found = search(index, "nl", "extract")
    assert ["Wat is een uittreksel?"] == titles(found.hits)
    assert [] == search(index, "nl", "opening extracts hours").hits


def worded(title: str, *wordings: str) -> IndexedQuestion:
    return replace(question(title), wordings=wordings)


def test_a_word_twice(index: Path) -> None:
    """A word that is typed twice finds what it finds typed once."""
    once, twice = (search(index, "nl", q) for q in ("code brief", "code brief code Code"))
    assert (titles(once.hits), True) == (titles(twice.hits), bool(once.hits))


def test_other_wordings(tmp_path: Path) -> None:
    """A question is found by how visitors ask for it in other words, once, and shown in its own. What it has itself and
    what a wording has counts together; a slip in a wording's word is corrected.
    """
    pay = worded("Wat kost een code?", "is het gratis", "mastercard of visa", "visa")
    build_index(tmp_path, [pay, *QUESTIONS], SYNONYMS)
    for q in ("gratis", "visa", "mastercard", "mastercart", "kost visa"):
        assert ["Wat kost een code?"] == titles(search(tmp_path, "nl", q).hits)
    assert "" == first(search(tmp_path, "nl", "gratis parkeren"))


def test_a_slip_in_a_compound(tmp_path: Path) -> None:
    """A slip at the seam of a compound is corrected, though what is before it looks like a verb in two parts."""
    build_index(tmp_path, [question("Waar gaan we naar toe met een code?"), question("Mijn toegangscode is weg")], {})
    assert "Mijn toegangscode is weg" == first(search(tmp_path, "nl", "toeganscode"))


def test_small_words_tell_wordings_apart(tmp_path: Path) -> None:
    """Two questions about one thing, asked for by the words around it."""
    what = worded("Waarvoor heb ik een pas nodig?", "wat kan ik met een pas", "waar is een pas voor")
    where = worded("Hoe kom ik aan een pas?", "waar krijg ik een pas", "mag ik ook een pas")
    build_index(tmp_path, [where, what, form("Een pas kwijt", "pas"), *QUESTIONS], SYNONYMS)
    # "met een" is not "meteen", which is on another page.
    for q in ("wat kan ik met een pas", "waar is een pas voor"):
        assert titles([search(tmp_path, "nl", q).hits[0]]) == [what.title]
    assert first(search(tmp_path, "nl", "mag ik ook een pas?")) == where.title


def test_one_step_of_a_tree(index: Path) -> None:
    """Of a question tree the nearest step is enough."""
    assert 1 == len(search(index, "nl", "eik").hits)


def test_pin(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is pinned comes first for just these words, until the end of its day."""
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2026, 12, 31, 22, tzinfo=dt.UTC))
    assert "Naar een kantoor" == first(search(index, "nl", "Brief!"))
    assert "Naar een kantoor" != first(search(index, "nl", "geen brief"))
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2026, 12, 31, 23, 1, tzinfo=dt.UTC))
    assert "Naar een kantoor" != first(search(index, "nl", "Brief!"))


@pytest.mark.parametrize("q", ["O'Brien", '"', "' OR NEAR(", 'code" OR NEAR(a b, 2)', "aan", "vraag aan aan aan"])
def test_harmless(index: Path, q: str) -> None:
    """Quotes, operators and particles alone are words to look for, or nothing; never more than are asked for."""
    assert len(search(index, "nl", q).hits) <= 20
    assert len(search(index, "nl", q, limit=3).hits) <= 3
