"""Search: what each way of asking finds, in which order, and that no input does harm."""

from __future__ import annotations

import itertools
import string
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from selfservice.config import Config
from selfservice.db import connect
from selfservice.search import index_reader, schema
from selfservice.search.highlighting import FoldedText, highlight, snippet
from selfservice.search.index import IndexedQuestion, build_index
from selfservice.search.index_reader import open_index
from selfservice.search.query import MAX_QUERY_LENGTH, SearchHit, SearchResults, search
from selfservice.search.spelling import edit_distance
from selfservice.search.tokens import tokens
from tests.clients import HouseClient
from tests.sign_in_helpers import browser, prepare, sign_in

FILLER = "Hier staat iets anders, zodat een woord niet in elke vraag staat."
SYNONYMS = {
    "nl": {"inlogcode": ["toegangscode"], "pas kwijt": ["toegangscode"]},
    "en": {"bill": ["an invoice"]},
}


def question(
    title: str, text: str = FILLER, *, lang: str = "nl", url: str = "", page: str = "Pagina"
) -> IndexedQuestion:
    return IndexedQuestion(lang, url or f"/{lang}/pagina/#{title}", page, title, text, "page", title)


QUESTIONS = [
    question(
        "Ik ben mijn toegangscode kwijt",
        "Vraag een nieuwe toegangscode aan. Je wachtwoord verandert dan ook.",
    ),
    question("Hoe deponeer ik mijn jaarrekening?", "Met een KVK-account, of met een inlog voor het register."),
    question("Waar zie ik mijn facturen?", "Log in met DigiD. Je hebt je wachtwoorden en je BSN-nummer nodig."),
    question("Ik krijg geen e-mail", "Kijk bij de ongewenste berichten. Geen één bericht? Bel ons privénummer."),
    question("Kan ik een rekening betalen?", "Ja, met iDEAL."),
    question("Welk letterteken is <b>?", url="/nl/pagina/#b"),
    question("Welke adressen heeft het bedrijf?", "Ieder bezoekadres staat in het register."),
    *(question(f"Vulling {letter}") for letter in string.ascii_lowercase),
    question("I lost my access code", "Request a new one.", lang="en"),
    question("Where are my invoices?", "You find the invoice when you log in.", lang="en"),
    *(question(f"Filler {letter}", "Nothing that matters.", lang="en") for letter in string.ascii_lowercase),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("search")
    build_index(path, QUESTIONS, SYNONYMS)
    return path


def rebuilt(folder: Path, *questions: IndexedQuestion, synonyms: dict[str, dict[str, list[str]]] | None = None) -> Path:
    fillers = [question(f"Vulling {letter}") for letter in string.ascii_lowercase]
    build_index(folder, [*questions, *fillers], synonyms or {})
    return folder


def titles(hits: list[SearchHit]) -> list[str]:
    return ["".join(text for text, _ in hit.title) for hit in hits]


def marked(results: SearchResults) -> set[str]:
    return {text for hit in results.hits for text, matches in hit.title + hit.snippet if matches}


@pytest.mark.parametrize(
    ("lang", "q", "title", "marks"),
    [
        pytest.param("nl", "toegangscode", "Ik ben mijn toegangscode kwijt", {"toegangscode"}, id="the word itself"),
        pytest.param("nl", "TOEGANGSCODE?!", "Ik ben mijn toegangscode kwijt", {"toegangscode"}, id="case and marks"),
        pytest.param("nl", "toeg", "Ik ben mijn toegangscode kwijt", {"toegangscode"}, id="the start of the last word"),
        pytest.param(
            "nl",
            "kwijt toeg",
            "Ik ben mijn toegangscode kwijt",
            {"toegangscode", "kwijt"},
            id="only the last",
        ),
        pytest.param("nl", "factuur", "Waar zie ik mijn facturen?", {"facturen"}, id="plural with another vowel"),
        pytest.param("nl", "adres", "Welke adressen heeft het bedrijf?", {"adressen", "bezoekadres"}, id="plural"),
        pytest.param("nl", "bedrijven", "Welke adressen heeft het bedrijf?", {"bedrijf"}, id="plural typed"),
        pytest.param("nl", "toegangscoed", "Ik ben mijn toegangscode kwijt", {"toegangscode"}, id="letters swapped"),
        pytest.param("nl", "jarrekening", "Hoe deponeer ik mijn jaarrekening?", {"jaarrekening"}, id="letter left out"),
        pytest.param("nl", "inlogcode", "Ik ben mijn toegangscode kwijt", {"toegangscode"}, id="synonym"),
        pytest.param("nl", "inlogcodes", "Ik ben mijn toegangscode kwijt", {"toegangscode"}, id="stem of a synonym"),
        pytest.param("nl", "inlogco", "Ik ben mijn toegangscode kwijt", {"toegangscode"}, id="start of a synonym"),
        pytest.param("nl", "inlgcode", "Ik ben mijn toegangscode kwijt", {"toegangscode"}, id="misspelt synonym"),
        pytest.param("nl", "mijn pas kwijt", "Ik ben mijn toegangscode kwijt", {"toegangscode", "kwijt"}, id="phrase"),
        pytest.param("nl", "toegangs code", "Ik ben mijn toegangscode kwijt", {"toegangscode"}, id="written apart"),
        pytest.param("en", "in voices", "Where are my invoices?", {"invoices", "invoice"}, id="English written apart"),
        pytest.param(
            "nl", "code", "Ik ben mijn toegangscode kwijt", {"toegangscode"}, id="tail that no page has alone"
        ),
        pytest.param("nl", "bsnnummer", "Waar zie ik mijn facturen?", {"BSN", "nummer"}, id="written as one"),
        pytest.param("nl", "email", "Ik krijg geen e-mail", {"e-mail"}, id="without hyphen"),
        pytest.param("nl", "privenummer", "Ik krijg geen e-mail", {"privénummer"}, id="without accent"),
        pytest.param("nl", "BÉDRIJF", "Welke adressen heeft het bedrijf?", {"bedrijf"}, id="with an accent too many"),
        pytest.param("en", "invoice", "Where are my invoices?", {"invoices", "invoice"}, id="English plural"),
        pytest.param("en", "bills", "Where are my invoices?", {"invoices", "invoice"}, id="English synonym"),
        pytest.param("en", "acess code", "I lost my access code", {"access", "code"}, id="English typo"),
    ],
)
def test_finds(index: Path, lang: str, q: str, title: str, marks: set[str]) -> None:
    """The question comes first however the word is written, and what matched is marked as it stands."""
    found = search(index, lang, q)
    assert (title, marks) == (titles(found.hits)[0], marked(found))


def test_compound(index: Path) -> None:
    """A word finds itself, then the compounds that hold it."""
    found = search(index, "nl", "rekeningen")
    assert ["Kan ik een rekening betalen?", "Hoe deponeer ik mijn jaarrekening?"] == titles(found.hits)


def test_part_that_stands_nowhere_alone(index: Path) -> None:
    """A part of a compound is found though the pages do not have it as a word."""
    assert ["Welke adressen heeft het bedrijf?"] == titles(search(index, "nl", "bezoek").hits)
    assert "Hoe deponeer ik mijn jaarrekening?" in titles(search(index, "nl", "account").hits)


def test_languages_are_apart(index: Path) -> None:
    """An English question is not found in Dutch."""
    assert ([], []) == (
        titles(search(index, "nl", "invoices").hits),
        titles(search(index, "en", "facturen").hits),
    )


def test_order(tmp_path: Path) -> None:
    """The title goes before the text; in each the word itself, then its stem, then a compound."""
    expected = ["Mijn factuur", "Mijn facturen", "Mijn telfactuur", "Zelf", "Stam", "Deel"]
    texts = ["", "", "", "Een factuur.", "De facturen.", "Een telfactuur."]
    questions = [question(title, text + " " + FILLER) for title, text in zip(expected, texts, strict=True)]
    assert expected == titles(search(rebuilt(tmp_path, *reversed(questions)), "nl", "factuur ").hits)


def test_title_before_many_in_the_text(tmp_path: Path) -> None:
    """One word in the title weighs more than the word over and over in the text."""
    path = rebuilt(tmp_path, question("Anders", "tegoed " * 12), question("Mijn tegoed", FILLER))
    assert ["Mijn tegoed", "Anders"] == titles(search(path, "nl", "tegoed").hits)


def test_enough_words(index: Path) -> None:
    """Questions with enough of the words are the answer: a word that no page has counts as a rare one."""
    assert ["Ik ben mijn toegangscode kwijt"] == titles(search(index, "nl", "toegangscode wachtwoord").hits)
    found = search(index, "nl", "toegangscode kwijt iglo")
    assert ([], ["Ik ben mijn toegangscode kwijt"]) == (found.nearest, titles(found.hits))


def test_title_before_more_words_in_the_text(tmp_path: Path) -> None:
    """What the heading asks stands above what a text mentions, also when the text has a word more."""
    most = question("Anders", f"Appel, peer en banaan. {FILLER * 3}")
    path = rebuilt(tmp_path, most, question("Appel en peer"))
    assert ["Appel en peer", "Anders"] == titles(search(path, "nl", "appel peer banaan").hits)


def test_only_the_last_word_may_be_a_start(index: Path) -> None:
    """Who goes on typing has finished the words before."""
    assert {"access"} == marked(search(index, "en", "acc"))
    assert {"lost", "code"} == marked(search(index, "en", "acc lost code"))


def test_small_words(index: Path) -> None:
    """A small word finds itself when nothing else was typed; beside a word a lone letter marks nothing."""
    assert "Hoe deponeer ik mijn jaarrekening?" in titles(search(index, "nl", "hoe").hits)
    assert {"toegangscode"} == marked(search(index, "nl", "toegangscode w"))


def test_question_in_a_sentence(index: Path) -> None:
    """Small words do not stand in the way of the ones that matter."""
    assert ["Hoe deponeer ik mijn jaarrekening?"] == titles(
        search(index, "nl", "hoe kan ik de jaarrekening deponeren").hits
    )


def test_corrected(index: Path) -> None:
    """A misspelt word is taken for the one that was meant; the rest of the query is told as it was typed."""
    assert "Kwijt: toegangscode!" == search(index, "nl", "Kwijt: Toegangscoed!").corrected
    assert None is search(index, "nl", "toegangscode").corrected
    assert None is search(index, "nl", "toeg").corrected


def test_corrected_to_a_name(tmp_path: Path) -> None:
    """A name is spelt with its capitals, however often visitors type it without."""
    path = rebuilt(tmp_path, question("Inloggen met DigiD"), question("digid digid digid"))
    assert "DigiD" == search(path, "nl", "digdi").corrected


def test_half_a_word_with_a_slip(index: Path) -> None:
    """The last word may be half typed and have a slip in it; less of it is the start of anything."""
    for typed in ("toegansco", "Toegagnsc"):
        assert "toegangscode" == search(index, "nl", typed).corrected
    assert None is search(index, "nl", "toegansco xqzv").corrected
    assert None is search(index, "nl", "toegn").corrected


def test_letters_left_out(tmp_path: Path) -> None:
    """A word of six letters may lack two, though not with other letters in their place."""
    path = rebuilt(tmp_path, question("Mijn wachtwoord"), question("Facturen op papieren vellen"))
    assert "wachtwoord" == search(path, "nl", "wachtwrd").corrected
    assert None is search(path, "nl", "parkeren").corrected


def test_slip_before_part_of_another_word(tmp_path: Path) -> None:
    """Four letters are taken for a word that is used more than those which happen to have them."""
    often = (question("Met DigiD"), question("Zonder DigiD"), question("Het bestand is beschadigd"))
    path = rebuilt(tmp_path, *often, question("De port"), question("Het postadres"), question("Een postadres"))
    assert {"Met DigiD", "Zonder DigiD"} == set(titles(search(path, "nl", "digd").hits))
    assert {"Het postadres", "Een postadres"} == set(titles(search(path, "nl", "post").hits))


def test_correction_only_when_nothing_is_found(tmp_path: Path) -> None:
    """A word that the pages have is never taken for another one."""
    path = rebuilt(tmp_path, question("Wat is een loket?"), question("Wat is een roket?"), question("roket roket"))
    assert (None, ["Wat is een loket?"]) == (
        search(path, "nl", "loket").corrected,
        titles(search(path, "nl", "loket").hits),
    )


def test_synonym_for_words_that_no_page_has(tmp_path: Path) -> None:
    """A synonym that leads nowhere finds nothing, also when it is misspelt or leads to another such."""
    nowhere = {"nl": {"wereldreis": ["maanreizen"], "maanreizen": ["wereldreis"]}}
    path = rebuilt(tmp_path, synonyms=nowhere)
    for q in ("wereldreis", "wereldreiz", "maanreizen", "maanreizn"):
        assert ([], None) == (search(path, "nl", q).hits, search(path, "nl", q).corrected)
        assert None is search(path, "nl", f"vulling {q}").corrected


def test_nearest(index: Path) -> None:
    """When no word is known, questions with a word that begins alike are offered; else none: a word that the query
    shares with a page does not make it an answer.
    """
    beginning = search(index, "nl", "toegangspoortje")
    assert ([], ["Ik ben mijn toegangscode kwijt"]) == (beginning.hits, titles(beginning.nearest))
    some = search(index, "nl", "toegangscode xylofoon quaternair")
    assert ([], []) == (some.hits, some.nearest)
    assert ([], []) == (search(index, "nl", "xqzv").hits, search(index, "nl", "xqzv").nearest)


def test_total(index: Path) -> None:
    """The total counts what lies beyond the limit too."""
    found = search(index, "nl", "vulling", limit=4)
    assert (4, 26) == (len(found.hits), found.total)


def test_page_itself(tmp_path: Path) -> None:
    """A page is found by its own title, before the questions on it; these are found by it as well."""
    page = IndexedQuestion("nl", "/nl/saldo/", "Saldo", "Saldo", FILLER, "credit", "")
    path = rebuilt(tmp_path, question("Hoe stort ik?", page="Saldo"), page)
    assert ["Saldo", "Hoe stort ik?"] == titles(search(path, "nl", "saldo").hits)


@pytest.mark.parametrize(
    "q",
    [
        *(
            "",
            " ",
            '"',
            "'",
            '"toegangscode',
            "toegangscode OR",
            "NOT AND OR NEAR(",
            "NEAR(a b, 2)",
            "*",
            "a*",
        ),
        *(
            "title_word:kwijt",
            "kwijt\0toegangscode",
            "\0",
            "^kwijt",
            "- kwijt",
            "(((((",
            "{title_word}",
            "%",
            "_",
        ),
        *(
            "\\",
            "😀",
            "👩‍👩‍👧 kwijt",
            "İstanbul",
            "'; DROP TABLE question; --",
            "x" * 10_000,
            "kwijt " * 2_000,
        ),
        *("\u202e\ud800", "ª º ² ½", "\N{COMBINING ACUTE ACCENT}"),
    ],
)
def test_harmless(index: Path, q: str) -> None:
    """Quotes, operators, NUL, emoji and endless input are words to look for, or nothing."""
    found = search(index, "nl", q)
    assert len(found.q) <= MAX_QUERY_LENGTH
    assert found.q.isprintable()
    assert "Waar zie ik mijn facturen?" in titles(search(index, "nl", "factuur").hits)


@given(
    st.sampled_from(["en", "nl"]),
    st.text() | st.text(string.printable) | st.text('"*^():{}-+ ORANDTkwijt\0é'),
)
def test_any_input(index: Path, lang: str, q: str) -> None:
    """Whatever is typed gets an answer whose pieces are the texts that were indexed."""
    found = search(index, lang, q)
    known = {one.title for one in QUESTIONS if one.lang == lang}
    assert set() == set(titles(found.hits + found.nearest)) - known
    assert not (found.hits and found.nearest)
    assert len(found.hits) <= min(20, found.total)


@given(st.text(max_size=400), st.data())
def test_marks_keep_the_text(text: str, data: st.DataObject) -> None:
    """Marking loses or adds nothing, and marks just the words that were asked for."""
    words = tokens(text)
    chosen = frozenset(data.draw(st.lists(st.sampled_from(words)))) if words else frozenset[str]()
    parts = highlight(FoldedText(text, " ".join(words)), chosen)
    assert text == "".join(piece for piece, _ in parts)
    assert [word for word in words if word in chosen] == [
        w for piece, is_match in parts if is_match for w in tokens(piece)
    ]


@given(st.text("abc é.İ-'", max_size=400), st.integers(10, 100))
def test_snippet(text: str, length: int) -> None:
    """A snippet is a piece of the text of about the length asked for."""
    words = tokens(text)
    parts = snippet(FoldedText(text, " ".join(words)), frozenset(words[-1:]), length)
    joined = "".join(piece for piece, _ in parts).removeprefix("… ").removesuffix(" …")
    assert joined in text
    assert len(joined) <= length


def test_marks_after_a_letter_that_grows() -> None:
    """A capital that is two characters in lower case does not move the marks after it."""
    text = "İ wachtwoord"
    assert [("İ ", False), ("wachtwoord", True)] == highlight(
        FoldedText(text, " ".join(tokens(text))), frozenset({"wachtwoord"})
    )


def test_snippet_of_one_word() -> None:
    """A word longer than a snippet is cut."""
    assert [("a" * 100, False), (" …", False)] == snippet(FoldedText("a" * 300, "a" * 300), frozenset(), 100)


def test_snippet_starts_at_the_first() -> None:
    """Of places that are as good, the first is shown."""
    text = f"{FILLER} Borg één. {FILLER * 5} Borg twee. {FILLER * 5}"
    parts = snippet(FoldedText(text, " ".join(tokens(text))), frozenset({"borg"}), 100)
    assert "".join(piece for piece, _ in parts).startswith("… Borg één.")


def test_snippet_shows_the_match(tmp_path: Path) -> None:
    """Of a long text the part with most of the words is shown, from the start of a sentence."""
    text = f"{FILLER * 9} Een borg. {FILLER * 9} Wij vragen nooit om een borg of waarborg vooraf. {FILLER * 9}"
    (hit,) = search(rebuilt(tmp_path, question("Lang", text)), "nl", "borg vooraf").hits
    shown = "".join(piece for piece, _ in hit.snippet)
    assert shown.startswith("… Wij vragen nooit om een borg of waarborg vooraf. Hier staat")
    assert shown.endswith(" …")
    assert ["borg", "waarborg", "vooraf"] == [piece for piece, is_match in hit.snippet if is_match]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        *(
            ("code", "code", 0),
            ("coed", "code", 1),
            ("kode", "code", 1),
            ("ode", "code", 1),
            ("codde", "code", 1),
        ),
        *(("factuur", "fatcur", 2), ("kitten", "sitting", 3), ("", "abc", 3)),
    ],
)
def test_distance(a: str, b: str, expected: int) -> None:
    """Swapped neighbours are one slip, as a letter more, less or other is; over the limit counts one more."""
    assert expected == edit_distance(a, b, 2) == edit_distance(b, a, 2)


def test_new_index_is_seen(tmp_path: Path) -> None:
    """A search after a build answers from the new index, in one step and with nothing left behind."""
    path = rebuilt(tmp_path, question("Oud loket"))
    assert ["Oud loket"] == titles(search(path, "nl", "loket").hits)
    rebuilt(tmp_path, question("Nieuw loket"))
    assert ["Nieuw loket"] == titles(search(path, "nl", "loket").hits)
    assert {"en.db", "nl.db"} == {one.name for one in path.iterdir()}


def test_failed_build_keeps_the_old(tmp_path: Path) -> None:
    """A build that stops leaves the index that was there, and nothing else."""
    path = rebuilt(tmp_path, question("Oud loket"))
    with pytest.raises(ValueError, match="no language 'de'"):
        rebuilt(tmp_path, question("Neue Frage", lang="de"))
    assert ["Oud loket"] == titles(search(path, "nl", "loket").hits)
    assert {"en.db", "nl.db"} == {one.name for one in path.iterdir()}


def test_entries_are_kept_up_to_a_limit(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries come in the index's order, each with its own words, whether they were kept or are read anew."""
    monkeypatch.setattr(index_reader, "KEPT_ENTRIES", 3)
    reader = index_reader.IndexReader(index, "nl")
    first = reader.entries([1, 2, 3])
    several = reader.entries([5, 2, 4, 1, 2])
    assert ([1, 2, 4, 5], first[:2]) == ([one.id for one in several], several[:2])
    assert several == index_reader.IndexReader(index, "nl").entries([5, 4, 2, 1])
    reader.entries([6])
    assert [6] == list(reader._entries)
    assert [] == reader.entries([0])


def test_kept_entries_are_those_of_the_file(tmp_path: Path) -> None:
    """Of an index that was replaced nothing is shown any more, by any thread."""
    path = rebuilt(tmp_path, question("Oud loket", "Hier stond een loket."))
    with ThreadPoolExecutor(1) as other:
        for text in ("Hier stond een loket.", "Nu staat daar een loket."):
            rebuilt(tmp_path, question("Oud loket", text))
            here, there = search(path, "nl", "loket"), other.submit(search, path, "nl", "loket").result()
            assert [text] * 2 == ["".join(part for part, _ in one.hits[0].snippet) for one in (here, there)]


def work(path: Path, q: str) -> int:
    """How many thousands of steps SQLite takes for a search, once the words that a correction needs are read."""
    search(path, "nl", "zwqvh")
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    reader = open_index(path, "nl")
    search(path, "nl", q)  # what is read once is no part of it
    reader._db.set_progress_handler(count, 1000)
    try:
        search(path, "nl", q)
    finally:
        reader._db.set_progress_handler(None, 0)
    return taken


def test_a_word_costs_as_much_among_many(tmp_path: Path) -> None:
    """An unknown word is looked for by index, piece by piece, not among all words and synonyms of the pages."""
    words = ["".join(letters) for letters in itertools.product("bdfgklmnprst", "aeiou", "bdfgklmnprst", "aeiou")]
    synonyms = {"nl": {f"{word}x": ["toegangscode"] for word in words}}
    few, many = tmp_path / "few", tmp_path / "many"
    for folder, known in ((few, words[:100]), (many, words)):
        folder.mkdir()
        rebuilt(folder, question("Waar is dit?", " ".join(known)), synonyms=synonyms if folder == many else None)
    q = "zwqvhjzwqvhjzwqvhj zvwqhjzvwqhjzvwqhj"
    assert work(many, q) < 3 * work(few, q)


def test_the_beginning_of_a_long_word_counts(index: Path) -> None:
    """What is longer than any word costs no more than some long words."""
    assert work(index, "ﷺ" * MAX_QUERY_LENGTH) < 3 * work(index, "onbekendewoordendienergensstaanopdezesite")


def test_no_index(tmp_path: Path) -> None:
    """Without an index the reader says which file is missing."""
    with pytest.raises(FileNotFoundError, match=r"nl\.db"):
        search(tmp_path, "nl", "kwijt")


@pytest.mark.parametrize(("lang", "field"), [("en", "What are you looking for?"), ("nl", "Wat zoek je?")])
def test_start_page(client: HouseClient, lang: str, field: str) -> None:
    """Without a query there is no need of an index, a cookie or the database."""
    response = client.get(f"/{lang}/self-service/search")
    assert (200, None) == (response.status_code, client.cookie_value())
    assert field in response.text


def test_page_before_the_first_build(client: HouseClient) -> None:
    """While there is no index, a search says that it cannot be done now."""
    assert 503 == client.get("/nl/self-service/search?q=kwijt").status_code


@pytest.fixture
def visitor(client: HouseClient, config: Config) -> HouseClient:
    """A visitor of an app with an index of these questions."""
    build_index(config.search_index, QUESTIONS, SYNONYMS)
    return client


def test_index_of_another_version(visitor: HouseClient, config: Config) -> None:
    """An index that another version of Loket made is as none until the site is built again."""
    with closing(connect(schema.file(config.search_index, "nl"))) as db:
        db.execute("PRAGMA user_version = 1")
    with pytest.raises(FileNotFoundError, match="`loket build` makes it anew"):
        search(config.search_index, "nl", "kwijt")
    assert 503 == visitor.get("/nl/self-service/search?q=kwijt").status_code
    assert 404 == visitor.get("/nl/toegangscoed/").status_code


def test_page_and_fragment(visitor: HouseClient, statements: list[str]) -> None:
    """The page has the results that htmx gets, the query in field and switch; no cookie, no database."""
    address = "/nl/self-service/search?q=toegangscode%20%26%20kwijt"
    page, fragment = visitor.get(address).text, visitor.fragment(address).text
    section = fragment[fragment.index("<section") :].strip()
    assert section in page
    assert section.startswith('<section id="search-results"')
    assert ">Ik ben mijn <mark>toegangscode</mark> <mark>kwijt</mark></a>" in section
    assert 'value="toegangscode &amp; kwijt"' in page
    assert 'href="/en/self-service/search?q=toegangscode+%26+kwijt"' in page
    assert (None, []) == (visitor.cookie_value(), statements)


def test_same_for_everybody(app: Flask, visitor: HouseClient) -> None:
    """What is found is the same, byte for byte, for who is logged in."""
    prepare(app)
    address = "/nl/self-service/search?q=toegangscode"
    before = visitor.fragment(address).data
    other = browser(app)
    sign_in(other)
    assert before == other.fragment(address).data


def test_page_tells_what_was_meant(visitor: HouseClient) -> None:
    """A misspelt query leads to the right one."""
    text = visitor.get("/nl/self-service/search?q=toegangscoed").text
    assert '<a href="/nl/self-service/search?q=toegangscode">toegangscode</a>?' in text


def test_page_escapes(visitor: HouseClient) -> None:
    """What was typed comes back as text."""
    text = visitor.get("/en/self-service/search?q=<script>alert(1)</script>").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    text = visitor.get("/nl/self-service/search?q=letterteken <b>").text
    assert "1 resultaat voor ‘letterteken &lt;b&gt;’" in text
    assert '<a href="/nl/pagina/#b">Welk <mark>letterteken</mark> is &lt;b&gt;?</a>' in text


def test_page_with_nothing_found(visitor: HouseClient) -> None:
    """Nothing found says so and offers contact, and the nearest questions where there are any."""
    nothing = visitor.fragment("/en/self-service/search?q=zxqv").text
    near = visitor.fragment("/en/self-service/search?q=invoicelessness").text
    assert 'href="/en/contact/"' in nothing
    assert "We have nothing about ‘zxqv’" in nothing
    assert (False, True) == ("Similar questions" in nothing, "Where are my <mark>invoices</mark>?" in near)


def test_page_with_more_than_it_shows(visitor: HouseClient) -> None:
    """The heading counts all results; below it stands how many of them are shown."""
    text = visitor.get("/nl/self-service/search?q=vulling").text
    assert "26 resultaten voor ‘vulling’" in text
    assert "Je ziet de eerste 20 resultaten." in text


def test_below_the_field_few_with_the_way_to_all(visitor: HouseClient) -> None:
    """Typing in a page's header shows six results and leads to all; typing on the page of results shows them there."""
    below = visitor.fragment("/nl/self-service/search?q=vulling").text
    there = {"HX-Request": "true", "HX-Current-URL": "http://127.0.0.1:8000/nl/self-service/search?q=v"}
    on_page = visitor.get("/nl/self-service/search?q=vulling", headers=there).text
    assert (6, 20) == (below.count("<li>"), on_page.count("<li>"))
    assert '<a href="/nl/self-service/search?q=vulling">Alle 26 resultaten</a>' in below


def test_post_is_refused(visitor: HouseClient) -> None:
    """Search is asked with GET only."""
    assert visitor.send("/nl/self-service/search", {"q": "kwijt"}).status_code == 405
