"""What stands around pages is rendered once for many, and each page is nevertheless what its template makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from selfservice.config import Config
from selfservice.publish.build import build
from selfservice.publish.writing.page_frames import PageFrames
from selfservice.web import pages
from tests.conftest import new_app_unshared


@pytest.mark.parametrize("broken", [False, True], ids=["", "a macro that shows the address"])
def test_each_page_is_whole(copied: Config, monkeypatch: pytest.MonkeyPatch, broken: bool) -> None:
    """Of pages that stand in no menu, where they would be marked, nearly all are put together."""
    monkeypatch.setattr(pages, "MAX_IN_MENU", 2)
    app, whole, framed = new_app_unshared(copied), [], []
    if broken:
        macros = app.jinja_env.get_template("macros/chrome.html")
        text = (copied.root / "site/templates/macros/chrome.html").read_text("utf-8")
        text = text.replace("{{ about|urlencode }}", "{{ canonical }}")
        monkeypatch.setattr(
            app.jinja_env, "_load_template", _instead(app.jinja_env, macros.name, app.jinja_env.from_string(text))
        )
    render = PageFrames.render

    def both(self: PageFrames, variables: Mapping[str, Any]) -> str:
        text = render(self, variables)
        assert text == self._template.render(variables)
        whole.append(text)
        return text

    filled = PageFrames._filled

    def counted(self: PageFrames, *values: Any) -> str:
        text = filled(self, *values)
        framed.append(bool(text))
        return text

    monkeypatch.setattr(PageFrames, "render", both)
    monkeypatch.setattr(PageFrames, "_filled", counted)
    build(app, copied, compress=False)
    assert len(whole) > 20
    assert (sum(framed) > len(whole) / 2) != broken


def _instead(env: Any, name: str | None, template: Any) -> Any:
    load = env._load_template
    return lambda asked, names: template if asked == name else load(asked, names)
