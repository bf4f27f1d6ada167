"""`loket watch`: what an editor reads on the terminal."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from selfservice.commands.watch import report_build
from selfservice.config import Config


def test_terminal(config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Problems are printed, and once that they are mended; a build after another without any says nothing."""
    here = dataclasses.replace(config, build=tmp_path)
    here.site.mkdir()
    told = []
    for problems, former in (("a.md:1: no", ""), ("", "a.md:1: no"), ("", "")):
        report_build(here, 1, problems, former)
        told.append(capsys.readouterr().err)
    assert ["a.md:1: no\n", "Mended: the site shows what you saved\n", ""] == told
    assert "\n\n" == (here.site / "preview.txt").read_text("utf-8")[-2:]
