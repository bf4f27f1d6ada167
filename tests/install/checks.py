"""What must be so on a machine that was installed by docs/install.md: each a line, and a TreeError where it is not."""

from __future__ import annotations

import re
import sys
from email.message import EmailMessage
from pathlib import Path

from tests.domain_helpers import SmtpServer
from tests.install.tree import Tree, TreeError
from tests.install.visitor import Visitor
from tests.live_server import wait_until

SERVICES = ("loket", "loket-worker", "loket-backup")
RUNNING = ("loket", "loket-worker", "loket-backup.timer", "caddy")
MOST_EXPOSED = 2.5  # of `systemd-analyze security`: 0 has nothing of the machine, 10 all
AUTHORITY = Path("var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt")
PERSON = {"given_name": "Oona", "family_name": "van 't Veld", "email": "oona@example.org", "telephone": ""}
PASSWORD = "paarse olifant fietst naar zee"
KVK = "00010007"
CODE = re.compile(r"(?:[2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}")
REGISTER = f"""\
kvk_number;name;email;visiting_street;visiting_house_number;visiting_postcode;visiting_city;postal_street;\
postal_house_number;postal_postcode;postal_city;payment_method
{KVK};Bakkerij De Gouden Korst;info@example.org;Meelstraat;3;1234 AB;Tarwedam;;;;;
"""
ORDERS = """\
number,ordered_at,access_code,product,payment,state,amount
A1,2026-03-01T14:05:00+01:00,{code},extract,credit,delivered,2.60
"""


def say(line: str) -> None:
    """One line of the summary."""
    sys.stderr.write(f"  ok: {line}\n")


class Checks:
    """What is looked at, in this order; `mail` is the mail server that the site was given."""

    def __init__(self, tree: Tree, mail: SmtpServer) -> None:
        self.tree, self.mail, self.host = tree, mail, tree.variables["HOST"]

    def visitor(self) -> Visitor:
        """Somebody new."""
        return Visitor(self.tree, self.host, self.tree.root / AUTHORITY)

    def answers(self) -> bool:
        """Whether the site can be reached."""
        try:
            return bool(self.visitor().go("/en/self-service/sign-in"))
        except (OSError, TreeError):
            return False

    def units(self) -> None:
        """All run, nothing failed, systemd has nothing to say of them, and they are closed enough."""
        run = self.tree.run
        states = run(f"systemctl is-active {' '.join(RUNNING)}", check=False).split()
        failed = run("systemctl list-units --failed --plain --no-legend --no-pager").strip()
        if states != ["active"] * len(RUNNING) or failed:
            raise TreeError(f"{dict(zip(RUNNING, states, strict=False))}; failed: {failed or 'none'}")
        if said := run("systemd-analyze verify /etc/systemd/system/loket*"):
            raise TreeError(f"systemd-analyze verify: {said}")
        found = {unit: self._exposure(unit) for unit in SERVICES}
        if max(found.values()) > MOST_EXPOSED:
            raise TreeError(f"exposed more than {MOST_EXPOSED}: {found}")
        say(f"{', '.join(RUNNING)} are active; exposure {', '.join(f'{unit} {at}' for unit, at in found.items())}")

    def _exposure(self, unit: str) -> float:
        text = self.tree.run(f"systemd-analyze security --no-pager {unit}.service")
        found = re.search(r"Overall exposure level for .*: ([\d.]+)", text)
        if not found:
            raise TreeError(f"systemd-analyze security says no exposure of {unit}: {text[-500:]}")
        return float(found[1])

    def files(self) -> None:
        """The account can write in its own folders only, all of which is its own; nothing was written to the code."""
        run = self.tree.run
        writable = run("runuser -u loket -- find /opt /srv /etc /usr -writable -not -type l 2>/dev/null", check=False)
        others = run("find /var/lib/loket /var/cache/loket /var/backups/loket -not -user loket")
        later = run("find /opt/loket -newer /etc/systemd/system/loket.service")
        compiled = run("find /opt/loket/current/lib/ -path '*/selfservice/__pycache__/app.*.pyc'").split()
        if writable or others or later or len(compiled) != 1:
            raise TreeError(f"writable: {writable}; not loket's: {others}; written later: {later}; {compiled}")
        say("the program is compiled, and neither it nor content nor settings can be written by the account")

    def pages(self) -> None:
        """The front answers with each language, and with what is the app's."""
        visitor = self.visitor()
        for lang in ("en", "nl"):
            for address in (f"/{lang}/", f"/{lang}/self-service/sign-in"):
                if f'lang="{lang}"' not in visitor.go(address):
                    raise TreeError(f"{address} is not in {lang}")
        say("pages and forms in both languages, over https")

    def request(self) -> None:
        """Somebody asks for a code, confirms by the mailed link, gets the code by mail, logs in and gets files."""
        person = self.visitor()
        person.go("/en/self-service/access-code")
        person.send(need="private", **PERSON)
        person.send(payment_method="credit")
        person.send()
        person.go(self._in_mail(r"https://\S+/access-code/link/[^\s)>]+"))
        person.send(new_password=PASSWORD)
        code = self._in_mail(CODE.pattern)
        self.log_in(code)
        say("a form was sent, its mails came, and their link, code and password open the personal page")
        self.tree.run(f"loket orders import - <<'END'\n{ORDERS.format(code=code)}END")
        person = self.log_in(code)
        for name, begin in (("orders.csv", b"\xef\xbb\xbf"), ("orders.xlsx", b"PK"), ("orders.json", b"[")):
            file = person.get(f"/en/self-service/{name}?period=all")
            if not file.startswith(begin):
                raise TreeError(f"{name} is {file[:300]!r}")
        say("orders come in from a file, and go out as CSV, Excel and JSON")

    def log_in(self, code: str) -> Visitor:
        """Somebody who has logged in with this code."""
        person = self.visitor()
        person.go("/en/self-service/sign-in")
        if PERSON["given_name"] not in person.send(access_code=code, password=PASSWORD):
            raise TreeError(f"logging in led to {person.address}")
        return person

    def letters(self) -> None:
        """A code for an organisation of the register goes by letter, which is printed as PDF."""
        self.tree.run(f"loket register import - <<'END'\n{REGISTER}END")
        person = self.visitor()
        person.go("/nl/self-service/access-code")
        person.send(need="business", kvk_number=KVK, **PERSON)
        person.send()
        person.send(iban="NL91 ABNA 0417 1643 00", holder="O. van 't Veld", mandate="yes")
        person.send()
        printed = self.tree.run(
            """reference=$(loket requests list 2>/dev/null | cut -d ' ' -f 1 | tail -n 1)
            loket requests approve "$reference" --by "Anna Staff"
            loket letters print --to /var/lib/loket/letters
            head -c 5 /var/lib/loket/letters/*/*.pdf"""
        )
        if "%PDF-" not in printed:
            raise TreeError(f"no letter: {printed}")
        say("the register comes in from a file, and a letter is printed")

    def publication(self) -> None:
        """An edited page shows at once."""
        self.tree.run("sed -i 's/^title: .*/title: Edited/' /srv/loket/content/en/access-code.md\nloket publish")
        visitor = self.visitor()
        wait_until(lambda: "<h1>Edited</h1>" in visitor.go("/en/access-code/"))
        say("an edited page was published, and shows")

    def backups(self) -> None:
        """The timer's unit makes a copy, and removes one that is too old."""
        self.tree.run(
            """cd /var/backups/loket
            mv "$(ls | tail -n 1)" "loket-$(date -u -d yesterday +%FT%H%M).db"
            runuser -u loket -- touch loket-2020-02-01T0210.db of-an-editor.txt
            systemctl start loket-backup"""
        )
        there = self.tree.run("ls /var/backups/loket").split()
        if len(there) != 3 or "of-an-editor.txt" not in there or "loket-2020-02-01T0210.db" in there:
            raise TreeError(f"the backups are {there}")
        said = self.tree.run("journalctl --unit loket-backup --output cat | grep 'Backed up' | tail -n 1").strip()
        say(f"loket-backup: {said}")

    def _in_mail(self, pattern: str) -> str:
        """What looks so in a mail that comes; a mail is looked at until something was found in it."""

        def look() -> str:
            for mail in list(self.mail.messages):
                if found := re.search(pattern, _text(mail)):
                    self.mail.messages.remove(mail)
                    return found[0]
            return ""

        return wait_until(look, 60)


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return "" if body is None else str(body.get_content())
