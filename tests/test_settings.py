"""The table of settings: secrets from files, its page and its example, and nothing that it does not know."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from selfservice.commands.settings import example_file, page
from selfservice.config import ROOT, ConfigError, load
from selfservice.env_file import read
from selfservice.settings import FROM_FILE, SETTINGS
from tests.conftest import SECRET

REAL = {"LOKET_BASE_URL": "https://help.example.org"}
KEY = SECRET.decode()


def said(env: dict[str, str], folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(env, folder)
    return str(caught.value)


def test_secret_from_a_file(tmp_path: Path) -> None:
    """A secret is the content of the file that its setting with _FILE names, without white space at its end."""
    files = {name: tmp_path / name for name, setting in SETTINGS.items() if setting.secret}
    for name, file in files.items():
        file.write_text("smtp://127.0.0.1 \n" if name == "LOKET_SMTP_URL" else f"{KEY}{name}\n\n", "utf-8")
    config = load(REAL | {name + FROM_FILE: str(file) for name, file in files.items()}, tmp_path)
    found = [config.secret, config.old_secret, config.monitor_key, config.smtp_url]
    wanted = [f"{KEY}LOKET_{name}".encode() for name in ("SECRET_KEY", "SECRET_KEY_OLD", "MONITOR_KEY")]
    assert [*wanted, "smtp://127.0.0.1"] == found


def test_secret_from_a_credential(tmp_path: Path) -> None:
    """A secret is the systemd credential of its name, when there is one; other files there are nothing to us."""
    (tmp_path / "loket_secret_key").write_text(f"{KEY}\n", "utf-8")
    (tmp_path / "other").write_text("other", "utf-8")
    env = REAL | {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert (SECRET, None) == (load(env, tmp_path).secret, load(env, tmp_path).monitor_key)
    assert "LOKET_SECRET_KEY is not set: " in said(env | {"CREDENTIALS_DIRECTORY": "/nothing/here"}, tmp_path)


def test_secret_twice(tmp_path: Path) -> None:
    """A secret that is set twice is refused, also when it is the same one: which of them is changed next?"""
    file = tmp_path / "loket_secret_key"
    file.write_text(KEY, "utf-8")
    of_file = {f"LOKET_SECRET_KEY{FROM_FILE}": str(file)}
    credential = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    value = {"LOKET_SECRET_KEY": KEY}
    for env in (value | of_file, value | credential):
        assert f"LOKET_SECRET_KEY is set 2 times, in environment and {file}: leave one" == said(REAL | env, tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file or directory"),
        (b" \n", "is empty"),
        (b"\xff" * 40, "is no text"),
        (b"short\n", ""),
        (b"a" * 5000, ""),
        (KEY.encode() + b"\nand another line", ""),
    ],
)
def test_wrong_file(tmp_path: Path, content: bytes | None, reason: str) -> None:
    """A file that holds no secret is one line, which names the setting and repeats nothing of the file."""
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    line = said(REAL | {f"LOKET_SECRET_KEY{FROM_FILE}": str(file)}, tmp_path)
    wanted = f"LOKET_SECRET_KEY{FROM_FILE} names {file}, which {reason}" if reason else "LOKET_SECRET_KEY "
    assert (True, 1) == (line.startswith(wanted), len(line.splitlines())), line
    assert not [word for word in ("short\n", "aaaa", KEY) if word in line]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ["1", "https://h.nl", "https://[", "smtp://a:b@c:99999", "a@b.nl", "/", ".", "~", "'a'", "\0", "\u2100", "0" * 40]
)
NAMES = [*SETTINGS, *(name + FROM_FILE for name, setting in SETTINGS.items() if setting.secret), "LOKET_?"]
# A demonstration without a secret writes one.
NAMES = [name for name in NAMES if not name.startswith("LOKET_SECRET_KEY")]


@given(st.dictionaries(st.sampled_from(NAMES), TEXTS))
@example({"LOKET_BASE_URL": "https://h.nl\u2100"})
@example({"LOKET_SMTP_URL": "smtp://a:b@c\u2100"})
def test_any_text(env: dict[str, str]) -> None:
    """Whatever settings are set to, they are read or refused, each in one line that names it."""
    try:
        load(env | {"LOKET_SECRET_KEY": KEY}, Path(tempfile.gettempdir()))
    except ConfigError as error:
        lines = str(error).split("\n")
        assert [line for line in lines if re.match(r"(LOKET_\w*|PORT|PROMETHEUS_MULTIPROC_DIR) ", line)] == lines
        assert len(lines) == len(set(lines))


def test_nothing_else_is_read() -> None:
    """Each name of ours in the program, its tests and what is shipped with it is in the table."""
    folders = ("selfservice", "tests", "bench", "deploy", "docs")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [ROOT / name for name in ("Makefile", "README.md", "CONTRIBUTING.md", "pyproject.toml")]
    found = {
        name
        for path in files
        if path.suffix in {".py", ".md", ".service", ".timer", ".example", ".toml", ".sh", ""}
        and path.name not in {"test_config.py", "test_settings.py", "test_cli.py"}
        for name in re.findall(r"\bLOKET_[A-Z_]*[A-Z]\b", path.read_text("utf-8", "replace"))
    }
    known = {*SETTINGS, *(name + FROM_FILE for name, setting in SETTINGS.items() if setting.secret)}
    assert [] == sorted(found - known - {"LOKET_SMTPURL", "LOKET_PORT"})
    assert "LOKET_THREADS" in found


def test_pages() -> None:
    """docs/settings.md and deploy/loket.env.example are what `loket settings` makes of the table."""
    assert "\n".join(page()) + "\n" == (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert "\n".join(example_file()) + "\n" == (ROOT / "deploy" / "loket.env.example").read_text("utf-8")


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "LOKET_SITE"])
def test_example(name: str) -> None:
    """Each example is of its form, and so is a default that is a number."""
    setting = SETTINGS[name]
    texts = [setting.example, *re.findall("^[0-9]+$", setting.default)]
    assert None not in [setting.kind.read(text) for text in texts]


def test_the_example_file(tmp_path: Path) -> None:
    """Of the example's lines a real site must change the secret and the mail server's user; nothing else is wrong."""
    example = read(ROOT / "deploy" / "loket.env.example") | {"LOKET_SITE": str(tmp_path)}
    assert ["LOKET_SECRET_KEY", "LOKET_SMTP_URL"] == [line.split()[0] for line in said(example, tmp_path).splitlines()]
    changed = {"LOKET_SECRET_KEY": KEY, "LOKET_SMTP_URL": "smtps://loket:of-loket@mail.example.org"}
    config = load(example | changed, tmp_path)
    assert ("/var/lib/loket/loket.db", "/var/cache/loket/output", 1) == (
        str(config.database),
        str(config.output),
        config.proxies,
    )


@pytest.mark.slow
def test_command(tmp_path: Path) -> None:
    """`loket settings` says what each is set to and where, shows no secret, and ends with what is wrong."""
    (tmp_path / "key").write_text(KEY, "utf-8")
    (tmp_path / "loket.env").write_text(f"LOKET_PROXIES=1\nLOKET_SECRET_KEY_FILE={tmp_path}/key\n", "utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    own = {"LOKET_BASE_URL": "https://help.example.org", "LOKET_SMTP_URL": "smtp://me:geheim@mail.example.org"}

    def settings(**more: str) -> tuple[int, dict[str, str], str]:
        command = [sys.executable, "-m", "selfservice", "--env-file", str(tmp_path / "loket.env"), "settings"]
        done = subprocess.run(
            command, cwd=tmp_path, env=clean | own | more, capture_output=True, text=True, check=False, timeout=60
        )
        lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
        return done.returncode, dict(lines), done.stdout + done.stderr

    status, found, whole = settings()
    wanted = {
        "LOKET_BASE_URL": "https://help.example.org  (environment)",
        "LOKET_SMTP_URL": "set  (environment)",
        "LOKET_MAIL_FROM": "noreply@help.example.org  (default)",
        "LOKET_SECRET_KEY": f"set  ({tmp_path}/key)",
        "LOKET_MONITOR_KEY": "not set",
        "LOKET_DATABASE": f"{tmp_path}/var/loket.db  (default)",
        "LOKET_PROXIES": f"1  ({tmp_path}/loket.env)",
        "LOKET_THREADS": "8  (default)",
    }
    assert (0, wanted) == (status, {name: found[name] for name in wanted}), whole
    assert ([], []) == (
        [word for word in (KEY, "geheim") if word in whole],
        [path for path in tmp_path.iterdir() if path.name not in ("key", "loket.env")],
    )
    status, found, whole = settings(LOKET_THREADS="0", LOKET_SECRET_KEY="geheim")
    assert (1, "0  (environment)", False) == (status, found["LOKET_THREADS"], "geheim" in whole)
    wrong = [line.split()[1] for line in whole.splitlines() if line.startswith("loket: ")]
    assert ["LOKET_SECRET_KEY", "LOKET_THREADS"] == wrong
