"""What can be done with an access code: the table is whole, well-formed, and what the forms go by."""

from __future__ import annotations

from pathlib import Path

import pytest

from selfservice.config import ROOT
from selfservice.facts import rights
from selfservice.facts.facts import Facts
from selfservice.facts.kinds import FactError
from selfservice.fragments import FRAGMENTS

GOOD = '[a]\nkinds = ["private"]\ntitle = { en = "A", nl = "B" }\nwhere = "my"\n'


@pytest.fixture
def table() -> rights.Rights:
    return rights.load_rights(ROOT / "content" / "rights.toml")


def test_every_place_is_there(table: rights.Rights) -> None:
    """Each right is done in a form that exists, or at the address in a fact that exists: never a dead button."""
    facts = Facts.load(ROOT / "content" / "facts.toml")
    assert [] == [right.key for right in table.all if right.form and right.form not in FRAGMENTS]
    assert {"url"} == {facts.get(right.fact).kind for right in table.all if right.fact}


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        (
            "business",
            (
                "order_products file_accounts direct_debit digital_invoices see_orders organisation_codes "
                "change_password account_data data_delete"
            ),
        ),
        (
            "private",
            "order_products deposit_credit direct_debit see_orders change_password account_data data_delete",
        ),
        (
            "account",
            "file_accounts xbrl_report business_challenge account change_password account_data account_delete",
        ),
    ],
)
def test_lists(table: rights.Rights, kind: str, keys: str) -> None:
    """Each kind of use has the list that the help pages give."""
    assert keys.split() == [right.key for right in table.of_kind(kind)]


def test_titles(table: rights.Rights) -> None:
    """Each right has a title in each language, and no two the same."""
    for lang in ("en", "nl"):
        titles = [right.title(lang) for right in table.listed]
        assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("kind", "form", "allowed"),
    [
        ("business", "digital-invoices", True),
        ("private", "digital-invoices", False),
        ("private", "direct-debit", True),
        ("private", "devices", True),
        ("private", "search", False),
        ("account", "change-password", True),
        ("account", "orders", False),
    ],
)
def test_allows(table: rights.Rights, kind: str, form: str, *, allowed: bool) -> None:
    """A form is for the kinds that the table gives it to; one that it does not name is for nobody."""
    assert allowed == (kind in table.kinds_of(form))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[a]", "[a"),
        ('kinds = ["private"]\n', ""),
        ('["private"]', '["nobody"]'),
        ('["private"]', "[]"),
        (', nl = "B"', ""),
        ('nl = "B"', 'nl = ""'),
        ('where = "my"', 'where = ""'),
        ('where = "my"', 'where = "my"\ncolour = "red"'),
    ],
)
def test_malformed(tmp_path: Path, old: str, new: str) -> None:
    """What is missing or misspelt stops the start, naming the file."""
    file = tmp_path / "rights.toml"
    file.write_text(GOOD)
    assert 1 == len(rights.load_rights(file).all)
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(rights.RightsError, match=r"rights\.toml"):
        rights.load_rights(file)


def test_bytes(tmp_path: Path) -> None:
    """A byte order mark is left out, as in every file of the owner's; what is not UTF-8 is named with its line."""
    file = tmp_path / "rights.toml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert 1 == len(rights.load_rights(file).all)
    file.write_bytes(b"# caf\xe9\n" + GOOD.encode())
    with pytest.raises(FactError, match=r"rights\.toml:1: a character that is not UTF-8"):
        rights.load_rights(file)
