"""The form that stands at a fragment's own address, for those that anybody may send: shown, shown again, or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Response, request

from selfservice.web import rendering
from selfservice.web.error_pages import too_many_requests


@dataclass(frozen=True)
class StartForm:
    """The start view of the fragment `name`: its template is start.html in the folder of that name."""

    name: str
    title: Callable[[], str]

    def show(
        self,
        values: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
        status: int = 200,
        notice: str | None = None,
    ) -> Response:
        """The form with these values; 422 with `errors`, messages by field name. Empty it can be baked."""
        status = 422 if errors else status
        return rendering.render(
            f"{self.name.replace('-', '_')}/start.html",
            title=self.title(),
            status=status,
            error=status >= 400,
            switch_form=f"{self.name}-form",
            values=values or {},
            errors=errors or {},
            notice=notice,
        )

    def show_again(self, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response | None:
        """The form once more: with what is wrong; or in the other language, with errors only if they were shown before.

        None when it was sent to be handed in and nothing is wrong.
        """
        if rendering.switches_language():
            return self.show(typed, errors if request.form.get("checked") else {})
        return self.show(typed, errors) if errors else None

    def too_many_requests(self, typed: Mapping[str, str], seconds: int) -> Response:
        """The answer to who tried too often, with what was typed."""
        return too_many_requests(seconds, lambda notice: self.show(typed, status=429, notice=notice))
