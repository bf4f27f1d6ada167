"""Was this page useful: one press, what was missed, and nothing of who said so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import Result
from flask import Flask

from selfservice import clock
from selfservice.commands import cli
from selfservice.db import Database
from selfservice.feedback import answers
from selfservice.feedback.answers import Place, without_secrets
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.web.layout import LayoutContext
from tests import house
from tests.clients import HTMX_HEADERS, HouseClient
from tests.conftest import Site
from tests.domain_helpers import rows

PAGE, QUESTION = "cannot-log-in", "lost-code"


@pytest.fixture(autouse=True)
def built(app: Flask, site: Site) -> Iterator[None]:
    """The site is built: which questions there are stands in its index."""
    place: Path = app.extensions["services"].config.search_index
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(site.config.search_index)
    yield
    place.unlink()


def page_address(app: Flask, lang: str, key: str = PAGE) -> str:
    layout: LayoutContext = app.extensions["layout"]
    return f"{app.config['BASE_URL']}{layout.page(key, lang).path}"


def form_address(lang: str, step: str = "") -> str:
    return f"/{lang}/self-service/useful{step}"


def stored(app: Flask, table: str) -> list[dict[str, Any]]:
    return rows(app.extensions["services"].db, table)


def question_of(site: Site, lang: str) -> str:
    """The id of a question of the page."""
    tree = house.parse(site.text(urlsplit(page_address(site.app, lang)).path))
    return next(one.get("id", "") for one in house.elements(tree, "h2") if one.find("a") is not None)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_on_each_page_the_same(app: Flask, site: Site, client: HouseClient, lang: str) -> None:
    """Each help page holds the start view byte for byte, once; that loads no htmx before it is used."""
    part = client.fragment(form_address(lang)).text.partition("</title>\n")[2]
    layout: LayoutContext = app.extensions["layout"]
    texts = [
        site.text(page.path)
        for (code, key), page in layout.pages().items()
        if code == lang and key != "index" and not page.is_tree
    ]
    assert ({1}, True) == ({text.count(part.strip()) for text in texts}, len(texts) > 2)
    light = [text for text in texts if 'class="panel"' not in text]
    assert light
    assert all('<script src="/theme/js/htmx' not in text for text in light)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("pressed", "step"), [("yes", "/thanks"), ("no", "/missing")])
def test_without_a_script(app: Flask, client: HouseClient, lang: str, pressed: str, step: str) -> None:
    """A press counts for the page that it came from, leads to a page that says thanks, in a heading, and
    back, and sets no cookie.
    """
    came_from = page_address(app, lang)
    answer = client.post(form_address(lang), data={"useful": pressed}, headers={"Referer": came_from})
    assert (303, f"{form_address(lang, step)}?page={PAGE}") == (answer.status_code, answer.headers["Location"])
    page = client.get(answer.headers["Location"])
    assert f'<a href="{urlsplit(came_from).path}">' in page.text
    assert "<h2" in page.text.partition('id="useful"')[2]
    day = clock.to_text(clock.now())[:10]
    counted = {"useful": int(pressed == "yes"), "not_useful": int(pressed == "no")}
    assert [{"day": day, "language": lang, "page": PAGE, "question": "", **counted}] == stored(app, "page_answers")
    assert client.cookie_value() is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_in_place(app: Flask, site: Site, client: HouseClient, lang: str) -> None:
    """With htmx the answer comes where the question stood, for the question in the address; it leads nowhere, since one
    is there.
    """
    question = question_of(site, lang)
    came_from = {"HX-Current-URL": f"{page_address(app, lang)}?x=1#{question}"}
    answer = client.post(form_address(lang), data={"useful": "no"}, headers=HTMX_HEADERS | came_from)
    headers = HTMX_HEADERS | came_from
    view = client.get(answer.headers["Location"], headers=headers).text
    assert ('id="useful"' in view, "<a " in view, "<h2" in view) == (True, False, False)
    data = {"page": PAGE, "question": question, "text": "The form!"}
    answer = client.send(form_address(lang, "/missing"), data, htmx=True)
    done = client.get(answer.headers["Location"], headers=headers).text
    with using_language(lang):
        thanks = gettext("Thank you. It helps us to make this page better.")
    assert (thanks in done, "<a " in done) == (True, False)
    [count], [remark] = stored(app, "page_answers"), stored(app, "page_remarks")
    assert [(PAGE, question)] * 2 == [(each["page"], each["question"]) for each in (count, remark)]
    assert "The form!" == remark["text"]


@pytest.mark.parametrize(
    "address", ["", "http://[", "/en/nowhere/", "http://127.0.0.1:8000/en/self-service/useful", "http://evil.example/"]
)
def test_page_that_is_none(app: Flask, client: HouseClient, address: str) -> None:
    """Who does not say where they come from, or makes something up, is thanked; it counts for no page."""
    answer = client.post(form_address("en"), data={"useful": "yes"}, headers={"Referer": address})
    assert 200 == client.follow(answer).status_code
    assert [("", "")] == [(each["page"], each["question"]) for each in stored(app, "page_answers")]


@pytest.mark.parametrize(
    "data", [{}, {"page": "nowhere"}, {"page": PAGE, "question": "nothing"}, {"page": "<b>"}, {"question": QUESTION}]
)
def test_place_that_is_none(app: Flask, client: HouseClient, data: dict[str, str]) -> None:
    """A page or question that is not there is not kept, and not shown."""
    client.send(form_address("en", "/missing"), {**data, "text": "more"})
    page = PAGE if data.get("page") == PAGE else ""
    assert [(page, "")] == [(each["page"], each["question"]) for each in stored(app, "page_remarks")]
    assert "<b>" not in client.get(form_address("en", "/missing"), query_string=data).text


@pytest.mark.parametrize("useful", ["", "maybe", "yes\0"])
def test_no_answer(app: Flask, client: HouseClient, useful: str) -> None:
    """Anything but yes or no is no answer."""
    assert 400 == client.post(form_address("en"), data={"useful": useful}).status_code
    assert [] == stored(app, "page_answers")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  where   is the\tform? ", "where is the form?"),
        ("mail jan@example.org please", "mail … please"),
        ("mail jan＠example.org", "mail …"),
        ("my code ABCD-2FGH-JKLM-NPQR fails", "my … fails"),
        ("it was abcd 2fgh jklm npqr", "it was …"),
        ("it was npkyrxgbfmqtdleb", "it was …"),
        ("my code NPKY-RXGB-FMQT-DLEB", "my …"),
        ("kwijt is code: NPKY.RXGB.FMQT.DLEB!", "kwijt is …!"),
        ("it is abcd_2fgh_jklm_npqr", "it is …"),
        ("what does this page mean when I move", "what does this page mean when I move"),
        ("request K7RM-4X9T", "request …"),
        ("NL91 ABNA 0417 1643 00", "… 00"),
        ("bel 06 12 34 56 78 of +31 6 12345678", "bel … of …"),
        ("KVK 12345678", "KVK …"),
        ("the 15 minutes of 2026", "the 15 minutes of 2026"),
        ("<b>bold</b> & more", "<b>bold</b> & more"),
        ("x" * 500, "x" * 200),
        ("\u202e\0", ""),
        ("jan@example.org", ""),
        ("", ""),
    ],
)
def test_what_looks_secret_is_left_out(typed: str, kept: str) -> None:
    """Addresses, codes and long numbers are not kept, on one line of at most 200 characters; all else is."""
    assert kept == without_secrets(typed)


def test_nothing_to_keep(app: Flask, client: HouseClient) -> None:
    """Nothing typed, or nothing but an address, is thanked for and not kept."""
    for text in ("", "jan@example.org"):
        answer = client.send(form_address("en", "/missing"), {"page": PAGE, "text": text})
        assert form_address("en", "/thanks") == urlsplit(answer.headers["Location"]).path
    assert [] == stored(app, "page_remarks")


def test_a_day_has_room_for_so_many(app: Flask, client: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit of a day texts are thanked for and not kept."""
    monkeypatch.setattr(answers, "MAX_REMARKS_PER_DAY", 2)
    for number in range(3):
        client.send(form_address("en", "/missing"), {"page": PAGE, "text": f"no {number}"})
    assert ["no 0", "no 1"] == [each["text"] for each in stored(app, "page_remarks")]


def test_pressing_without_end(app: Flask, client: HouseClient) -> None:
    """Who presses very often from one address is thanked and not counted; a text is shown again, with the wait."""
    headers = {"Referer": page_address(app, "en")}
    for _ in range(65):
        assert 303 == client.post(form_address("en"), data={"useful": "no"}, headers=headers).status_code
    assert [60] == [each["not_useful"] for each in stored(app, "page_answers")]
    again = client.send(form_address("en", "/missing"), {"page": PAGE, "text": "more words"})
    assert (429, True) == (again.status_code, 'value="more words"' in again.text)
    assert [] == stored(app, "page_remarks")


def test_a_busy_database_drops_the_answer(app: Flask, client: HouseClient) -> None:
    """While something else writes, a press is thanked for without waiting, and not counted."""
    other = Database(app.extensions["services"].db.path)
    with other.write():
        answer = client.post(form_address("en"), data={"useful": "yes"})
    other.close()
    assert (303, []) == (answer.status_code, stored(app, "page_answers"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_switching_keeps_what_was_typed(app: Flask, client: HouseClient, lang: str) -> None:
    """The language switch takes the text and its page along, and keeps nothing yet."""
    data = {"page": PAGE, "question": "", "text": "more words", "switch_language": "1"}
    again = client.send(form_address(lang, "/missing"), data)
    assert all(f'value="{value}"' in again.text for value in (PAGE, "more words"))
    assert [] == stored(app, "page_remarks")


def test_what_editors_see(app: Flask) -> None:
    """The command prints yes and no by page and question, and what was missed, the newest first."""
    now = clock.now()
    page, question, other = Place("en", PAGE, ""), Place("en", PAGE, QUESTION), Place("nl", "orders", "")
    with app.extensions["services"].db.write() as conn:
        for place, useful, days_ago in ((page, True, 0), (page, True, 2), (page, False, 0), (question, False, 0)):
            answers.count(conn, place, now - timedelta(days=days_ago), useful=useful)
        answers.count(conn, other, now - timedelta(days=30), useful=True)
        answers.add_remark(conn, question, "first", now - timedelta(days=1))
        answers.add_remark(conn, question, "second", now)
        answers.add_remark(conn, Place("nl", "", ""), "nowhere", now)
    runner = app.test_cli_runner()

    def run(*words: str) -> Result:
        return runner.invoke(cli.commands["feedback"], words)

    today, yesterday = (clock.to_text(now - timedelta(days=ago))[:10] for ago in (0, 1))
    head, one = "   yes    no  page\n", f"     2     1  en/{PAGE}\n     0     1  en/{PAGE}#{QUESTION}\n"
    typed = f"              {today}  second\n              {yesterday}  first\n"
    assert f"{head}{one}{typed}     0     0  nl/(not known)\n              {today}  nowhere\n" == run().stdout
    assert f"{head}{one}{typed}" == run("--page", f"{PAGE}.md").stdout
    assert f"{head}     1     0  nl/orders\n" == run("--days", "31", "--page", "orders", "--lang", "nl").stdout
    said = run("--page", "digid", "--days", "2")
    assert ("", "Nothing: nobody said whether it was useful in 2 days\n") == (said.stdout, said.stderr)
    unknown = run("--page", "ordrs")
    assert (1, "Error: there is no page 'ordrs'; did you mean 'orders'?\n") == (unknown.exit_code, unknown.stderr)
