"""A business code by post, from approval to signing in: the code in the letter is the code that works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from pypdf import PdfReader

from selfservice import clock
from selfservice.accounts import passwords
from selfservice.commands import cli
from selfservice.i18n.languages import LANGUAGES
from tests.domain_helpers import rows
from tests.sign_in_helpers import PASSWORD, browser, database, hashed, prepare


@pytest.mark.parametrize("lang", LANGUAGES)
def test_code_in_the_letter_signs_in(app: Flask, tmp_path: Path, lang: str) -> None:
    """Staff approve and print; who has the letter and the password is let in, in either language."""
    prepare(app)
    run = app.test_cli_runner().invoke
    waiting = next(
        row for row in rows(database(app), "requests") if (row["state"], row["delivery"]) == ("received", "letter")
    )
    with database(app).write() as conn:
        passwords.store_hash(conn, int(str(waiting["person_id"])), hashed(), clock.now())
    reference = str(waiting["reference"])
    assert 0 == run(cli.commands["requests"], ["approve", reference, "--by", "Anna Staff"]).exit_code
    assert 0 == run(cli.commands["letters"], ["print", "--to", str(tmp_path)]).exit_code
    letter = next(path for path in tmp_path.rglob("*.pdf") if reference in path.name)
    code = re.search(r"(?:[2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}", PdfReader(letter).pages[0].extract_text())
    assert code
    answer = browser(app).send(f"/{lang}/self-service/sign-in", {"access_code": code[0], "password": PASSWORD})
    assert (303, f"/{lang}/self-service/my?begun=1") == (answer.status_code, answer.headers.get("Location"))
