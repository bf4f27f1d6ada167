"""Who may import whom, read from the source: the layers of the design hold, and nothing leaks up or sideways."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "selfservice"
FILES = sorted(PACKAGE.rglob("*.py"))
DOMAINS = {
    *("members", "outbox", "visits", "limits", "events", "search", "requests", "letters", "messages", "register"),
    *("orders", "importing", "jobs", "demo"),
}
# What any layer may use: no request, no form, no page.
BASE = {
    "config",
    "clock",
    "context",
    "db",
    "heartbeats",
    "metrics",
    "facts",
    "facts_file",
    "i18n",
    "ports",
    "secrets",
    "crypto",
    "workdays",
    "rights",
}
ENGINES = ("sqlite3", "pysqlite3", "selfservice.db.sqlite")
# The only places that know which real part stands behind a port.
WIRING = {"selfservice/__init__.py", "selfservice/mails.py"}


def module_of(path: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, source: str | None = None) -> Iterator[str]:
    """The dotted names that a file imports, wherever in it; `from a import b` gives a and a.b."""
    for node in ast.walk(ast.parse(path.read_text("utf-8") if source is None else source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports name their place in full"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def under(name: str, *packages: str) -> bool:
    """Whether a dotted name is one of these packages, or in it."""
    return any(name == package or name.startswith(package + ".") for package in packages)


def offenders(files: list[Path], *banned: str) -> list[str]:
    """Each import of a banned package, as 'file: name'."""
    return [f"{path.relative_to(ROOT)}: {name}" for path in files for name in imported(path) if under(name, *banned)]


def files_in(*names: str) -> list[Path]:
    """The files of these modules and packages of ours; fails when there are none, so no rule can run empty."""
    found = [path for path in FILES if under(module_of(path), *(f"selfservice.{name}" for name in names))]
    assert found
    return found


def test_the_reader_sees_imports() -> None:
    """Imports at the top, in functions and of several names are all seen."""
    source = "import a.b\ndef f():\n    from c.d import e, g\n"
    assert ["a.b", "c.d", "c.d.e", "c.d.g"] == list(imported(Path("x.py"), source))


def test_only_publish_imports_pelican() -> None:
    """Pelican is known in one folder."""
    others = [path for path in FILES if not under(module_of(path), "selfservice.publish")]
    assert ([], True) == (offenders(others, "pelican"), bool(offenders(files_in("publish"), "pelican")))


def test_publish_is_on_top() -> None:
    """Only the command line uses publish; forms never know that they are baked."""
    others = [p for p in FILES if not under(module_of(p), "selfservice.publish", "selfservice.commands")]
    assert [] == offenders(others, "selfservice.publish")


def test_only_the_seam_names_the_engine() -> None:
    """The database stands behind names of our own: no module but db/, and the store of orders, names SQLite's."""
    inside = files_in("db", "orders.store")
    others = [path for path in FILES if path not in inside]
    assert ([], True) == (offenders(others, *ENGINES), bool(offenders(inside, "pysqlite3")))


def test_models_know_no_flask() -> None:
    """Rules and SQL know nothing of requests: no model.py, and no shared domain, imports Flask or its kin."""
    models = [path for path in FILES if path.name == "model.py"]
    domains = files_in(*DOMAINS, "adapters", "ports", "db", "clock", "secrets")
    web = ("flask", "werkzeug", "jinja2", "htmx_flask", "markupsafe", "selfservice.web", "selfservice.services")
    assert [] == offenders([*models, *domains], *web)


def test_fragments_never_import_each_other() -> None:
    """Each form can be taken out alone."""
    folders = sorted(path for path in (PACKAGE / "fragments").iterdir() if (path / "__init__.py").exists())
    names = {f"selfservice.fragments.{folder.name}" for folder in folders}
    wrong = [
        line
        for folder in folders
        for line in offenders(sorted(folder.rglob("*.py")), *(names - {f"selfservice.fragments.{folder.name}"}))
    ]
    assert ([], True) == (wrong, len(names) >= 3)


def test_only_create_app_knows_the_fragments() -> None:
    """What a form does is nobody else's business."""
    others = [p for p in FILES if not under(module_of(p), "selfservice.fragments") and module_of(p) != "selfservice"]
    assert [] == offenders(others, "selfservice.fragments")


def test_only_the_wiring_knows_adapters() -> None:
    """Everything else sees ports."""
    others = [
        path
        for path in FILES
        if str(path.relative_to(ROOT)) not in WIRING and not under(module_of(path), "selfservice.adapters")
    ]
    assert [] == offenders(others, "selfservice.adapters")


def test_domains_stand_below() -> None:
    """Shared domains and adapters use each other and the base, nothing above them."""
    allowed = {f"selfservice.{name}" for name in DOMAINS | BASE}
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files_in(*DOMAINS, "adapters")
        for name in imported(path)
        if under(name, "selfservice") and name != "selfservice" and not under(name, *allowed, "selfservice.adapters")
    ]
    assert [] == wrong


def test_base_stands_lowest() -> None:
    """The base imports nothing of ours but itself."""
    allowed = {f"selfservice.{name}" for name in BASE}
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files_in(*BASE)
        for name in imported(path)
        if under(name, "selfservice") and name != "selfservice" and not under(name, *allowed)
    ]
    assert [] == wrong


@pytest.mark.parametrize("name", ["commands", "server"])
def test_nothing_uses_the_command_line(name: str) -> None:
    """The command line and the server stand at the edge."""
    others = [
        p
        for p in FILES
        if not under(module_of(p), "selfservice.commands", "selfservice.server", "selfservice.__main__")
    ]
    assert [] == offenders(others, f"selfservice.{name}")


def test_the_app_starts_without_pelican() -> None:
    """Serving needs neither Pelican nor what only the build uses, by what create_app reaches through imports."""
    todo, seen = ["selfservice"], set[str]()
    modules = {module_of(path): path for path in FILES}
    while todo:
        name = todo.pop()
        if name in modules and name not in seen:
            seen.add(name)
            todo += list(imported(modules[name]))
    outside = {name for module in seen for name in imported(modules[module])}
    assert [] == [name for name in outside if under(name, "pelican", "pyromark", "brotli", "selfservice.publish")]


def test_no_python_beside_the_package() -> None:
    """`import site` is the standard library's: templates stay templates."""
    assert [] == list((ROOT / "site").rglob("*.py"))
