"""Settings: read from the environment, and one clear line for what is missing or wrong."""

from __future__ import annotations

import dataclasses
import stat
from pathlib import Path

import pytest

from selfservice.config import ROOT, Config, ConfigError, load
from selfservice.mailer import mail_transport
from tests.conftest import new_app

REAL = {"LOKET_BASE_URL": "https://help.example.org", "LOKET_SECRET_KEY": "x" * 32}


def test_real(tmp_path: Path) -> None:
    """A real site needs its address and a secret; the rest has its place."""
    config = load(REAL, tmp_path)
    assert ("https://help.example.org", b"x" * 32, False, True) == (
        config.base_url,
        config.secret,
        config.demo,
        config.secure,
    )
    assert (tmp_path / "var" / "loket.db", "noreply@help.example.org", 0) == (
        config.database,
        config.sender,
        config.proxies,
    )


def test_demo(tmp_path: Path) -> None:
    """A demonstration needs nothing."""
    config = load({"LOKET_DEMO": "1"}, tmp_path)
    assert ("http://127.0.0.1:8000", True, None, False) == (
        config.base_url,
        config.demo,
        config.smtp_url,
        config.secure,
    )


def test_port(tmp_path: Path) -> None:
    """A demonstration on another port knows its address."""
    assert "http://127.0.0.1:8123" == load({"LOKET_DEMO": "1", "PORT": "8123"}, tmp_path).base_url


@pytest.mark.parametrize("value", ["", "0"])
def test_not_demo(tmp_path: Path, value: str) -> None:
    """LOKET_DEMO=0 is no demonstration."""
    assert not load(REAL | {"LOKET_DEMO": value}, tmp_path).demo


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"LOKET_BASE_URL": ""}, "LOKET_BASE_URL is not set: "),
        ({"LOKET_BASE_URL": "help.example.org"}, "LOKET_BASE_URL must be an address without a path"),
        ({"LOKET_BASE_URL": "https://help.example.org/loket"}, "LOKET_BASE_URL must be an address without a path"),
        ({"LOKET_BASE_URL": "https://"}, "LOKET_BASE_URL must be an address without a path"),
        ({"LOKET_BASE_URL": "ftp://help.example.org"}, "LOKET_BASE_URL must be an address without a path"),
        ({"LOKET_BASE_URL": "http://help.example.org"}, "LOKET_BASE_URL must begin with https://"),
        ({"LOKET_SECRET_KEY": ""}, "LOKET_SECRET_KEY is not set: "),
        ({"LOKET_SECRET_KEY": "short"}, "LOKET_SECRET_KEY is too short: "),
        ({"LOKET_SECRET_KEY_OLD": "short"}, "LOKET_SECRET_KEY_OLD is too short: "),
        ({"LOKET_SECRET_KEY_OLD": "x" * 32}, "LOKET_SECRET_KEY_OLD is the same as LOKET_SECRET_KEY"),
        (
            {"LOKET_MAIL_FROM": "noreply@loket.example"},
            "LOKET_MAIL_FROM is noreply@loket.example, which",
        ),
        (
            {"LOKET_EDITORS": "an@help.example.org; jo@help.example.org"},
            "LOKET_EDITORS must be mail addresses with commas between them; 'an@help.example.org; jo@help.example.org'",
        ),
        ({"LOKET_EDITORS": "an@kvk.nl, jo@loket.example"}, "LOKET_EDITORS has jo@loket.example, which reaches nobody"),
        ({"LOKET_PROXIES": "many"}, "LOKET_PROXIES must be a whole number, not 'many'"),
    ],
)
def test_refused(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    """What is missing or wrong is one line that says what to do, and never repeats a secret."""
    with pytest.raises(ConfigError) as caught:
        load(REAL | changes, tmp_path)
    text = str(caught.value)
    assert (True, False, False) == (text.startswith(message), "\n" in text, "short'" in text)


def test_slash_at_the_end(tmp_path: Path) -> None:
    """An address with a slash at its end means the same."""
    assert "https://help.example.org" == load(REAL | {"LOKET_BASE_URL": "https://help.example.org/"}, tmp_path).base_url


def test_a_demonstration_has_content(tmp_path: Path) -> None:
    """Where there is no content a demonstration takes its own; a real site never does."""
    found = [load(settings, tmp_path).content for settings in ({"LOKET_DEMO": "1"}, REAL)]
    (tmp_path / "content").mkdir()
    found.append(load({"LOKET_DEMO": "1"}, tmp_path).content)
    assert [ROOT / "content", tmp_path / "content", tmp_path / "content"] == found


def test_demo_secret_stays(tmp_path: Path) -> None:
    """A demonstration makes itself a secret, once, that only its owner can read."""
    secrets = [load({"LOKET_DEMO": "1"}, tmp_path).secret for _ in range(2)]
    mode = stat.S_IMODE((tmp_path / "var" / "demo-secret").stat().st_mode)
    assert (secrets[0], 64, 0o600) == (secrets[1], len(secrets[0]), mode)
    assert ["demo-secret"] == [file.name for file in (tmp_path / "var").iterdir()]


def test_places(tmp_path: Path) -> None:
    """Each place can be chosen."""
    given = {
        "LOKET_DEMO": "1",
        "LOKET_VAR": "/a",
        "LOKET_CONTENT": "/b",
        "LOKET_OUTPUT": "/c",
        "LOKET_SECRET_KEY": "x" * 32,
    }
    config = load(given, tmp_path)
    assert [Path("/a/loket.db"), Path("/b"), Path("/c"), Path("/c/current/search")] == [
        config.database,
        config.content,
        config.output,
        config.search_index,
    ]


def test_a_preview_has_builds_of_its_own(tmp_path: Path) -> None:
    """It never publishes, wherever the builds are."""
    config = load({"LOKET_DEMO": "1", "LOKET_PREVIEW": "1", "LOKET_OUTPUT": "/c"}, tmp_path)
    assert tmp_path / ".cache" / "preview" == config.output


def test_mail_needs_a_way(config: Config) -> None:
    """A real site without a mail server does not start its worker: nobody would get a link."""
    real = dataclasses.replace(config, demo=False, base_url="https://help.example.org")
    with pytest.raises(ConfigError, match="LOKET_SMTP_URL is not set"):
        mail_transport(new_app(real).extensions["services"])


def test_mail_address_is_checked(config: Config) -> None:
    """A wrong mail server address is one line that does not repeat its password."""
    wrong = dataclasses.replace(config, smtp_url="http://user:hunter2@mail.example")
    with pytest.raises(ConfigError, match="LOKET_SMTP_URL: ") as caught:
        mail_transport(new_app(wrong).extensions["services"])
    assert "hunter2" not in str(caught.value)


def test_proxies(config: Config) -> None:
    """Only as many proxies as the operator named are believed about where a visitor comes from."""
    forged = {"X-Forwarded-For": "192.0.2.1, 127.0.0.1"}
    statuses = []
    for proxies in (0, 1, 2):
        client = new_app(dataclasses.replace(config, proxies=proxies)).test_client()
        # The mailbox is there for this machine only, so it tells whom the app sees.
        statuses.append(client.get("/en/self-service/mailbox", headers=forged).status_code)
    assert [200, 200, 404] == statuses


def test_editors(tmp_path: Path) -> None:
    """Editors are addresses with commas between them, each once; without any there are none."""
    given = {"LOKET_EDITORS": " an@kvk.nl,jo@kvk.nl , an@kvk.nl,"}
    assert ("an@kvk.nl", "jo@kvk.nl") == load(REAL | given, tmp_path).editors
    assert () == load(REAL, tmp_path).editors
