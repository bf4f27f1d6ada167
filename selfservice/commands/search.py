"""`loket search`: what a search finds, and in plain words why each result stands where it does."""

from __future__ import annotations

from collections.abc import Iterator

import click
from flask.cli import with_appcontext

from selfservice.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES
from selfservice.search.index_reader import open_index
from selfservice.search.interpretation import Term, Way
from selfservice.search.query import Answer, answer, normalise_query
from selfservice.search.ranking import Found, Ranked
from selfservice.web.services import services

SHOWN = 10
PLACES = {
    "title_word": "in {title}",
    "title_stem": "in {title}, in another form",
    "title_part": "as part of a longer word of {title}",
    "name_stem": "in what a form, the first page or rights.toml calls it",
    "page_stem": "in the title of its page",
    "text_word": "in the text",
    "text_stem": "in the text, in another form",
    "text_part": "as part of a longer word of the text",
    "": "word by word",
}
MOST = 0.5  # so much of a title is most of it


@click.command("search")
@click.argument("query")
@click.option("--lang", type=click.Choice(LANGUAGES), help="In which; by default the site's default language.")
@click.option("--why", is_flag=True, help="Say of each result why it stands where it does.")
@with_appcontext
def command(query: str, lang: str | None, why: bool) -> None:
    """Show what a search finds, and why, in the site as it was built last."""
    lang = lang or _default_language()
    path = services().config.search_index
    if not path.exists():
        raise click.ClickException("there is no search index yet: `loket build` makes it")
    found = answer(open_index(path, lang), normalise_query(query))
    if why:
        for term in found.query.terms:
            click.echo(_read_as(term))
    if not found.ranked:
        click.echo(f"Nothing is found for '{query}'.")
    for number, one in enumerate(found.ranked[:SHOWN], 1):
        mark = " (do it now)" if number <= found.form_count else ""
        click.echo(f"{number}. {one.entry.title.text}{mark}\n   {one.entry.url}")
        if why:
            if mark:
                click.echo("     the place to do it: above what only tells of it, whatever that scores")
            for line in _reasons(found, one):
                click.echo(f"     {line}")
    if len(found.ranked) > SHOWN:
        click.echo(f"… and {len(found.ranked) - SHOWN} more")


def _default_language() -> str:
    """The language that is searched when none is asked for, which is said."""
    others = ", ".join(f"--lang {other}" for other in LANGUAGES if other != DEFAULT_LANGUAGE)
    click.echo(
        f"In '{DEFAULT_LANGUAGE}', the site's default language" + (f"; others: {others}" if others else ""), err=True
    )
    return DEFAULT_LANGUAGE


def _read_as(term: Term) -> str:
    """How a word of the query was read."""
    if term.corrected_to:
        return f"'{term.typed}' was taken for '{term.corrected_to}'"
    if not term.ways:
        return f"'{term.typed}' stands on no page, and counts as a word that few pages have"
    asked = ", which a page need not have" if term.is_asking else ""
    return f"'{term.typed}' is looked for as {', '.join(dict.fromkeys(map(_way, term.ways)))}{asked}"


def _way(way: Way) -> str:
    return {
        "word": "itself",
        "start": "the start of a word",
        "synonym": f"'{way.meaning}' (a synonym)",
        "verb": f"'{way.meaning}' (a verb in two parts)",
        "joined": f"'{way.meaning}'",
        "part": "part of a longer word",
        "phone": "a telephone number",
    }[way.how]


def _reasons(found: Answer, one: Ranked) -> Iterator[str]:
    """Why the result stands where it does, a line each."""
    if one.entry.url in found.pinned:
        yield "pinned in searches.toml"
    if one.wording:
        yield f"found by its wording '{one.wording}' of searches.toml"
    for each in one.found:
        yield _stands(each, "the wording or the title" if one.wording else "the title")
    for term in found.query.terms:
        if all(each.term is not term for each in one.found):
            yield f"'{term.typed}' is not there"
    if one.title_part == 1:
        yield "all of its title, or of what it is called, was asked for"
    elif one.title_part >= MOST:
        yield "most of its title, or of what it is called, was asked for"
    if one.entry.lift != 1:
        yield (
            "a form, or a question with one: higher"
            if one.entry.lift > 1
            else "about this site, or a step of a question tree: lower"
        )
    yield f"score {one.score:.2f}"


def _stands(found: Found, title: str) -> str:
    how = "" if found.way is None or found.way.how == "word" else f" as {_way(found.way)}"
    return f"'{found.term.typed}'{how} stands {PLACES[found.place].format(title=title)}"
