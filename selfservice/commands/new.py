"""`loket new`: a form to begin with, whole: fields, a rule, pages, texts in each language, and a test; a site to begin
with, of another owner.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
import tomllib
from pathlib import Path
from string import Template

import click

from selfservice.commands import catalogs
from selfservice.config import PACKAGE, ROOT
from selfservice.i18n.languages import LANGUAGES, SOURCE_LANGUAGE

SKELETON = PACKAGE / "commands" / "skeleton"
EXAMPLE = ROOT / "examples" / "gemeente" / "content"
NAME = re.compile(r"[a-z]{2,}(-[a-z]+)*")
MAX_NAME_LENGTH = 30


@click.group("new")
def command() -> None:
    """Begin a new form, or a new site."""


@command.command("form")
@click.argument("name")
@click.option(
    "--title",
    "titles",
    nargs=2,
    multiple=True,
    metavar="LANGUAGE TEXT",
    help="Its title; asked for where it is not given.",
)
def form(name: str, titles: tuple[tuple[str, str], ...]) -> None:
    """Begin the form NAME, such as opening-hours: it can be opened, sent and tested at once."""
    module, given = name.replace("-", "_"), dict(titles)
    if not (ROOT / "tests").is_dir():
        raise click.ClickException("a form is part of the program: begin it in a clone of the source")
    if not NAME.fullmatch(name) or len(name) > MAX_NAME_LENGTH:
        raise click.ClickException(f"{name!r}: a name is small letters and dashes, such as opening-hours")
    folder, test = PACKAGE / "fragments" / module, ROOT / "tests" / "fragments" / f"test_{module}.py"
    for path in (folder, test):
        if path.exists():
            raise click.ClickException(f"{path.relative_to(ROOT)} is there already: choose another name")
    for code in LANGUAGES:
        if not given.get(code):
            if not sys.stdin.isatty():
                raise click.ClickException(
                    f"say what it is called: --title {code} TEXT, for each of {', '.join(LANGUAGES)}"
                )
            given[code] = click.prompt(f"Its title in {code}")
    _write(name, folder, test, given[SOURCE_LANGUAGE])
    _switch_on(name)
    missing = _translate(given)
    click.echo(
        f"selfservice/fragments/{module}/ and {test.relative_to(ROOT)} are made, and {name} is on in content/site.toml."
    )
    for line in missing:
        click.echo(line)
    click.echo(f"`make serve` shows it at /{LANGUAGES[0]}/self-service/{name}; `make quick` tests it.")


@command.command("site")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def site(folder: Path) -> None:
    """Begin a site of your own in DIR: a copy of the example, a municipality's."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.ClickException(f"{folder} is not empty: choose another folder")
    shutil.copytree(EXAMPLE, folder / "content", dirs_exist_ok=True)
    settings = f"LOKET_DEMO=1 LOKET_SITE={shlex.quote(str(folder))}"
    click.echo(f"{folder / 'content'} is made. See it with\n\n    {settings} loket serve\n")
    click.echo(f"Make site.toml, facts.toml and the pages there your own; `{settings} loket check` says what is amiss.")


def _write(name: str, folder: Path, test: Path, title: str) -> None:
    module = folder.name
    values = {
        "name": name,
        "module": module,
        "prefix": module.title().replace("_", ""),
        # Between the double quotes of a Python text.
        "title": json.dumps(title, ensure_ascii=False)[1:-1],
    }
    folder.mkdir()
    (folder / "__init__.py").touch()
    for source in SKELETON.glob("*.skeleton"):
        target = test if source.name.startswith("test.") else folder / source.stem
        target.write_text(Template(source.read_text("utf-8")).substitute(values), "utf-8")


def _switch_on(name: str) -> None:
    """Add the form to those of the site, to those that are for everybody, and its addresses to those that there are."""
    _insert(ROOT / "content" / "site.toml", r"(?m)^forms = \[[^\]]*?(?=^\])", f'  "{name}",\n')
    _insert(ROOT / "tests" / "test_matrix.py", r"(?m)^PUBLIC = \{[^}]*?(?=^\})", f'    "{name.replace("-", "_")}",\n')
    routes, base = ROOT / "tests" / "routes.txt", f"/<lang:lang>/self-service/{name}"
    lines = {*routes.read_text("utf-8").splitlines(), base, f"{base}/done"}
    routes.write_text("".join(f"{line}\n" for line in sorted(lines)), "utf-8")


def _insert(path: Path, pattern: str, line: str) -> None:
    """Put a line after what matches."""
    text = path.read_text("utf-8")
    path.write_text(re.sub(pattern, lambda match: match[0] + line, text, count=1), "utf-8")


def _translate(titles: dict[str, str]) -> list[str]:
    """Take its texts into the catalogs with the translations that we have; what is left to translate, a line each."""
    known = tomllib.loads((SKELETON / "texts.toml").read_text("utf-8"))
    catalogs.update()
    for code in catalogs.translated_languages():
        catalogs.translate(code, {titles[SOURCE_LANGUAGE]: titles[code], **known.get(code, {})})
    catalogs.compile_stale()
    return catalogs.problems(catalogs.extract())
