"""`loket search`: an editor sees what is found, and why it stands where it does."""

from __future__ import annotations

from click.testing import Result

from selfservice.commands.search import command
from tests.conftest import Site


def run(site: Site, *arguments: str) -> Result:
    return site.app.test_cli_runner().invoke(command, [*arguments])


def test_why(site: Site) -> None:
    """Each word is told with where it stands and how it was read, and which form is the place to do it."""
    told = run(site, "toegangskode aanvragen", "--lang", "nl", "--why").output
    assert "'toegangskode' was taken for 'toegangscode'" in told
    assert (
        "'aanvragen' is looked for as itself, 'vragen … aan' (a verb in two parts), which a page need not have" in told
    )
    first, _, rest = told.partition("\n2. ")
    assert "1. Een toegangscode aanvragen (do it now)\n   /nl/toegangscode/#request\n" in first
    assert "stands in the title" in first
    assert "score" in rest
    assert "score" not in run(site, "toegangscode aanvragen", "--lang", "nl").output


def test_synonym_and_unknown_word(site: Site) -> None:
    """A synonym is named with the words of the pages; a word that no page has is named too."""
    told = run(site, "refund zebra", "--lang", "en", "--why").output
    assert "'refund' is looked for as itself, 'deposited too much credit' (a synonym)" in told
    assert "'zebra' stands on no page" in told


def test_nothing(site: Site) -> None:
    """That nothing is found is told, and a language that the site does not have is refused."""
    assert "Nothing is found for 'eori nummer'." in run(site, "eori nummer", "--lang", "nl").output
    assert 2 == run(site, "code", "--lang", "xx").exit_code


def test_wording(site: Site) -> None:
    """What was found by a wording of the file is said to be, with the wording, which stands in no title."""
    told = run(site, "annual fee", "--lang", "en", "--why").output
    place = "1. What does an access code cost?\n   /en/access-code/#cost\n"
    assert f"{place}     found by its wording 'annual fee' of" in told


def test_no_language_asked(site: Site) -> None:
    """Without a language that of the site is searched, and named, with what asks for another."""
    told = run(site, "toegangscode")
    assert "In 'nl', the site's default language; others: --lang en\n" == told.stderr
