"""A file with settings means for a command what it means for a service, and a mistake in it is one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from selfservice.config import ROOT, ConfigError
from selfservice.env_file import apply, read


def written(folder: Path, text: str) -> Path:
    file = folder / "loket.env"
    file.write_text(text, "utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=b", "b"),
        ("\n  # A=x\n; A=x\n\n\tA = b c \t\r\n# A=x \\\n", "b c"),
        ("A=", ""),
        ("A=\n", ""),
        ("A=''", ""),
        ("A=x\nA=b", "b"),
        ("A=b#c=d;e", "b#c=d;e"),
        ("A=b'c\"d", "b'c\"d"),
        ("A='b\\\n\"c'  \nB=x", 'b\\\n"c'),
        (r'A="b \" \\ \$ \` \n c"', r'b " \ $ ` \n c'),
        ('A="b\\\nc\nd"', "bc\nd"),
        ("A=b\\\nc", "bc"),
        (r"A=b\nc\\\"d\'", "bnc\\\"d'"),
        ("A=b\\ ", "b "),
        ("A=één", "één"),
    ],
)
def test_value(tmp_path: Path, text: str, value: str) -> None:
    """A value is read as systemd.exec(5) says under EnvironmentFile=."""
    assert value == read(written(tmp_path, text))["A"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("A=1\nsecret-of-somebody", 2),
        ("export A=secret-of-somebody", 1),
        ("A='secret-of-somebody\n", 1),
        ("A='secret-of-somebody' more", 1),
        ("A= 'secret-of-somebody", 1),
        ("A=\t'secret-of-somebody' # more", 1),
        ("A=secret-of-somebody\\", 1),
        ("\n\n1A=secret-of-somebody", 3),
    ],
)
def test_mistake(tmp_path: Path, text: str, number: int) -> None:
    """A line that cannot be read is told with its number, and never repeated: it may hold a secret."""
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}:{number}: this is no NAME=value")
    assert "somebody" not in str(caught.value)


def test_cannot_be_read(tmp_path: Path) -> None:
    """So is a file that is not there, or no text, or that an editor began with a byte order mark."""
    (tmp_path / "binary").write_bytes(b"A=\xff")
    (tmp_path / "null").write_bytes(b"A=b\0c")
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbfA=b")
    for name, said in (
        *(("none", "No such file"), (".", "Is a directory"), ("binary", "it is no text in UTF-8")),
        *(("null", "it is no text in UTF-8"), ("marked", "begins with a byte order mark")),
    ):
        with pytest.raises(ConfigError, match=said):
            read(tmp_path / name)


def test_the_environment_stays(tmp_path: Path) -> None:
    """What the environment has goes before the file, also when it is empty, or the secret is given in the other way."""
    file = written(tmp_path, "A=file\nB=file\nC=file\nD_FILE=/file\nE=file")
    env = {"A": "own", "B": "", "C_FILE": "/own", "D": "own"}
    apply(file, env)
    assert {"A": "own", "B": "", "C_FILE": "/own", "D": "own", "E": "file"} == env


@pytest.mark.slow
def test_command(tmp_path: Path) -> None:
    """`loket --env-file FILE COMMAND`, or LOKET_ENV_FILE, runs a command with the settings in the file."""
    file = written(tmp_path, f"LOKET_DATABASE='{tmp_path}/of the file.db'\nLOKET_DEMO=1\n")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    clean |= {"LOKET_VAR": str(tmp_path / "var"), "LOKET_SITE": str(ROOT)}

    def said(*words: str, **settings: str) -> str:
        command = [sys.executable, "-m", "selfservice", *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=clean | settings, capture_output=True, text=True, check=False, timeout=60
        )
        assert 0 != done.returncode
        return done.stderr

    copy = ("backup", "copy.db")
    wanted = f"loket: there is nothing in {tmp_path}/of the file.db; "
    assert [True] * 3 == [
        each.startswith(wanted)
        for each in (
            said("--env-file", "loket.env", *copy),
            said(f"--env-file={file}", *copy),
            said(*copy, LOKET_ENV_FILE=str(file)),
        )
    ]
    other = f"{tmp_path}/other.db"
    assert f"nothing in {other}; " in said("--env-file", "loket.env", *copy, LOKET_DATABASE=other)
    assert "loket: the settings in " in said("--env-file", "none.env", *copy)
