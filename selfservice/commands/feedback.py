"""`loket feedback`: which pages visitors found useful, and what they missed."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.commands.arguments import DAYS
from selfservice.feedback import answers
from selfservice.feedback.answers import Place
from selfservice.i18n.languages import LANGUAGES
from selfservice.site_config import did_you_mean
from selfservice.web import rendering
from selfservice.web.services import services


@click.command("feedback")
@click.option("--days", type=DAYS, default=30, show_default=True, help="Of so many days up to today.")
@click.option("--lang", type=click.Choice(list(LANGUAGES)), default=None, help="Only of this language.")
@click.option("--page", default=None, help="Only of this page, by the name of its file (orders).")
@with_appcontext
def command(days: int, lang: str | None, page: str | None) -> None:
    """Which pages visitors found useful, and what they missed.

    How often Yes and No, by page and question, and below it what people typed after No, the newest first. Nothing is
    known of who said it.
    """
    conn, now = services().db.read(), clock.now()
    key = (page or "").removesuffix(".md")
    counted = {each.place: each for each in answers.by_place(conn, now, days, lang or "", key)}
    typed: dict[Place, list[str]] = {}
    for remark in answers.remarks(conn, now, days, lang or "", key):
        typed.setdefault(remark.place, []).append(f"              {remark.day}  {remark.text}")
    if counted or typed:
        click.echo("   yes    no  page")
    for place in sorted(counted.keys() | typed.keys()):
        useful, not_useful = (counted[place].useful, counted[place].not_useful) if place in counted else (0, 0)
        name = f"{place.language}/{place.page or '(not known)'}" + (f"#{place.question}" if place.question else "")
        click.echo(f"{useful:>6}{not_useful:>6}  {name}")
        for line in typed.get(place, ()):
            click.echo(line)
    remarks = sum(map(len, typed.values()))
    known = {name for _, name in rendering.layout_context().pages()}
    if counted or typed:
        click.echo(f"{remarks} remarks" if remarks != 1 else "1 remark", err=True)
    elif key and key not in known:
        raise click.ClickException(f"there is no page '{key}'{did_you_mean(key, known)}")
    else:
        click.echo(f"Nothing: nobody said whether it was useful in {days} days", err=True)
