"""Tabs of a browser: each shows a page, and sends the forms on it as they stand, whatever another tab did since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from werkzeug.test import TestResponse

from tests import house
from tests.clients import HouseClient


@dataclass
class Tab:
    """One tab. Tabs of one client share its cookie."""

    client: HouseClient
    answer: TestResponse = field(init=False)

    def open(self, address: str) -> Tab:
        """Go to an address, and on to where it leads."""
        self.answer = self.client.follow(self.client.get(address))
        return self

    def fields(self, action: str, **which: str) -> dict[str, str]:
        """What a form of the page would send as it stands: the form with this action and these hidden values.

        Fails when the page has none.
        """
        tree = house.parse(self.answer.text)
        forms = [one for one in house.elements(tree, "form") if one.get("action") == action]
        found = [values for values in map(_values, forms) if which.items() <= values.items()]
        assert found, f"no form for {action} on {self.answer.request.path}"
        return found[0]

    def send(self, action: str, typed: Mapping[str, str], **which: str) -> TestResponse:
        """Send the form with this action (and these hidden values) as the tab shows it, with this typed into it; shows
        where that leads.

        Returns the first answer.
        """
        data = {**self.fields(action, **which), **typed}
        first = self.client.post(action, data=data)
        self.answer = self.client.follow(first)
        return first


def _values(form: Element) -> dict[str, str]:
    values = {}
    for one in house.elements(form, "input"):
        picks = one.get("type") in ("radio", "checkbox")
        if one.get("name") and (not picks or "checked" in one.attrib):
            values[str(one.get("name"))] = one.get("value", "")
    return values
