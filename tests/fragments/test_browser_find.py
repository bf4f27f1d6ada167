"""Which Chromium the browser tests use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import browser


def program(folder: Path, name: str) -> Path:
    """Something that can be run."""
    file = folder / name
    file.write_text("#!/bin/sh\n", "utf-8")
    file.chmod(0o755)
    return file


def test_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that LOKET_CHROMIUM names goes before any on PATH."""
    program(tmp_path, "chromium")
    mine = program(tmp_path, "mine")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LOKET_CHROMIUM", str(mine))
    assert mine == browser.find()


def test_chosen_but_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong LOKET_CHROMIUM is said to be wrong; no other is used, and nothing is installed, in its place."""
    program(tmp_path, "chromium")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LOKET_CHROMIUM", str(tmp_path / "nothing"))
    for way in (browser.find, browser.install):
        with pytest.raises(browser.NoBrowserError, match="which is no program"):
            way()


def test_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a choice it is one on PATH, Chromium before Chrome."""
    program(tmp_path, "google-chrome")
    expected = program(tmp_path, "chromium-browser")
    monkeypatch.delenv("LOKET_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert expected == browser.find()
