"""No mailed link and no access code is ever in the database's files: not waiting, not sent, not in their slack."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask

from selfservice import clock, mailer, seeds
from selfservice.accounts import access_codes
from selfservice.commands import cli
from selfservice.config import ROOT, Config
from selfservice.crypto import Keys, hash_token
from selfservice.db import Database, backup, connect
from selfservice.demo import accounts
from selfservice.mail import delivery
from selfservice.mail.delivery import send_next
from selfservice.mail.transport import TemporaryMailError
from selfservice.migrations import migrate, pending
from selfservice.seeds import MissingKeyError
from selfservice.values.access_code import derive_code, group_code, hash_code, lookup_hashes, normalise_code
from selfservice.web.services import Services
from tests.access_code_helpers import KVK, AccessCodeForm
from tests.conftest import SECRET, new_app
from tests.domain_helpers import KEYS, SmtpServer, rows
from tests.letter_helpers import text
from tests.live_server import wait_until
from tests.password_form_helpers import AppInside, PasswordForm, location
from tests.sign_in_helpers import browser, prepare

FIXTURE = Path(__file__).parent / "fixtures" / "2026-11-22.sql.gz"
CODE = re.compile(r"\b(?:[2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}\b")


@pytest.fixture
def old(tmp_path: Path) -> Database:
    """A demonstration that the version of 22 November 2026 filled, not migrated; its journal is empty."""
    conn = connect(tmp_path / "loket.db")
    conn.executescript(gzip.decompress(FIXTURE.read_bytes()).decode("utf-8"))
    conn.close()
    return Database(tmp_path / "loket.db")


def raw(db: Database) -> bytes:
    """All bytes of the database's files: itself, its journal, what goes with that."""
    return b"".join(path.read_bytes() for path in sorted(db.path.parent.glob("loket.db*")))


def in_plain(path: Path) -> tuple[dict[int, str], dict[int, tuple[str, str]]]:
    """What waits in plain in a database that was not migrated: the code of each letter by its code's row, and of each
    mail its kind of secret with the secret.
    """
    conn = connect(path)
    letters = dict(conn.execute("SELECT access_code_id, code FROM letters WHERE state = 'ready'"))
    found: dict[int, tuple[str, str]] = {}
    for number, content in conn.execute("SELECT id, payload FROM outbox WHERE state IN ('waiting', 'leased')"):
        payload = json.loads(content)
        for name in ("token", "code"):
            if payload.get(name):
                found[number] = (name, payload[name])
    conn.close()
    return letters, found


def test_what_waits_is_derived_anew(old: Database) -> None:
    """At the migration each waiting letter and mail gets a derived code or link that works; the one before it does not
    any more, and is in no byte of the files. Nothing is dropped.
    """
    letters, waiting = in_plain(old.path)
    plain = [*letters.values(), *(normalise_code(text) if kind == "code" else text for kind, text in waiting.values())]
    before = raw(old)
    migrate(old, KEYS)
    after = raw(old)
    now = clock.now()
    assert (True, {"token"}) == (len(letters) > 0, {kind for kind, _ in waiting.values()} - {"code"})
    assert ([True] * len(plain), [False] * len(plain)) == (
        [text.encode() in before or group_code(text).encode() in before for text in plain],
        [text.encode() in after or group_code(text).encode() in after for text in plain],
    )
    for row in rows(old, "letters"):
        if row["state"] == "ready":
            code = derive_code(KEYS, seeds.Seed("code", row["nonce"], row["key_id"]))
            member = access_codes.find_usable(old.read(), lookup_hashes(KEYS, code), now)
            held = [each for each in rows(old, "access_codes") if each["id"] == row["access_code_id"]]
            assert [(hash_code(KEYS, code), code[-3:])] == [(each["code_hash"], each["hint"]) for each in held]
            assert (
                access_codes.find_usable(old.read(), lookup_hashes(KEYS, letters[row["access_code_id"]]), now) is None
            )
            assert member is None or member.access_code_id == row["access_code_id"]
    for row in rows(old, "outbox"):
        if row["id"] in waiting:
            kind, text = waiting[row["id"]]
            made = delivery.to_leased_mail(row).payload_with_secret(KEYS)[kind]
            assert (kind, "waiting", False) == (row["secret"], row["state"], made == text)
            if kind == "token":
                hashes = {each["token_hash"] for each in rows(old, "tokens")}
                assert (True, False) == (hash_token(made) in hashes, hash_token(text) in hashes)
    old.close()


@dataclass
class Walk:
    """Everything that can be done for a code or a link, and the bytes of the files at each moment of it."""

    app: Flask
    seen: list[bytes] = field(default_factory=list)

    @property
    def wired(self) -> Services:
        """The app's wired parts."""
        found: Services = self.app.extensions["services"]
        return found

    def look(self) -> None:
        """Remember all bytes of the database's files as they are now, and of a backup made now."""
        to = self.wired.db.path.parent / f"copy-{len(self.seen)}.db"
        backup(self.wired.db, to)
        self.seen.append(raw(self.wired.db) + to.read_bytes())

    def send(self) -> list[str]:
        """Send what waits, each mail only at the second try; the texts of all mails so far, the newest first."""
        self.look()
        worker = mailer.mail_worker(self.wired, mailer.mail_transport(self.wired))
        later = clock.now() + timedelta(minutes=1)
        while send_next(self.wired.db, worker.render, Down(), clock.now):
            self.look()
        while send_next(self.wired.db, worker.render, worker.transport, lambda: later):
            self.look()
        return [mail.text for mail in mailer.demo_mailbox(self.wired.config).list()]

    def run(self, *words: str) -> None:
        """Run a command of staff."""
        done = self.app.test_cli_runner().invoke(cli.commands[words[0]], words[1:])
        assert 0 == done.exit_code, done.output
        self.look()


class Down:
    """A mail server that is down."""

    def send(self, message: EmailMessage) -> None:
        """Refuse for now; only after the mail was written."""
        assert message.as_bytes()
        raise TemporaryMailError("down")


def test_nothing_is_ever_in_plain(app: Flask, tmp_path: Path) -> None:
    """Requests by mail and letter, lost codes, replacement passwords, sent again, with a mail server that fails: of all
    links and codes that were mailed or printed, none was at any moment in the files or in a backup.
    """
    prepare(app)
    walk = Walk(app)
    AccessCodeForm(browser(app)).fill_in("private")
    asking = AccessCodeForm(browser(app))
    asking.fill_in("private", until="end")
    asking.send("check")
    visitor = PasswordForm(browser(app))
    visitor.ask()
    visitor.again()
    for typed in ({"email": accounts.email(4), "kvk_number": ""}, {"email": accounts.email(0), "kvk_number": KVK}):
        lost = AccessCodeForm(browser(app), "lost-access-code")
        lost.send(**typed)
        sent = walk.send()
        link = next(found for text in sent for found in re.findall(r"lost-access-code/link/([\w-]+)", text))
        lost.see(f"link/{link}")
        lost.replace()
    for row in rows(walk.wired.db, "requests"):
        if (row["state"], row["kind"]) == ("received", "business"):
            walk.run("requests", "approve", row["reference"], "--by", "Anna Staff")
    link = next(found for text in walk.send() for found in re.findall(r"replacement-password/link/([\w-]+)", text))
    visitor.follow(link)
    visitor.choose("eleven quiet herons by the canal")
    sent = walk.send()
    walk.run("letters", "print", "--to", str(tmp_path / "letters"))
    walk.look()
    printed = [text(path.read_bytes()) for path in (tmp_path / "letters").rglob("*.pdf")]
    tokens = {found for each in sent for found in re.findall(r"/link/([\w-]{43})", each)}
    given = {found for each in [*sent, *printed] for found in CODE.findall(each)}
    assert (True, True, True) == (len(tokens) >= 5, len(given) >= 3, len(printed) >= 2)
    secrets = [*tokens, *given, *(normalise_code(code) for code in given)]
    assert [] == [secret for secret in secrets if any(secret.encode() in each for each in walk.seen)]


@pytest.mark.slow
def test_killed_while_sending(config: Config) -> None:
    """A worker that is killed while it hands a mail over: the next one sends the same link, and it is in no file."""
    app = new_app(config)
    location(PasswordForm(browser(app)).ask())
    walk, links = Walk(app), []
    given = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    own = {"LOKET_DEMO": "1", "LOKET_VAR": str(config.database.parent), "LOKET_SECRET_KEY": SECRET.decode()}
    for delay in (60, 0):
        with SmtpServer() as post:
            post.delay_seconds = delay
            url = f"smtp://127.0.0.1:{post.port}?starttls=never"
            worker = subprocess.Popen(
                [sys.executable, "-m", "selfservice", "worker"], cwd=ROOT, stderr=subprocess.DEVNULL,
                env={**given, **own, "PYTHONPATH": str(ROOT), "LOKET_SMTP_URL": url},
            )  # fmt: skip
            try:
                wait_until(lambda: bool(post.begun))
                walk.look()
            finally:
                worker.kill()
                worker.wait()
            body = post.begun[0].get_body(("plain",))
            assert body
            links += re.findall(r"/link/([\w-]{43})", body.get_content())
        # As if its five minutes were over.
        AppInside(app).change("UPDATE outbox SET lease_until = created_at WHERE state = 'leased'")
    walk.look()
    assert (2, 1) == (len(links), len(set(links)))
    assert [] == [link for link in links if any(link.encode() in each for each in walk.seen)]


def test_upgrade_with_another_secret(old: Database) -> None:
    """A code that waits in plain shows that the secret is another: nothing is migrated then, nothing is lost."""
    before = in_plain(old.path)
    with pytest.raises(MissingKeyError, match="Nothing was changed"):
        migrate(old, Keys(b"another secret of the tests, long"))
    assert "members:add_key_ids" in pending(old)
    assert before == in_plain(old.path)
    migrate(old, Keys(b"another secret of the tests, long", SECRET))
    assert [] == pending(old)
    old.close()


@pytest.mark.slow
def test_upgrade_that_is_stopped(old: Database) -> None:
    """Stopped before the file was written anew, that is still to be done, said so, and done by the next start."""
    letters, _ = in_plain(old.path)
    with old.separate_connection() as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM people").fetchone()
        migrate(old, KEYS)
        waiting = pending(old)
    again = migrate(old, KEYS)
    assert (
        [
            "afterwards:overwrite_plain_secrets",
            "afterwards:overwrite_rebuilt_tables",
            "afterwards:overwrite_rebuilt_letters",
            "afterwards:overwrite_freed_pages",
        ],
        waiting,
        [],
    ) == (
        waiting,
        again,
        pending(old),
    )
    assert [False] * len(letters) == [code.encode() in raw(old) for code in letters.values()]
    old.close()
