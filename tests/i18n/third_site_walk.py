"""Walks through a site with a third language (third_site.py), and prints what was read without a mark.

A program of its own, since a process knows one site. It is started with that site as LOKET_SITE, and follows every link
and sends every form that it meets in the third language, wrong and right, as visitors, people who are logged in, and
people who follow a mailed link; and it reads every mail, letter and file. What it types is in VALUES, and nothing else
is known here of any form.
"""

from __future__ import annotations

import email
import email.policy
import io
import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from itertools import product as product_of
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import jinja2
from babel import Locale
from flask import Flask
from pypdf import PdfReader
from werkzeug.test import TestResponse

from selfservice import clock, config
from selfservice.accounts import email_changes, invoice_addresses, mandates, sessions, user_accounts
from selfservice.accounts.password_phrases import DEMO_PASSWORD
from selfservice.app import create_app
from selfservice.commands import cli
from selfservice.crypto import hash_token
from selfservice.demo import accounts
from selfservice.demo.orders import PRODUCTS
from selfservice.demo.requests import REQUESTERS, reference
from selfservice.demo.requests import email as requester
from selfservice.demo.tour import WITHOUT_ORDERS
from selfservice.fragments import DEMO_FRAGMENTS
from selfservice.i18n.languages import LANGUAGE_NAMES, LANGUAGES, language_of, using_language
from selfservice.mail import outbox
from selfservice.mail.delivery import send_next
from selfservice.mailer import mail_transport, mail_worker
from selfservice.migrations import migrate
from selfservice.orders import main_code_offer, organisation_codes, periods
from selfservice.orders.export.formats import PROGRAM_COLUMNS, array
from selfservice.orders.importer import import_file
from selfservice.orders.models import Query, Scope
from selfservice.orders.periods import Period
from selfservice.orders.store import OrderStore
from selfservice.publish.build import build
from selfservice.requests import scheduled
from selfservice.seeds import Seed, derive_token
from selfservice.site_config import SITE
from selfservice.values.iban import group_iban
from selfservice.web.services import Services
from tests.i18n.third_site import CLOSE, CODE, OPEN
from tests.sign_in_helpers import (
    ACCOUNT_PASSWORD,
    COLLEAGUE,
    MAIN,
    OTHER,
    PASSWORD,
    PRIVATE,
    give_account,
    person_id,
    prepare,
)

NEW_PASSWORD = "seven marbles under a purple stair"
VALUES = {
    "given_name": "Oona", "family_name": "Kites", "email": "oona@kites.example", "kvk_number": "00010007",
    "organisation_name": "", "telephone": "", "iban": "NL91ABNA0417164300", "holder": "Kites", "password": PASSWORD,
    "current_password": PASSWORD, "new_password": NEW_PASSWORD, "street": "Duinpad", "house_number": "7",
    "postcode": "1234 AB", "city": "Zandhoven", "q": "code", "reference": reference(99),
}  # fmt: skip
SEARCHED = ("toegang", "zzzzzz", "cdoe", "is")
# What is read aloud, shown or announced and stands in an attribute.
SPOKEN = ("aria-label", "alt", "title", "placeholder", "aria-description", "label")
WRITTEN_META = ("description", "og:title", "og:description", "og:site_name")
ABOUT = re.compile(r"""(?<=name="about" value=")[^"]*|(?<=about=)[^"&]*""")
MOST_OF_ONE_ADDRESS = 5
ADDRESS = re.compile(r"https?://\S+|\S*[^\s.][.@/•…]\S+")
WORD = re.compile(r"[^\W\d_]{2,}")
# A number, an amount or a moment has a digit, a code or a part of one has capitals.
NUMBER = re.compile(r"\S*\d\S*|\b[2-9A-Z]{4}(?:-[2-9A-Z]{4})+\b|\b[2-9A-Z]{3}\b")


@dataclass
class Reader:
    """Reads texts of the third language. `data` finds what is nobody's to translate."""

    data: re.Pattern[str]
    found: dict[str, str] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)

    def page(self, where: str, tree: Element) -> None:
        """Read a page or a fragment, in the order in which it stands there."""
        # What search finds are pieces of the owner's pages.
        for hit in tree.findall(".//section[@class='results']/ol/li"):
            for piece in (*hit.findall("a"), hit.findall("p")[-1]):
                piece.clear()
        for text in ("\n".join(texts(tree)), *attributes(tree)):
            self.text(where, text)

    def text(self, where: str, text: str) -> None:
        """Read a text: what stands outside marks is data, or was found."""
        if text in self.read:
            return
        self.read.add(text)
        depth, outside = 0, []
        for piece in re.split(f"([{OPEN}{CLOSE}])", text):
            depth += {OPEN: 1, CLOSE: -1}.get(piece, 0)
            if depth == 0 and piece != CLOSE:
                outside.append(piece)
        if depth:
            self.found.setdefault(f"a mark too few or too many: {' '.join(text.split())[:200]}", where)
        for line in "\n".join(outside).splitlines():
            if WORD.search(NUMBER.sub(" ", self.data.sub(" ", ADDRESS.sub(" ", line)))):
                self.found.setdefault(" ".join(line.split())[:200], where)


def texts(element: Element) -> Iterator[str]:
    """What is read, piece by piece."""
    if not isinstance(element.tag, str) or element.tag in ("script", "style") or element.get("lang", CODE) != CODE:
        return
    yield element.text or ""
    for child in element:
        yield from texts(child)
        yield child.tail or ""


def attributes(tree: Element) -> Iterator[str]:
    for one in tree.iter():
        if isinstance(one.tag, str) and one.get("lang", CODE) == CODE:
            yield from (value for name, value in one.items() if name in SPOKEN)
            if one.tag == "meta" and (one.get("name") or one.get("property")) in WRITTEN_META:
                yield one.get("content", "")
            # What the script says.
            said = (
                value for name, value in one.items() if name.startswith("data-") and not name.startswith("data-hx-")
            )
            yield from (value for value in said if re.search(r"\w \w", value))


@dataclass
class Walker:
    """Somebody at a browser of their own, who types `values` into what they meet; with `htmx` it asks for fragments."""

    app: Flask
    reader: Reader
    values: dict[str, str] = field(default_factory=dict)
    htmx: bool = True
    # Whoever presses that button has nothing left to read.
    deletes: bool = False
    seen: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    # What was chosen on the way here: the same step of another kind of request is another.
    choices: list[str] = field(default_factory=list)

    numbers = count(1)

    def __post_init__(self) -> None:
        """Open the browser, at an address of its own on this machine, since limits go by that."""
        self.client = self.app.test_client()
        self.client.environ_base["REMOTE_ADDR"] = f"127.0.1.{next(self.numbers)}"
        if not self.deletes:
            self.counts[f"POST /{CODE}/self-service/account-delete"] = 4 * MOST_OF_ONE_ADDRESS

    def go(self, *addresses: str) -> None:
        """Look at these addresses, and at all that they lead to."""
        for address in addresses:
            path = address.partition("#")[0].removeprefix(self.app.config["BASE_URL"])
            bare = path.partition("?")[0]
            if (
                path.startswith(f"/{CODE}/self-service/")
                and path not in self.seen
                and self.counts[bare] < MOST_OF_ONE_ADDRESS
            ):
                self.seen.add(path)
                self.counts[bare] += 1
                self.see(path, self.ask("GET", path))

    def ask(self, method: str, address: str, **sent: Any) -> TestResponse:
        """Send a request, as htmx does: for a fragment, or for the page when it is told to go there."""
        shapes = [{"HX-Request": "true"}, {}] if self.htmx else [{}]
        for shape in shapes:
            headers, base = {"Sec-Fetch-Site": "same-origin", **shape}, self.app.config["BASE_URL"]
            answer = self.client.open(address, method=method, base_url=base, headers=headers, buffered=True, **sent)
            if answer.headers.get("HX-Redirect") != address:
                break
        return answer

    def see(self, address: str, answer: TestResponse) -> None:
        """Read an answer, and go where it leads."""
        if location := answer.headers.get("HX-Redirect") or answer.headers.get("Location"):
            # Where a form leads has changed, also if it was seen before.
            self.seen.discard(location)
            self.go(location)
        elif answer.mimetype == "text/csv" and "programs" not in address:
            self.reader.text(address, answer.text.lstrip("\ufeff").replace(";", "\n"))
        elif (answer.mimetype or "").endswith("sheet"):
            with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
                parts = [
                    book.read(name).decode() for name in book.namelist() if re.search(r"sheet|workbook\.xml$", name)
                ]
            for part in parts:
                self.reader.text(address, "\n".join(re.findall(r"(?<=<t>)[^<]*|(?<=<sheet name=\")[^\"]*", part)))
        elif answer.mimetype == "application/zip":
            with zipfile.ZipFile(io.BytesIO(answer.data)) as both:
                self.reader.page(address, html5lib.parse(both.read("data.html").decode(), namespaceHTMLElements=False))
        elif answer.mimetype == "text/html":
            # Another moment of the same page is no other page.
            shown = f"{ABOUT.sub('', answer.text)} {self.choices}"
            if shown in self.seen:
                return
            self.seen.add(shown)
            tree = html5lib.parse(answer.text, namespaceHTMLElements=False)
            self.reader.page(address, tree)
            forms = [form for form in tree.iter("form") if form.get("action", "").startswith(f"/{CODE}/")]
            # The way out comes last.
            for form in sorted(forms, key=lambda form: form.get("action", "").endswith("/out")):
                self._fill_in(form)
            self.go(*(link.get("href", "") for link in tree.iter("a")))

    def _fill_in(self, form: Element) -> None:
        """Send a form with nothing in it, then with each choice that it gives."""
        action, method = form.get("action", ""), form.get("method", "get").upper()
        fields = [one for tag in ("input", "select", "textarea") for one in form.iter(tag) if one.get("name")]
        given = {one.get("name", ""): one.get("value", "") for one in fields if one.get("type") == "hidden"}
        radios = [(one.get("name", ""), one.get("value", "")) for one in fields if one.get("type") == "radio"]
        if not fields:
            # Its buttons are the choices.
            radios = [(one.get("name", ""), one.get("value", "")) for one in form.iter("button") if one.get("name")]
        # Whoever chose another language would read that.
        radios = [(name, value) for name, value in radios if value == CODE or value not in LANGUAGES]
        typed = {one.get("name", ""): self._value(one) for one in fields if one.get("type") != "radio"}
        attempts = [("", given), *((value, given | typed | dict(radios) | {name: value}) for name, value in radios)]
        if not radios:
            attempts.append(("", given | typed))
        if "about" in given:
            # As a page of before sends it, which is about something else.
            attempts.insert(0, ("", given | typed | dict(radios) | {"about": given["about"][::-1]}))
        before = self.choices
        for choice, data in attempts:
            self.choices = [*before, *([choice] if choice and choice not in before else [])]
            told = sorted((name, text) for name, text in data.items() if name not in ("about", "link", "saved_form"))
            key = f"{action} {told} {self.choices} {data.get('about') == given.get('about')}"
            if key not in self.seen and self.counts[f"POST {action}"] < 4 * MOST_OF_ONE_ADDRESS:
                self.seen.add(key)
                self.counts[f"POST {action}"] += 1
                sent: dict[str, Any] = {"data": data} if method == "POST" else {"query_string": data}
                answer = self.ask(method, action, **sent)
                if "password" in self.values and data.get("new_password") and answer.status_code in (204, 303):
                    self.values["password"] = data["new_password"]
                self.see(action, answer)
        self.choices = before

    def _value(self, one: Element) -> str:
        if one.tag == "select":
            return [option.get("value", "") for option in one.iter("option")][-1]
        # Of a field that nothing here knows two words are taken for what somebody typed.
        by_kind = {"text": f"{OPEN}made up{CLOSE}", "email": VALUES["email"], "tel": "020 123 4567"}
        known = one.get("value") or by_kind.get(one.get("type", "text"), "")
        return {**VALUES, **self.values}.get(one.get("name", ""), known)


def _data(app: Flask) -> re.Pattern[str]:
    """What is data, since it comes from the database, from facts and site.toml, from what was typed, or from Babel."""
    wired: Services = app.extensions["services"]
    conn = wired.db.read()
    values = {*VALUES.values(), *SEARCHED, DEMO_PASSWORD, group_iban(VALUES["iban"]), *SITE.name.values()}
    for table in ("people", "organisations", "access_codes"):
        for row in conn.execute(f"SELECT * FROM {table}").fetchall():
            values |= {value for value in tuple(row) if isinstance(value, str)}
    for product in PRODUCTS:
        values |= {product.name_en, product.name_nl}
    with using_language(CODE):
        values |= {str(fact) for fact in wired.facts if OPEN not in str(fact)}
    # Envelopes have cities in capitals.
    values |= {
        *LANGUAGE_NAMES.values(),
        SITE.time_zone.key.rpartition("/")[2],
        "KB",
        "MB",
        *(value.upper() for value in values),
    }
    babel = Locale.parse(language_of(CODE).locale)
    for width, context in product_of(("wide", "abbreviated"), ("format", "stand-alone")):
        values |= set(babel.months[context].get(width, {}).values())
    values |= set(babel.territories.values())
    # An envelope names the country in English.
    values |= {name.upper() for name in Locale.parse("en").territories.values()}
    values |= {word for pattern in babel.list_patterns["or"].values() for word in pattern.split()}
    words = sorted((value for value in values if WORD.search(value)), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)")


class Clock:
    """The clock of this process, which stands still but for `forward`."""

    def __init__(self) -> None:
        # In the morning: what is open until midnight stays open on the way, at whatever hour this runs.
        self.now = clock.now().replace(hour=8, minute=0)
        clock.now = lambda: self.now

    def forward(self, time: timedelta) -> None:
        """Let time pass."""
        self.now += time


class Templates:
    """Which templates were used, whatever asked for them."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        get = jinja2.Environment.get_template

        def watched(env: jinja2.Environment, name: Any, *args: Any, **kwargs: Any) -> jinja2.Template:
            self.used.add(str(name))
            return get(env, name, *args, **kwargs)

        jinja2.Environment.get_template = watched  # type: ignore[method-assign, assignment]


def walk(folder: Path) -> dict[str, Any]:
    """Build the site and its demonstration in the folder, and read all of it."""
    clocks = Clock()
    settings = config.load()
    app = create_app(settings)
    wired: Services = app.extensions["services"]
    migrate(wired.db, wired.keys)
    accounts.fill(wired.db, wired.context)
    prepare(app)
    with wired.db.write() as conn:
        conn.execute("UPDATE people SET language = :code", {"code": CODE})
        conn.execute("UPDATE requests SET language = :code", {"code": CODE})
    templates, reader = Templates(), Reader(_data(app))
    build(app, settings, compress=False)
    for file in sorted((settings.site / CODE).rglob("*.html")):
        reader.page(file.parent.name, html5lib.parse(file.read_text("utf-8"), namespaceHTMLElements=False))
    base = f"/{CODE}/self-service"
    # The page that ends sessions comes last.
    names = sorted(
        (*app.extensions["fragments"], *DEMO_FRAGMENTS, "useful", "nothing"), key=lambda name: name == "devices"
    )
    own = [f"{base}/{name}" for name in names]
    for htmx in (False, True):
        Walker(app, reader, htmx=htmx).go(*own)
        Walker(app, reader, htmx=htmx).go(f"{base}/access-code/done?begun=1")
    Walker(app, reader).go(*(f"{base}/search?q={words}" for words in SEARCHED))
    _read_mails(app, reader, {})
    for number in range(len(REQUESTERS)):
        person = {"reference": reference(number), "email": requester(number)}
        Walker(app, reader, person).go(f"{base}/request-status")
    _confirm_an_address(app, reader)
    _hand_over_the_main_code(app, reader)
    _change_an_address(app, reader, clocks)
    give_account(app, OTHER)
    own_account = {"access_code": accounts.email(OTHER), "email": accounts.email(OTHER), "password": ACCOUNT_PASSWORD}
    # The main code last, since it withdraws the code of its colleague.
    people = [
        {"access_code": accounts.code(number), "email": accounts.email(number), "password": PASSWORD}
        for number in (COLLEAGUE, PRIVATE, MAIN)
    ]
    for person in (own_account, *people):
        walker = Walker(app, reader, person)
        for password in ("wrong", "wrong", "wrong", "wrong", "wrong", person["password"]):
            clocks.forward(timedelta(minutes=20))
            walker.ask("POST", f"{base}/sign-in", data=person | {"password": password})
        _pay_by_direct_debit(wired, PRIVATE)
        walker.go(f"{base}/sign-in")
        # Each form's own page as it is for somebody who is logged in; and what is not theirs, or not there.
        walker.go(*(f"{base}/orders/{name}=ZZZ" for name in ("file?id", "progress?id", "main?number", "again?number")))
        walker.go(f"{base}/organisation-codes/withdraw?code=ZZZ")
        walker.go(*(f"{address}/mine" for address in own))
        walker.see(f"{base}/sign-in/out", walker.ask("POST", f"{base}/sign-in/out"))
        Walker(app, reader, person).go(f"{base}/replacement-password", f"{base}/lost-access-code")
        _read_mails(app, reader, person)
    # Of what was asked for on the way, that of the first walker is rejected and that of the second approved.
    asked = wired.db.read().execute("SELECT reference FROM requests ORDER BY id").fetchall()
    for place, row in enumerate(asked):
        is_rejected = 2 * place < len(REQUESTERS) + len(asked)
        decision = ["reject", "--reason", "details_differ"] if is_rejected else ["approve"]
        _run(app, "requests", decision[0], row["reference"], "--by", "Anna Staff", *decision[1:])
    _run(app, "letters", "print", "--to", str(folder / "letters"))
    for letter in (folder / "letters").rglob("*.pdf"):
        reader.text(letter.name, "\n".join(page.extract_text() for page in PdfReader(letter).pages))
    # Of somebody who had no mail yet.
    _run(app, "codes", "revoke", "9", "--by", "Anna Staff")
    _read_mails(app, reader, {})
    for days in (15, 25, 50, 60):
        clocks.forward(timedelta(days=days))
        scheduled.run_hourly(wired.db, wired.context, clock.now())
        _read_mails(app, reader, {})
    _delete(app, reader, own_account, *(person | {"password": PASSWORD} for person in people[1:]))
    query = """SELECT kvk_number FROM organisations o JOIN access_codes c ON c.organisation_id = o.id
               WHERE c.revoked_at IS NULL AND o.closed_at IS NULL"""
    _run(app, "register", "close", wired.db.read().execute(query).fetchone()["kvk_number"], "--by", "Anna Staff")
    _read_mails(app, reader, {})
    # Long after they were mailed.
    Walker(app, reader).go(*reader.links)
    for path in ("/api/orders", "/api/redeliveries?x=1", "/api/nothing"):
        answer = app.test_client().get(path, base_url=settings.base_url, headers={"Accept-Language": CODE})
        assert answer.json is not None
        reader.text(path, "\n".join(answer.json.get(name, "") for name in ("title", "detail")))
    hits = {code: _count_hits(app, f"/{code}/self-service/search?q=digid") for code in LANGUAGES}
    unused = set(app.jinja_env.list_templates(extensions=["html", "txt"])) - templates.used
    found = sorted(f"{where}: {text}" for text, where in reader.found.items())
    return {
        "unmarked": found,
        "unused": sorted(unused),
        "hits": hits,
        "output": str(settings.site),
        "product": _name_a_product(app),
        "day": str(periods.parse("1 maaie 2026")),
    }


def _count_hits(app: Flask, address: str) -> int:
    answer = app.test_client().get(address, base_url=app.config["BASE_URL"])
    return len(html5lib.parse(answer.text, namespaceHTMLElements=False).findall(".//section[@class='results']/ol/li"))


def _name_a_product(app: Flask) -> dict[str, Any]:
    """Bring in an order that names its product in the third language only, and what programs are told of it."""
    wired: Services = app.extensions["services"]
    order = {"number": "THIRD-1", "ordered_at": clock.now().isoformat(), "access_code": accounts.code(PRIVATE)}
    line = order | {"product": "third", f"product_{CODE}": "Tredde", "payment": "ideal", "state": "ordered", "cents": 1}
    import_file(wired.db, wired.context, io.BytesIO(json.dumps(line).encode()), clock.now(), refuse=print)
    conn = wired.db.read()
    row = conn.execute("SELECT account, holder_id FROM orders WHERE number = 'THIRD-1'").fetchone()
    query = Query(Scope(row["account"], None), Period(), CODE, words="tredde")
    described = app.test_client().get("/api/openapi.json", base_url=app.config["BASE_URL"]).json
    assert described is not None
    with wired.db.separate_connection() as own:
        [made] = json.loads(b"[" + b"".join(OrderStore(own).export_text(query, array().form)) + b"]")
    return {
        "file": {name: made[name] for name in made if name.startswith("product_")},
        "columns": [name for name in PROGRAM_COLUMNS if name.startswith("product_")],
        "described": [name for name in described["components"]["schemas"]["Order"]["properties"] if "product_" in name],
    }


def _pay_by_direct_debit(wired: Services, number: int) -> None:
    """Have somebody pay by direct debit since some time, so that it can be ended."""
    with wired.db.write() as conn:
        row = conn.execute("SELECT id FROM people WHERE email = :email", {"email": accounts.email(number)}).fetchone()
        mandates.add(
            conn, clock.now(), person_id=row["id"], organisation_id=None, iban=VALUES["iban"],
            holder=VALUES["holder"], effective_on=date(2020, 1, 1),
        )  # fmt: skip


def _confirm_an_address(app: Flask, reader: Reader) -> None:
    """Open the link by which an address for invoices is confirmed, and use it; then once more."""
    wired: Services = app.extensions["services"]
    with wired.db.write() as conn:
        conn.execute("UPDATE organisations SET invoices_email = :old WHERE id = 1", {"old": accounts.email(PRIVATE)})
        issued = invoice_addresses.add(
            conn, wired.context, organisation_id=1, person_id=1, email=VALUES["email"], now=clock.now()
        )
        outbox.enqueue(
            conn, wired.context, clock.now(), idempotency_key="confirm", kind="digital_invoices.confirm",
            recipient=VALUES["email"], language=CODE, payload={"name": "Oona", "organisation": "Kites"},
            seed=issued.seed,
        )  # fmt: skip
    for _ in range(2):
        Walker(app, reader).go(f"/{CODE}/self-service/digital-invoices/link/{derive_token(wired.keys, issued.seed)}")


def _change_an_address(app: Flask, reader: Reader, clocks: Clock) -> None:
    """Change the address of an account, and read what stands behind the links to the new and the old one: used, used
    once more, and undone. The mail to an address that is another's is read too.
    """
    wired: Services = app.extensions["services"]
    who, base = person_id(app, COLLEAGUE), f"/{CODE}/self-service/account-email"
    give_account(app, COLLEAGUE)
    clocks.forward(timedelta(hours=1))
    new = "another@kites.example"
    walker = Walker(app, reader, {"email": new, "password": ACCOUNT_PASSWORD})
    credentials = {"access_code": accounts.email(COLLEAGUE), "password": ACCOUNT_PASSWORD}
    walker.ask("POST", f"/{CODE}/self-service/sign-in", data=credentials)
    for wanted in (accounts.email(MAIN), new):
        with wired.db.write() as conn:
            email_changes.ask(conn, wired.context, who, wanted, "127.0.0.1", clock.now())
    for query in ("?again=1", ""):
        answer = walker.ask("GET", f"{base}{query}")
        reader.page("waiting", html5lib.parse(answer.text, namespaceHTMLElements=False))
    query = "SELECT nonce, key_id FROM outbox WHERE kind = :kind AND nonce IS NOT NULL ORDER BY id DESC"
    for step, kind in (("link", "email_confirm"), ("undo", "email_changed")):
        mail = wired.db.read().execute(query, {"kind": f"account.{kind}"}).fetchone()
        for _ in range(2):
            Walker(app, reader).go(f"{base}/{step}/{derive_token(wired.keys, Seed('token', *mail))}")
            # As long as it can be undone nothing is deleted.
            answer = walker.ask("GET", f"/{CODE}/self-service/account-delete")
            reader.page("delete", html5lib.parse(answer.text, namespaceHTMLElements=False))
    walker.go(base)
    with wired.db.write() as conn:
        user_accounts.delete(conn, who)


def _hand_over_the_main_code(app: Flask, reader: Reader) -> None:
    """Offer the main code of the second organisation to the colleague, read what the link shows to both, and accept."""
    wired: Services = app.extensions["services"]
    base, found = f"/{CODE}/self-service", []
    walkers = [Walker(app, reader) for _ in range(2)]
    for walker, number in zip(walkers, (OTHER, WITHOUT_ORDERS), strict=True):
        walker.ask("POST", f"{base}/sign-in", data={"access_code": accounts.code(number), "password": PASSWORD})
        found += sessions.open_sessions(wired.db.read(), wired.context, person_id(app, number), clock.now())
    mine, theirs = found
    with wired.db.write() as conn:
        to = organisation_codes.find_of_colleague(conn, mine, theirs.access_code_id or 0)
        assert to
        main_code_offer.send(conn, wired.context, mine, to, "127.0.0.1", clock.now())
        mail = conn.execute("SELECT nonce, key_id FROM outbox WHERE kind = 'organisation_codes.offer'").fetchone()
    token = derive_token(wired.keys, Seed("token", mail["nonce"], mail["key_id"]))
    # They only read: whoever presses every button takes the offer back, or logs out.
    for walker in walkers:
        walker.ask("GET", f"{base}/organisation-codes/link/{token}")
        answer = walker.ask("GET", f"{base}/organisation-codes/accept")
        reader.page("accept", html5lib.parse(answer.text, namespaceHTMLElements=False))
    with wired.db.write() as conn:
        assert main_code_offer.accept(conn, wired.context, theirs, hash_token(token), "127.0.0.1", clock.now())
    Walker(app, reader).go(f"{base}/organisation-codes/link/{token}")
    # Staff give it back; both are mailed.
    _run(app, "codes", "main", str(mine.access_code_id), "--by", "Anna Staff")


def _delete(app: Flask, reader: Reader, *people: dict[str, str]) -> None:
    """Have these people delete all that can be."""
    prepare(app)
    _pay_by_direct_debit(app.extensions["services"], PRIVATE)
    for person in people:
        walker = Walker(app, reader, person, deletes=True)
        walker.ask("POST", f"/{CODE}/self-service/sign-in", data=person)
        walker.go(f"/{CODE}/self-service/account-delete")
        _read_mails(app, reader, person)


def _run(app: Flask, command: str, *arguments: str) -> None:
    done = app.test_cli_runner().invoke(cli.commands[command], arguments)
    assert done.exit_code in (0, 1), done.output


def _read_mails(app: Flask, reader: Reader, person: dict[str, str]) -> None:
    """Send what waits, read it, and go where its links lead."""
    wired: Services = app.extensions["services"]
    worker = mail_worker(wired, mail_transport(wired))
    while send_next(worker.db, worker.render, worker.transport, clock.now):
        pass
    Walker(app, reader, person).go(f"/{CODE}/self-service/mailbox")
    for file in sorted((wired.config.database.parent / "mailbox").glob("*.eml")):
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        subject, text = str(message["Subject"]), message.get_body(("plain",))
        assert text is not None
        reader.text(subject, f"{subject}\n{text.get_content()}")
        reader.links += re.findall(rf"http://[^\s{OPEN}{CLOSE}]+/link/[\w-]+", text.get_content())
        file.unlink()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(walk(Path(sys.argv[1])), ensure_ascii=False, indent=1))
