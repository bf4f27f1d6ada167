"""Settings: read from the environment, and one clear line for what is missing or wrong."""

from __future__ import annotations

import dataclasses
import stat
from pathlib import Path

import pytest

from selfservice.config import ROOT, Config, ConfigError, load
from selfservice.mailer import mail_transport
from tests.conftest import SECRET, new_app

REAL = {"LOKET_BASE_URL": "https://help.example.org", "LOKET_SECRET_KEY": SECRET.decode()}


def test_real(tmp_path: Path) -> None:
    """A real site needs its address and a secret; the rest has its place."""
    config = load(REAL, tmp_path)
    assert ("https://help.example.org", SECRET, False, True) == (
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


@pytest.mark.parametrize(
    ("value", "is_demo"),
    [
        *(("", False), (" ", False), ("0", False), ("false", False), ("No", False), ("OFF", False)),
        *(("1", True), ("true", True), ("Yes", True), ("on\n", True)),
    ],
)
def test_is_demo(tmp_path: Path, value: str, is_demo: bool) -> None:
    """LOKET_DEMO=false is no demonstration."""
    settings = {"LOKET_DEMO": value} if is_demo else REAL | {"LOKET_DEMO": value}
    assert is_demo == load(settings, tmp_path).demo


URL = "LOKET_BASE_URL must be an address without a path, such as https://help.example.org"
PORT = "its port must be a number from 1 to 65535"
HOST = "its host must be a name or an address"
SMTP = "LOKET_SMTP_URL must be an address such as smtp://user:password@mail.example.org:587?starttls=require; "
MAIL = "LOKET_MAIL_FROM must be a mail address alone, such as noreply@example.org, not "
KEY = "must be at least 32 characters, as `openssl rand -hex 32` makes them; this one "


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"LOKET_BASE_URL": ""}, "LOKET_BASE_URL is not set: "),
        ({"LOKET_BASE_URL": "help.example.org"}, f"{URL}, not 'help.example.org'"),
        ({"LOKET_BASE_URL": "https://help.example.org/loket"}, URL),
        ({"LOKET_BASE_URL": "https://help.example.org?a=1"}, URL),
        ({"LOKET_BASE_URL": "https://help.example.org#a"}, URL),
        ({"LOKET_BASE_URL": "https://"}, URL),
        ({"LOKET_BASE_URL": "ftp://help.example.org"}, URL),
        ({"LOKET_BASE_URL": "https://me:geheim@help.example.org"}, URL),
        ({"LOKET_BASE_URL": "https://help.example.org:99999"}, f"{URL}, not 'https://help.example.org:99999'; {PORT}"),
        ({"LOKET_BASE_URL": "https://help.example.org:0"}, f"{URL}, not 'https://help.example.org:0'; {PORT}"),
        ({"LOKET_BASE_URL": "https://help.example.org:"}, f"{URL}, not 'https://help.example.org:'; {PORT}"),
        ({"LOKET_BASE_URL": "https://help.example.org:x"}, f"{URL}, not 'https://help.example.org:x'; {PORT}"),
        ({"LOKET_BASE_URL": "https://hélp.example.org"}, f"{URL}, not 'https://hélp.example.org'; {HOST}"),
        ({"LOKET_BASE_URL": "https://help example.org"}, f"{URL}, not 'https://help example.org'; {HOST}"),
        ({"LOKET_BASE_URL": "https://[1"}, f"{URL}, not 'https://[1'; {HOST}"),
        ({"LOKET_BASE_URL": "http://help.example.org"}, "LOKET_BASE_URL must begin with https://"),
        ({"LOKET_SECRET_KEY": ""}, "LOKET_SECRET_KEY is not set: "),
        ({"LOKET_SECRET_KEY": "geheim"}, f"LOKET_SECRET_KEY {KEY}is too short"),
        ({"LOKET_SECRET_KEY": "geheim\n" * 9}, f"LOKET_SECRET_KEY {KEY}has a character that cannot be seen"),
        ({"LOKET_SECRET_KEY_OLD": "geheim"}, f"LOKET_SECRET_KEY_OLD {KEY}is too short"),
        ({"LOKET_SECRET_KEY_OLD": SECRET.decode()}, "LOKET_SECRET_KEY_OLD is the same as LOKET_SECRET_KEY"),
        ({"LOKET_MONITOR_KEY": SECRET.decode()}, "LOKET_MONITOR_KEY is the same as LOKET_SECRET_KEY"),
        ({"LOKET_SECRET_KEY": '"' + "geheim" * 9 + '"'}, "LOKET_SECRET_KEY stands in quotes, "),
        ({"LOKET_MAIL_FROM": "help"}, f"{MAIL}'help'"),
        ({"LOKET_MAIL_FROM": "Help <help@kvk.nl>"}, f"{MAIL}'Help <help@kvk.nl>'"),
        ({"LOKET_MAIL_FROM": "help@kvk"}, f"{MAIL}'help@kvk'"),
        ({"LOKET_MAIL_FROM": "help@kvk.nl\nBcc: x@kvk.nl"}, f"{MAIL}'help@kvk.nl\\nBcc: x@kvk.nl'"),
        ({"LOKET_MAIL_FROM": "noreply@loket.example"}, "LOKET_MAIL_FROM is noreply@loket.example, which"),
        ({"LOKET_BASE_URL": "https://192.0.2.1"}, "LOKET_MAIL_FROM is not set: noreply@192.0.2.1 is no mail address"),
        (
            {"LOKET_EDITORS": "an@kvk.nl; jo@kvk.nl"},
            "LOKET_EDITORS must be mail addresses with commas between them, not 'an@kvk.nl; jo@kvk.nl'; 'an@",
        ),
        ({"LOKET_EDITORS": "an@kvk.nl, jo@loket.example"}, "LOKET_EDITORS has jo@loket.example, which reaches nobody"),
        ({"LOKET_PROXIES": "many"}, "LOKET_PROXIES must be a whole number from 0 to 9, not 'many'"),
        ({"LOKET_PROXIES": "-1"}, "LOKET_PROXIES must be a whole number from 0 to 9, not '-1'"),
        ({"LOKET_THREADS": "0"}, "LOKET_THREADS must be a whole number from 1 to 256, not '0'"),
        ({"LOKET_THREADS": "²"}, "LOKET_THREADS must be a whole number from 1 to 256, not '²'"),
        ({"LOKET_CLIENT_SECONDS": "9" * 99}, "LOKET_CLIENT_SECONDS must be a whole number from 1 to 600, not '999"),
        ({"PORT": "99999"}, "PORT must be a whole number from 1 to 65535, not '99999'"),
        ({"LOKET_DEMO": "perhaps"}, "LOKET_DEMO must be 1 or 0 (or true, false, yes, no, on, off), not 'perhaps'"),
        (
            {"LOKET_SITE": "/nothing/here"},
            "LOKET_SITE must be a folder that is there, not '/nothing/here'; there is",
        ),
        ({"LOKET_DATABASE": "/usr"}, "LOKET_DATABASE must be a file, not '/usr'; that is a folder"),
        ({"LOKET_OUTPUT": "/etc/passwd"}, "LOKET_OUTPUT must be a folder, not '/etc/passwd'; that is no folder"),
        ({"LOKET_CACHE": "~/cache"}, "LOKET_CACHE must be a folder, not '~/cache'; write it in full"),
        ({"LOKET_VAR": "x" * 999}, "LOKET_VAR must be a folder, not 'xxx"),
        ({"LOKET_SMTP_URL": "mail.kvk.nl"}, f"{SMTP}it must begin with smtp:// or smtps://"),
        ({"LOKET_SMTP_URL": "smtp://user:geheim@mail.kvk.nl:99999"}, f"{SMTP}{PORT}"),
        ({"LOKET_SMTP_URL": "smtp://user:ge#heim@mail.kvk.nl"}, f"{SMTP}in its user and password"),
        ({"LOKET_SMTP_URL": "smtp://user:ge/heim@mail.kvk.nl"}, f"{SMTP}in its user and password"),
        ({"LOKET_SMTP_URL": "smtp://user:geheim\u2100@mail.kvk.nl"}, f"{SMTP}{HOST}"),
        ({"LOKET_SMTP_URL": "smtp://user:geheim@mail kvk.nl"}, f"{SMTP}{HOST}"),
        ({"LOKET_SMTP_URL": "smtp://user:geheim@mail.kvk.nl?timeout=nan"}, f"{SMTP}its timeout must be a number"),
        ({"LOKET_SMTP_URL": "smtp://user:geheim@mail.kvk.nl?timeout=0"}, f"{SMTP}its timeout must be a number"),
        ({"LOKET_SMTPURL": "geheim"}, "LOKET_SMTPURL is not a setting of Loket; did you mean LOKET_SMTP_URL?"),
        (
            {"LOKET_SMTP_URL_FILES": "geheim"},
            "LOKET_SMTP_URL_FILES is not a setting of Loket; did you mean LOKET_SMTP_",
        ),
        ({"LOKET_ZZZ": ""}, "LOKET_ZZZ is not a setting of Loket; `loket settings` names them all"),
    ],
)
def test_refused(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    """What is missing or wrong is one line that says what to do, and never repeats a secret."""
    with pytest.raises(ConfigError) as caught:
        load(REAL | changes, tmp_path)
    text = str(caught.value)
    assert text.startswith(message), text
    assert (False, False, True) == ("\n" in text, "geheim" in text, len(text) < 400)


def test_all_at_once(tmp_path: Path) -> None:
    """Several mistakes are told at once, a line each."""
    wrong = {"LOKET_BASE_URL": "x", "LOKET_SECRET_KEY": "", "LOKET_TREADS": "4", "LOKET_MAIL_FROM": "y@loket.example"}
    with pytest.raises(ConfigError) as caught:
        load(wrong | {"LOKET_PROXIES": "2 or so"}, tmp_path)
    names = [line.split()[0] for line in str(caught.value).splitlines()]
    assert ["LOKET_TREADS", "LOKET_BASE_URL", "LOKET_PROXIES", "LOKET_SECRET_KEY"] == names


PLACEHOLDERS = [
    ("LOKET_SECRET_KEY", "replace-me-with-the-output-of-openssl-rand-hex-32", "is still that of an example"),
    ("LOKET_MONITOR_KEY", "please-CHANGE_ME-before-you-start-this", "is still that of an example"),
    ("LOKET_SECRET_KEY", "x" * 32, "can be guessed, with so few different characters"),
    ("LOKET_SECRET_KEY", "abcdefg" * 9, "can be guessed, with so few different characters"),
    ("LOKET_SMTP_URL", "smtp://user:password@mail.kvk.nl", "still has the user and password of an example"),
]


@pytest.mark.parametrize(("name", "value", "said"), PLACEHOLDERS)
def test_placeholder(tmp_path: Path, name: str, value: str, said: str) -> None:
    """A secret that everybody knows is refused, but in a demonstration; as the former secret it may be needed."""
    with pytest.raises(ConfigError, match=f"^{name} {said}") as caught:
        load(REAL | {name: value}, tmp_path)
    assert value not in str(caught.value)
    assert load({name: value, "LOKET_DEMO": "1"}, tmp_path).demo
    if name == "LOKET_SECRET_KEY":
        assert value.encode() == load(REAL | {"LOKET_SECRET_KEY_OLD": value}, tmp_path).old_secret


@pytest.mark.parametrize(
    ("base_url", "is_refused"),
    [
        ("https://help.example.org", True),
        ("https://192.168.1.5:8443", True),
        ("https://localhost.example.org", True),
        ("https://localhost:8443", False),
        ("https://127.0.0.2", False),
        ("https://[::1]:8443", False),
        ("https://loket.localhost", False),
        ("https://loket.test", False),
        ("http://192.168.1.5:8000", False),
    ],
)
def test_a_demonstration_is_of_this_machine(tmp_path: Path, base_url: str, is_refused: bool) -> None:
    """A demonstration, whose password is known, is not served at an address that looks like a real site's."""
    try:
        load({"LOKET_DEMO": "1", "LOKET_BASE_URL": base_url}, tmp_path)
        said = ""
    except ConfigError as error:
        said = str(error)
    assert is_refused == said.startswith(f"LOKET_DEMO is on, but LOKET_BASE_URL is {base_url}, which others can reach")


@pytest.mark.parametrize(
    "text", ["https://help.example.org/", " HTTPS://Help.Example.org ", "https://help.example.org\n"]
)
def test_same_address(tmp_path: Path, text: str) -> None:
    """An address with a slash at its end, in capitals or with spaces around it means the same."""
    config = load(REAL | {"LOKET_BASE_URL": text}, tmp_path)
    assert ("https://help.example.org", True) == (config.base_url, config.secure)


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
        "LOKET_CACHE": "/d",
        "LOKET_SECRET_KEY": SECRET.decode(),
    }
    config = load(given, tmp_path)
    assert [Path("/a/loket.db"), Path("/b"), Path("/c"), Path("/c/current/search"), Path("/d")] == [
        config.database,
        config.content,
        config.output,
        config.search_index,
        config.cache,
    ]


def test_a_preview_has_builds_of_its_own(tmp_path: Path) -> None:
    """It never publishes, wherever the builds are."""
    preview = {"LOKET_DEMO": "1", "LOKET_PREVIEW": "1", "LOKET_OUTPUT": "/c"}
    assert tmp_path / ".cache" / "preview" == load(preview, tmp_path).output
    assert Path("/d/preview") == load(preview | {"LOKET_CACHE": "/d"}, tmp_path).output


def test_mail_needs_a_way(config: Config) -> None:
    """A real site without a mail server does not start its worker: nobody would get a link."""
    real = dataclasses.replace(config, demo=False, base_url="https://help.example.org")
    with pytest.raises(ConfigError, match="LOKET_SMTP_URL is not set"):
        mail_transport(new_app(real).extensions["services"])


def test_mail_address_is_checked(config: Config) -> None:
    """A wrong mail server address is one line that does not repeat its password."""
    wrong = dataclasses.replace(config, smtp_url="http://user:hunter2@mail.example")
    with pytest.raises(ConfigError, match="LOKET_SMTP_URL must be ") as caught:
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
