"""Creating an account: from the form over the mailed link to the password, and logging in with it."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.access_code_helpers import AccessCodeForm, token
from tests.clients import HouseClient
from tests.sign_in_helpers import sign_in_to_account

NEW = {"given_name": "Oona", "family_name": "Kites", "email": "oona@kites.example", "language": "en"}
LINK = "account.link"
PASSWORD = "seven marbles under a purple stair"


@pytest.fixture(params=[("en", False), ("nl", True)], ids=["en-page", "nl-htmx"])
def visitor(request: pytest.FixtureRequest, client: HouseClient) -> AccessCodeForm:
    """Somebody in each language, with and without htmx (which of the two goes with which makes no difference)."""
    lang, htmx = request.param
    return AccessCodeForm(client, "account-create", lang, htmx=htmx)


def test_created(app: Flask, visitor: AccessCodeForm) -> None:
    """Asked, mailed, followed, chosen: there is an account, and one logs in to it."""
    assert "sent" == visitor.goes(**NEW)
    assert 200 == visitor.see("sent").status_code
    page = AccessCodeForm(visitor.client, "account-password", visitor.lang, htmx=visitor.htmx)
    assert "new-password" == page.leads(page.see(f"link/{token(app, LINK)}"))
    assert NEW["email"] in page.see("new-password").text
    assert "done" == page.goes("new-password", new_password=PASSWORD)
    assert 200 == page.see("done").status_code
    assert 303 == sign_in_to_account(visitor.client, NEW["email"], PASSWORD).status_code
