"""Writing the pages of the site, each by its template."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flask import Flask
from markupsafe import Markup

from selfservice.i18n.languages import using_language
from selfservice.publish.embed import FormStarts
from selfservice.publish.site_pages import SitePage, fill
from selfservice.site_config import SITE
from selfservice.web.layout import LayoutContext


class PageWriter:
    """Renders pages with the app's templates."""

    def __init__(self, app: Flask, starts: FormStarts) -> None:
        self._env = app.jinja_env
        self._layout: LayoutContext = app.extensions["layout"]
        self._starts = starts

    def render(self, page: SitePage) -> str:
        """The HTML of a page whose text was filled in."""
        info = page.info
        with using_language(info.lang):
            useful = self._starts(info.lang, "useful") if "useful" in SITE.forms else ""
            return self._env.get_template(f"{page.template}.html").render(
                self._layout.variables(info.lang, info.path, page.alternates),
                page=page,
                title=page.title,
                description=info.description,
                has_form=bool(page.forms),
                useful=Markup(useful),  # noqa: S704 (Jinja escaped it)
                # The page is the same for all, whoever asks the app.
                signed_in=_nobody,
            )

    def write(self, pages: Iterable[SitePage], folder: Path) -> None:
        """Write these pages into the site's folder."""
        for page in pages:
            fill([page])
            path = folder / page.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.render(page).encode())


def _nobody() -> None:
    return None
