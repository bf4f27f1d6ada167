"""Upgrades 0.1.0 by docs/upgrade.md on a booted Debian, back and forth, while visitors and a shop use the site."""

from __future__ import annotations

import re
import signal
import sys
import time
from contextlib import ExitStack
from operator import itemgetter

from selfservice.config import ROOT
from selfservice.demo import accounts
from tests.domain_helpers import SmtpServer
from tests.install.page import follow
from tests.install.tree import Tree, TreeError, empty_debian
from tests.upgrade_load import Browser, Load, Unexpected

PAGE = ROOT / "docs" / "upgrade.md"
FORMER, COMMIT = "0.1.0", "d4752d0fa04baecfe131916af061894364e78f53"
CALM_SECONDS = 5  # of load before, between and after
BEGUN = 10  # forms that are half filled in
SHOWN_SECONDS = 10
PEOPLE = (0, 1, 2, *range(4, 20))  # who log in, in turn: each may so often
# The page's sections.
PROGRAM, FROM_FORMER, CHECK = "The new program, beside the old", "From 0.1.0", "Does it take this site?"
MOVE, WELL, BACK = "Move over", "Is it well?", "Going back"
# All of it but its number.
ORDER: dict[str, object] = {
    "ordered_at": "2026-03-01T14:05:00+01:00", "access_code": accounts.code(0), "product": "extract",
    "payment": "direct_debit", "cents": 285, "state": "delivered",
}  # fmt: skip

# As its own README and units have it.
INSTALL_FORMER = """
apt-get update
apt-get install --yes --no-install-recommends caddy git openssl python3-venv
git clone --quiet --branch v0.1.0 $SOURCE /opt/loket
python3 -m venv /opt/loket/.venv
/opt/loket/.venv/bin/pip install --quiet --require-hashes -r /opt/loket/requirements.txt
/opt/loket/.venv/bin/pip install --quiet --no-deps --no-build-isolation /opt/loket
"""
START_FORMER = """
useradd --system --user-group --home-dir /var/lib/loket --shell /usr/sbin/nologin loket
cat > /etc/loket.env <<END
LOKET_BASE_URL=https://$HOST
LOKET_SECRET_KEY=$(openssl rand -hex 32)
LOKET_MONITOR_KEY=$(openssl rand -hex 32)
LOKET_SMTP_URL=$SMTP_URL
LOKET_MAIL_FROM=$MAIL_FROM
LOKET_DATABASE=/var/lib/loket/loket.db
LOKET_OUTPUT=/var/cache/loket/output
LOKET_PROXIES=1
END
sed -i "s/security@loket\\.example/$SECURITY/" /opt/loket/content/facts.toml
chown -R loket:loket /opt/loket
install -d -o loket -g loket -m 700 /var/lib/loket
cp /opt/loket/deploy/loket.service /opt/loket/deploy/loket-worker.service /etc/systemd/system/
cd /opt/loket
set -a
. /etc/loket.env
umask 077
runuser -u loket -- .venv/bin/loket catalogs
LOKET_DEMO=1 LOKET_BASE_URL=http://127.0.0.1:8001 runuser -u loket -- .venv/bin/loket migrate
LOKET_DEMO=1 LOKET_BASE_URL=http://127.0.0.1:8001 runuser -u loket -- .venv/bin/loket demo --orders 5000
systemctl daemon-reload
systemctl enable --now loket loket-worker
.venv/bin/loket front > /etc/caddy/Caddyfile
chmod 644 /etc/caddy/Caddyfile
systemctl restart caddy
"""


def install_former(tree: Tree, own: dict[str, str]) -> str:
    """0.1.0 as its README has it, running, with invented people; a key with which a shop delivers."""
    tree.variables = own
    tree.run(INSTALL_FORMER, online=True)
    tree.run(START_FORMER)
    tree.run("timeout 60 bash -c 'until (exec 3<>/dev/tcp/127.0.0.1/8000) 2> /dev/null; do sleep 1; done'")
    script = "cd /opt/loket; set -a; . /etc/loket.env; runuser -u loket -- .venv/bin/loket keys create --name shop"
    found = re.search(r"\bloket_\S+", tree.run(script))
    assert found is not None
    return found[0]


def upgrade(tree: Tree, mail: SmtpServer, own: dict[str, str]) -> None:
    """Do it, in a booted tree with both versions in SOURCE. `own` are the values of install.md's variables.

    Raises TreeError for a request that failed, or something that was lost or came twice.
    """
    with ExitStack() as stack:
        key = install_former(tree, own)
        people = [(accounts.code(number), accounts.DEMO_PASSWORD) for number in PEOPLE]
        load = Load(f"https://{own['HOST']}", people, key, ORDER)
        page = {name: own[name] for name in ("SOURCE", "VERSION")}
        with tree.network():
            load.start()
        stack.callback(load.stop)
        begun = _finish(tree, load, [])
        follow(tree, PAGE, page, [PROGRAM, FROM_FORMER, CHECK, MOVE, WELL])
        begun = _finish(tree, load, begun)
        _say(load, f"{FORMER} to {own['VERSION']}")
        tree.run("echo 'Published under load.' >> /srv/loket/content/en/orders.md; loket publish")
        with tree.network():
            _until_shown(load, "Published under load.")
        _say(load, "a publication")
        follow(tree, PAGE, page, [BACK])
        begun = _finish(tree, load, begun)
        _say(load, f"back to {FORMER}")
        follow(tree, PAGE, page, [MOVE, WELL])
        _finish(tree, load, begun)
        load.stop()
        _say(load, f"to {own['VERSION']} again")
        if found := load.differences(tree.root / "var" / "lib" / "loket" / "loket.db", mail.messages):
            raise TreeError("\n".join(found))
        counts = f"{len(load.references)} requests, {len(load.orders)} orders, {len(mail.messages)} mails"
        sys.stderr.write(f"  each once: {counts}\n")


def _finish(tree: Tree, load: Load, begun: list[Browser]) -> list[Browser]:
    """Finish forms that another version showed, and go on as who logged in there, the last; begin some of both."""
    with tree.network():
        for browser in begun[:-1]:
            load.attempt(load.finish_request, browser)
        for browser in begun[-1:]:
            load.attempt(load.download, browser)
        begun = [*(load.begin_request() for _ in range(BEGUN)), load.begin_session()]
    time.sleep(CALM_SECONDS)
    return begun


def _say(load: Load, what: str) -> None:
    slowest = max(load.longest.items(), key=itemgetter(1))
    sys.stderr.write(f"  {what}: {load.requests:,} requests, {len(load.failures)} failed, the slowest {slowest}\n")
    load.longest.clear()
    if load.failures:
        raise TreeError(f"{len(load.failures)} requests failed:\n" + "\n".join(load.failures[:20]))


def _until_shown(load: Load, text: str) -> None:
    end = time.monotonic() + SHOWN_SECONDS
    while text not in load.browser().get("/en/orders/"):
        if time.monotonic() > end:
            raise TreeError(f"what was published does not show after {SHOWN_SECONDS} seconds")
        time.sleep(0.2)


def main() -> None:
    """Do it on a new Debian, with a line for each step."""
    from tests.install.__main__ import booted, put_source

    signal.signal(signal.SIGTERM, lambda *_: sys.exit("install-test: stopped"))
    try:
        with empty_debian(keep="--keep" in sys.argv) as tree:
            put_source(tree)
            put_source(tree, COMMIT, version=FORMER)
            with booted(tree) as (mail, own):
                upgrade(tree, mail, own)
    except (TreeError, Unexpected) as error:
        sys.exit(f"install-test: {error}")
    except KeyboardInterrupt:
        sys.exit("install-test: stopped")


if __name__ == "__main__":
    main()
