"""Building: what stops it, what it leaves alone, and that one fact reaches page, form and mail."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import jinja2
import pytest

from selfservice import mailer
from selfservice.builds import Builds
from selfservice.config import ROOT, Config
from selfservice.facts.kinds import FactError
from selfservice.i18n.languages import LANGUAGES, current_language, using_language
from selfservice.publish.build import BuildError, BuildResult, build
from selfservice.publish.checks import check
from selfservice.publish.page_cache import FILE as PAGE_CACHE
from selfservice.publish.reading.embed import EmbedError, FormStarts
from tests.clients import HouseClient
from tests.conftest import new_app_unshared


def edit(config: Config, file: str, old: str, new: str) -> None:
    """Change the first `old` in a file of the content."""
    path = config.content / file
    text = path.read_text("utf-8")
    assert old in text, f"{old!r} is not in {file}: the test wants another place to spoil"
    path.write_text(text.replace(old, new, 1), "utf-8")


def line_of(config: Config, file: str, needle: str) -> int:
    """The line of a file of the content on which something first stands."""
    return (config.content / file).read_text("utf-8").partition(needle)[0].count("\n") + 1


def attempt(config: Config) -> BuildResult:
    return build(new_app_unshared(config), config, compress=False)


def refuse(config: Config) -> list[str]:
    """The problems for which the site is not built."""
    with pytest.raises(BuildError) as caught:
        attempt(config)
    return [problem.line_alone for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("file", "spoilt", "problem"),
    [
        ("en/digid.md", "{{ fact.phone.nobody }}", "there is no fact 'phone.nobody'"),
        ("nl/digid.md", "{{ fact.mail.per_our }}", "there is no fact 'mail.per_our'; did you mean 'mail.per_hour'?"),
        ("en/digid.md", "{{ phone }}", "'{{ phone }}' is not a fact; write {{ fact.group.name }}"),
        ("nl/contact.md", "[Doe het](selfservice:nothing)", "there is no form 'selfservice:nothing'; the forms are "),
        (
            "en/orders.md",
            "[a](acess-code.md)",
            "the link to 'acess-code.md' leads nowhere; did you mean 'access-code.md'?",
        ),
        ("en/orders.md", "[a](access-code.md#nowhere)", "'access-code.md' has no question '#nowhere'"),
    ],
)
def test_stops(copied: Config, file: str, spoilt: str, problem: str) -> None:
    """An unknown fact, form, page or question stops the build, which names file and line."""
    with (copied.content / file).open("a", encoding="utf-8") as source:
        source.write(f"\n\n{spoilt}\n")
    found = refuse(copied)
    start = f"content/{file}:{line_of(copied, file, spoilt)}: {problem}"
    assert (1, True) == (len(found), found[0].startswith(start)), found


def test_known_forms_are_named(copied: Config) -> None:
    """Who mistypes a form's name reads the nearest, or which there are."""
    edit(copied, "en/cannot-log-in.md", "selfservice:replacement-password", "selfservice:replacement-pasword")
    assert "; did you mean 'replacement-password'?" in refuse(copied)[0]
    edit(copied, "en/cannot-log-in.md", "selfservice:replacement-pasword", "selfservice:zzz")
    assert "; the forms are access-code, " in refuse(copied)[0]


def test_unused_fact(copied: Config) -> None:
    """A fact that nobody uses stops the build at its line."""
    with (copied.content / "facts.toml").open("a", encoding="utf-8") as file:
        file.write('\n[spare.part]\nkind = "count"\nvalue = 1\nsource = "nobody"\n')
    line = line_of(copied, "facts.toml", "[spare.part]")
    problem = "no page, form or mail uses the fact 'spare.part': use it or remove it"
    assert [f"content/facts.toml:{line}: {problem}"] == refuse(copied)


def test_invented_contacts(copied: Config) -> None:
    """A real site is not built with a contact that reaches nobody, in security.txt or anywhere; each is named. A
    demonstration may have it.
    """
    facts = copied.content / "facts.toml"
    text = facts.read_text("utf-8").replace('"debiteurenefacturatie@kvk.nl"', '"invoices@KVK.Example"')
    facts.write_text(text.replace('"https://www.digid.nl/"', '"https://digid.example/"'), "utf-8")
    real = dataclasses.replace(copied, demo=False, base_url="https://help.example.org", sender="noreply@example.org")
    with pytest.raises(BuildError) as caught:
        build(new_app_unshared(real), real)
    told = [problem.message.split(":")[0].split(",")[0] for problem in caught.value.problems]
    assert [
        "the fact 'email.invoices' is invoices@KVK.Example",
        "the fact 'digid.website' is https",
        "the fact 'organisation.security' is security@loket.example",
    ] == told
    texts = [path.read_text("utf-8") for path in copied.content.glob("*/*.md")]
    pages = sum("\nstatus: draft\n" not in text for text in texts)
    assert (None, pages) == (Builds(real.output).current(), build(new_app_unshared(copied), copied).pages)


def test_malformed_fact(copied: Config) -> None:
    """A malformed fact stops everything before it begins."""
    edit(copied, "facts.toml", 'value = "0.90"', "value = 0.90")
    line = line_of(copied, "facts.toml", "[phone.register_price]")
    with pytest.raises(FactError, match=rf"facts\.toml:{line}: 0\.9 is not a money"):
        attempt(copied)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("title: ", "title: T {{ fact.a.b }} # ", "there is no fact 'a.b'"),
        ("title: ", "title: a: ", "the value of 'title:' has a colon: "),
        (
            "slug: orders",
            "slug: digid",
            "the address /en/digid/ is that of content/en/digid.md too: choose another slug",
        ),
    ],
)
def test_front_matter(copied: Config, old: str, new: str, problem: str) -> None:
    """What is wrong above the text stops the build as well, at its line."""
    line = line_of(copied, "en/orders.md", old)
    edit(copied, "en/orders.md", old, new)
    found = refuse(copied)
    assert any(one.startswith(f"content/en/orders.md:{line}: {problem}") for one in found), found


def test_several_problems(copied: Config) -> None:
    """All problems are told at once, in the order of files and lines."""
    for file in ("nl/digid.md", "en/orders.md"):
        with (copied.content / file).open("a", encoding="utf-8") as source:
            source.write("\n\n[a](zzz.md)\n\n[b](zzz.md#b)\n")
    assert ["content/en/orders.md", "content/en/orders.md", "content/nl/digid.md", "content/nl/digid.md"] == [
        line.partition(":")[0] for line in refuse(copied)
    ]


def test_failed_build_leaves_the_site(copied: Config) -> None:
    """When a build fails, the site and the search index before it stay as they were, and nothing lies about."""
    attempt(copied)
    before = snapshot(copied.site), snapshot(copied.search_index)
    edit(copied, "en/digid.md", "---\n", "---\n# changed\n")
    with (copied.content / "en/digid.md").open("a", encoding="utf-8") as source:
        source.write("\n[a](zzz.md)\n")
    refuse(copied)
    assert before == (snapshot(copied.site), snapshot(copied.search_index))
    assert 2 == len([path for path in copied.output.iterdir() if path.name != PAGE_CACHE])


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_same_again(copied: Config) -> None:
    """Building the same content again gives the same bytes: a page only changes when its content does."""
    attempt(copied)
    before = snapshot(copied.site)
    attempt(copied)
    assert before == snapshot(copied.site)


def test_removed_page_disappears(copied: Config) -> None:
    """What is no longer in the content is no longer on the site; at its address stands where to go."""
    attempt(copied)
    for lang, slug in (("en", "maintenance"), ("nl", "onderhoud")):
        edit(copied, f"{lang}/maintenance.md", "slug: ", f"formerly: [{slug}]\nslug: other-")
    attempt(copied)
    texts = [
        (copied.site / "en" / name / "index.html").read_text("utf-8") for name in ("maintenance", "other-maintenance")
    ]
    assert [True, False] == ["This page has moved" in text for text in texts]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_page_in_one_language(copied: Config, lang: str) -> None:
    """A page that an editor has written in one language so far stops the build, which names the file to write."""
    page = (copied.content / lang / "orders.md").read_text("utf-8")
    page = re.sub(r"^(?:slug|formerly): .*\n", "", page, flags=re.MULTILINE)
    (copied.content / lang / "new.md").write_text(page, "utf-8")
    other = next(code for code in LANGUAGES if code != lang)
    missing = f"write content/{other}/new.md, or 'status: draft' here until you have"
    assert [f"content/{lang}/new.md:1: this page is not there in each language: {missing}"] == refuse(copied)


def test_rules_of_check_stop_a_build(copied: Config) -> None:
    """What `loket check` calls an error stops a build as well, in the same words; a warning does not."""
    edit(copied, "en/orders.md", "\n## ", "\n#### Deep\n\n## ")
    edit(copied, "nl/orders.md", "slug: bestellingen", "slug: Mijn bestellingen")
    told = refuse(copied)
    errors = [one.line_alone for one in check(new_app_unshared(copied), copied) if one.error]
    assert (errors, 2) == (told, len(told))


def test_language_stays(copied: Config) -> None:
    """A build leaves the language of whoever asked for it in force."""
    with using_language("en"):
        attempt(copied)
        assert "en" == current_language()


def test_settings_of_the_build_do_not_stay(copied: Config) -> None:
    """Two builds in one process do not mix: a second app's facts are its own."""
    attempt(copied)
    edit(
        copied,
        "facts.toml",
        '[bedrijvencheck.per_year]\nkind = "count"\nvalue = 30',
        '[bedrijvencheck.per_year]\nkind = "count"\nvalue = 77',
    )
    attempt(copied)
    text = "".join(path.read_text("utf-8") for path in (copied.site / "en").rglob("index.html"))
    assert (True, False) == ("77 business" in text, "30 business" in text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_fact_everywhere(copied: Config, lang: str) -> None:
    """Changing one fact changes the page, the form and the mail, in both languages, and what the program does."""
    edit(
        copied,
        "facts.toml",
        '[password_link.hours]\nkind = "hours"\nvalue = 1',
        '[password_link.hours]\nkind = "hours"\nvalue = 7',
    )
    attempt(copied)
    app = new_app_unshared(copied)
    slug = {"en": "cannot-log-in", "nl": "inloggen-lukt-niet"}[lang]
    page = (copied.site / lang / slug / "index.html").read_text("utf-8")
    client = app.test_client()
    assert isinstance(client, HouseClient)
    address = f"/{lang}/self-service/replacement-password"
    client.send(address, {"access_code": "2222222222222222", "email": "jip@bakkerij.example"})
    form = client.get(f"{address}/sent").text
    mail = mailer.render_mail(
        app.extensions["services"], "replacement_password.link", lang, {"name": "Jip", "token": "t"}
    )[1]
    written = {"en": "7 hours", "nl": "7 uur"}[lang]
    assert [True] * 3 == [written in text for text in (page, form, mail)]
    row = (
        app.extensions["services"]
        .db.read()
        .execute("SELECT (julianday(expires_at) - julianday(created_at)) * 24 AS hours FROM tokens ORDER BY id DESC")
        .fetchone()
    )
    assert 7 == round(row["hours"])


def test_start_state_must_be_bakeable(config: Config) -> None:
    """A form whose start state fails, or is somebody's own, is not baked into a page."""
    app = new_app_unshared(config)

    @app.get("/<lang:lang>/self-service/own")
    def own() -> tuple[str, dict[str, str]]:
        return "<title>T</title>\n<p>mine</p>", {"Set-Cookie": "loket=x; HttpOnly; Path=/; SameSite=Lax"}

    app.test_client_class = None
    embed = FormStarts(app)
    with pytest.raises(EmbedError, match="/en/self-service/nothing answered 404"):
        embed("en", "nothing")
    with pytest.raises(EmbedError, match="/en/self-service/own sets a cookie"):
        embed("en", "own")


def test_markers_preview_as_links() -> None:
    """In the sources a form is a plain markdown link with words of its language."""
    for lang in LANGUAGES:
        text = (ROOT / "content" / lang / "cannot-log-in.md").read_text("utf-8")
        assert re.search(r"^\[[A-Z][^]]{8,}]\(selfservice:replacement-password\)$", text, re.MULTILINE)


def test_missing_template(copied: Config, tmp_path: Path) -> None:
    """A theme template that is missing stops the build; Pelican's own theme never steps in."""
    root = tmp_path / "root"
    for name in ("site", "selfservice"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pelicanconf.py", root)
    (root / "site" / "templates" / "page.html").unlink()
    with pytest.raises(jinja2.TemplateError):
        attempt(dataclasses.replace(copied, root=root))
    assert [] == list(copied.output.iterdir())
