"""Compiled templates are kept for the next process, and never taken for others."""

from __future__ import annotations

from pathlib import Path
from types import CodeType

import jinja2
import pytest

from selfservice.web import template_cache
from selfservice.web.template_cache import CompiledTemplates, TemplateCache


def render(cache: Path, text: str) -> tuple[str, int]:
    """What a template renders in a process of its own, and how many templates that had to compile."""
    compiled = 0

    class Environment(jinja2.Environment):
        def _compile(self, source: str, filename: str) -> CodeType:
            nonlocal compiled
            compiled += 1
            return super()._compile(source, filename)

    env = Environment(autoescape=True, loader=jinja2.DictLoader({"a.html": text}), bytecode_cache=TemplateCache(cache))
    return env.get_template("a.html").render(), compiled


def test_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same template is compiled once, another text of it again, and all when the program is another."""
    seen = [render(tmp_path / "cache", text) for text in ("one", "one", "two")]
    monkeypatch.setattr(template_cache, "_program", lambda: "another")
    seen.append(render(tmp_path / "cache", "two"))
    assert [("one", 1), ("one", 0), ("two", 1), ("two", 1)] == seen
    assert ["templates-another"] == [path.name for path in (tmp_path / "cache").iterdir()]


@pytest.mark.parametrize("kind", ["disk", "memory"])
def test_what_other_options_compile_is_another_template(tmp_path: Path, kind: str) -> None:
    """What is written into a mail is not escaped and keeps its line ends; what is written into a page is, whichever was
    compiled first.
    """
    cache = TemplateCache(tmp_path) if kind == "disk" else CompiledTemplates()
    loader = jinja2.DictLoader({"a.txt": "{% if x %}\n{{ x }}\n{% endif %}\n!"})
    page = jinja2.Environment(autoescape=True, trim_blocks=True, loader=loader, bytecode_cache=cache)
    for _ in range(2):
        mail = page.overlay(autoescape=False, trim_blocks=False)
        assert ("&lt;\n!", "\n<\n\n!") == (
            page.get_template("a.txt").render(x="<"),
            mail.get_template("a.txt").render(x="<"),
        )


def test_damaged(tmp_path: Path) -> None:
    """What cannot be read or written is compiled."""
    render(tmp_path, "one")
    (file,) = tmp_path.glob("*/*")
    file.write_bytes(file.read_bytes()[:30])
    assert ("one", 1) == render(tmp_path, "one")
    assert ("one", 1) == render(Path("/dev/null"), "one")
