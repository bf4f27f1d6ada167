"""Searches without result: which are counted, which never are, and what editors see of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from selfservice import clock
from selfservice.commands import cli
from selfservice.db import Database
from selfservice.db.sqlite import BUSY_TIMEOUT_SECONDS
from selfservice.feedback import searches
from selfservice.i18n.languages import LANGUAGES
from selfservice.limits import table
from selfservice.limits.rate_limit import LimitSet, RateLimit
from selfservice.search.index import IndexedQuestion, build_index
from selfservice.values.access_code import is_valid_code
from tests.clients import HouseClient
from tests.conftest import Site
from tests.domain_helpers import new_database, rows

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
NOTHING = "xylofoonles"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("index")
    text = "Bel 0885851585 over een toegangscode voor het Handelsregister."
    build_index(path, [IndexedQuestion("nl", "/nl/a/", "A", "Hoe bel ik jullie?", text, "a", "")], {})
    return path


@pytest.fixture
def searched(app: Flask, site: Site) -> Iterator[HouseClient]:
    """A browser on a site that is built, so that it can be searched."""
    wired = app.extensions["services"]
    built: Path = site.config.search_index
    place: Path = wired.config.search_index
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(built)
    client = app.test_client()
    assert isinstance(client, HouseClient)
    yield client
    place.unlink()


def counts(app: Flask) -> list[dict[str, Any]]:
    return rows(app.extensions["services"].db, "unanswered_searches")


@pytest.mark.parametrize(
    ("q", "words"),
    [
        pytest.param("Parkeren", "parkeren", id="a word that the pages have not"),
        pytest.param("Jan  Privé!", "jan prive", id="folded"),
        pytest.param("een hond in huis", "", id="four words, unknown ones among them"),
        pytest.param("bel over een toegangscode", "bel over een toegangscode", id="any number, all known"),
        pytest.param("toegangscodes", "toegangscodes", id="a known word in another form"),
        pytest.param("0885851585", "0885851585", id="a number that the pages have"),
        pytest.param("0612345678", "", id="a number that they have not"),
        pytest.param("straat 12", "", id="a digit in it"),
        pytest.param("straat ٣", "", id="a digit of another script"),
        pytest.param("jan@example.org", "", id="an address"),
        pytest.param("jan＠example.org", "", id="an address, full width"),
        pytest.param("NPKY-RXGB-FMQT-DLEB", "", id="a code without digits"),
        pytest.param("code NPKYRXGBFMQTDLEB", "", id="a code without digits, behind a word"),
        pytest.param("NPKYRXGB FMQTDLEB kwijt", "", id="a code in two pieces"),
        pytest.param("?!", "", id="no word"),
        pytest.param("ﷺ" * 60, "", id="longer folded than typed"),
    ],
)
def test_what_may_be_counted(index: Path, q: str, words: str) -> None:
    """Words of the pages, or at most three without digit or @; a name, code or number of somebody never."""
    assert words == searches.countable_words(index, "nl", q)


def test_code_is_one() -> None:
    """The code above is one that could be given out: else it would be tried for nothing."""
    assert is_valid_code("NPKYRXGBFMQTDLEB")


def test_a_day_has_room_for_so_many(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit no other words are taken up that day in that language; those that are there count on."""
    monkeypatch.setattr(searches, "MAX_PER_DAY", 2)
    now = clock.now()
    with db.write() as conn:
        for lang, words in (("nl", "a"), ("nl", "b"), ("nl", "c"), ("nl", "a"), ("en", "c")):
            searches.count(conn, lang, words, now)
        searches.count(conn, "nl", "c", now + timedelta(days=1))
    found = [(row["language"], row["words"], row["count"]) for row in rows(db, "unanswered_searches")]
    assert [("en", "c", 1), ("nl", "a", 2), ("nl", "b", 1), ("nl", "c", 1)] == sorted(found)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sent_search_is_counted(app: Flask, searched: HouseClient, lang: str) -> None:
    """A search that was sent and found nothing counts, in its language, with its day and without anything else."""
    for q in (NOTHING, NOTHING.upper()):
        assert searched.get(f"/{lang}/self-service/search?q={q}", headers=BROWSER).status_code == 200
    day = clock.to_text(clock.now())[:10]
    assert [{"day": day, "language": lang, "words": NOTHING, "count": 2}] == counts(app)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"HX-Request": "true"}, id="each letter that is typed"),
        pytest.param({"Sec-Purpose": "prefetch;prerender"}, id="fetched ahead"),
        pytest.param({"Purpose": "prefetch"}, id="fetched ahead, by an older browser"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="from another site"),
        pytest.param({"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://a.example/bot.html)"}, id="robot"),
        pytest.param({"User-Agent": ""}, id="a program that does not say what it is"),
        pytest.param(
            {"Referer": f"http://127.0.0.1:8000/nl/self-service/search?q={NOTHING}"}, id="the switch of language"
        ),
    ],
)
def test_nobody_sent_it(app: Flask, searched: HouseClient, headers: dict[str, str]) -> None:
    """What no person sent is answered as always, and not counted."""
    answer = searched.get(f"/en/self-service/search?q={NOTHING}", headers=BROWSER | headers)
    assert (200, True, []) == (answer.status_code, NOTHING in answer.text, counts(app))


def test_head_is_not_counted(app: Flask, searched: HouseClient) -> None:
    """Asking for the head of an answer counts nothing."""
    searched.head(f"/en/self-service/search?q={NOTHING}", headers=BROWSER)
    assert [] == counts(app)


@pytest.mark.parametrize("q", ["password", "passwrod", "", "%20"])
def test_an_answer_is_not_counted(app: Flask, searched: HouseClient, q: str) -> None:
    """A search with a result, also for what it was taken for, and one without words count nothing."""
    searched.get(f"/en/self-service/search?q={q}", headers=BROWSER)
    assert [] == counts(app)


def test_who_sends_very_many_is_not_counted_on(
    app: Flask, searched: HouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One network cannot fill the list of a day, nor have its words stand first: what it sends is answered."""
    few = LimitSet(RateLimit("unanswered-address", 3, 3600), table.UNANSWERED.everybody)
    monkeypatch.setattr(table, "UNANSWERED", few)
    for q in (NOTHING, NOTHING, "qwxqwx", "zwqzwq", NOTHING):
        assert searched.get(f"/en/self-service/search?q={q}", headers=BROWSER).status_code == 200
    assert {NOTHING: 2, "qwxqwx": 1} == {row["words"]: row["count"] for row in counts(app)}


def test_a_busy_database_drops_the_count(app: Flask, searched: HouseClient, statements: list[str]) -> None:
    """While something else writes, the search is answered without waiting for it, and not counted; afterwards writers
    wait for each other as always.
    """
    db: Database = app.extensions["services"].db
    other = Database(db.path)
    with other.write():
        answer = searched.get(f"/en/self-service/search?q={NOTHING}", headers=BROWSER)
    other.close()
    assert (200, True) == (answer.status_code, NOTHING in answer.text)
    assert [] == counts(app)
    assert "PRAGMA busy_timeout = 0" == statements[statements.index("BEGIN IMMEDIATE") - 1]
    assert 1000 * BUSY_TIMEOUT_SECONDS == db.read().execute("PRAGMA busy_timeout").fetchone()[0]


def test_what_editors_see(app: Flask) -> None:
    """The command prints what was sent three times or more in those days, the most sent first, by language."""
    now = clock.now()
    sent = [
        ("nl", "parkeren", 3, 0),
        ("nl", "hond", 2, 0),
        ("nl", "hond", 3, 5),
        ("en", "dog", 4, 29),
        ("en", "x", 9, 30),
    ]
    with app.extensions["services"].db.write() as conn:
        for lang, words, times, days_ago in (*sent, ("nl", "jan jansen", 2, 0)):
            for _ in range(times):
                searches.count(conn, lang, words, now - timedelta(days=days_ago))
    runner = app.test_cli_runner()

    def run(*words: str) -> Result:
        return runner.invoke(cli.commands["searches"], words)

    assert "     4  en  dog\n     5  nl  hond\n     3  nl  parkeren\n" == run().stdout
    assert "     3  nl  parkeren\n" == run("--days", "1", "--lang", "nl").stdout
    assert "     9  en  x\n     4  en  dog\n" == run("--days", "31", "--lang", "en").stdout
