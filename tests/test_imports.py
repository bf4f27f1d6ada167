"""Who may import whom, read from the source: the layers of the design hold, and nothing leaks up or sideways."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "selfservice"
FILES = sorted(PACKAGE.rglob("*.py"))
# What knows SQLite by its own name.
ENGINES = ("sqlite3", "pysqlite3", "selfservice.db.sqlite")
# From top to bottom: what stands in a row may import from rows below it, never from its own row or one above.
# A name is a package or module of selfservice/. `demo` stands beside the floors: see test_demo_data_stands_beside.
FLOORS = (
    ("__main__",),
    ("commands",),
    ("publish", "server"),
    ("backups", "doctor", "following", "front", "restore", "supervisor"),
    ("app",),
    ("fragments", "api"),
    ("mailer", "static_files"),
    ("web",),
    ("health",),
    ("forgetting", "migrations", "personal_data", "retention"),
    ("plain_secrets",),
    ("register",),
    ("orders",),
    ("requests",),
    ("letters",),
    ("feedback",),
    ("importing", "search"),
    ("accounts",),
    ("mail",),
    ("audit", "heartbeats", "jobs", "renewal"),
    ("limits",),
    ("context",),
    ("values",),
    ("facts", "seeds"),
    ("personal_sections", "workdays"),
    ("i18n",),
    ("db",),
    ("site_config",),
    ("clock", "config", "crypto", "logs", "metrics", "problems"),
    ("builds", "env_file"),
    ("settings",),
    ("setting_kinds",),
)
FLOOR = {name: number for number, row in enumerate(FLOORS) for name in row}
# What knows Flask: the app, what answers, and what a request needs.
WITH_FLASK = ("app", "api", "commands", "following", "fragments", "front", "publish", "server", "static_files", "web")
# Names that say nothing of what is in a file.
EMPTY_NAMES = {"model", "rows", "parts", "words", "here", "asked", "lines", "utils", "helpers", "misc"}


def module_of(path: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imported(path: Path, source: str | None = None) -> list[str]:
    """The dotted names that a file imports, wherever in it; `from a import b` gives a and a.b."""
    return list(_imported(path, path.read_text("utf-8") if source is None else source))


def _imported(path: Path, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
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


def test_only_the_seam_names_the_engine() -> None:
    """The database stands behind names of our own: no module but db/, and the store of orders, names SQLite's."""
    inside = files_in("db", "orders.store")
    others = [path for path in FILES if path not in inside]
    assert ([], True) == (offenders(others, *ENGINES), bool(offenders(inside, "pysqlite3")))


def unit(name: str) -> str:
    """The package or module of selfservice/ that a dotted name belongs to; empty for selfservice itself."""
    return name.split(".")[1] if "." in name else ""


def test_every_module_has_its_floor() -> None:
    """A new package or module is put in its row; a row names nothing that is not there."""
    units = {unit(module_of(path)) for path in FILES} - {"", "demo"}
    assert set(FLOOR) == units


def test_imports_go_down_only() -> None:
    """Each package imports from rows below its own only, so that there is no ring."""
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in FILES
        for name in imported(path)
        if under(name, "selfservice") and (mine := unit(module_of(path))) in FLOOR
        if (theirs := unit(name)) in FLOOR and theirs != mine and FLOOR[theirs] <= FLOOR[mine]
    ]
    assert [] == wrong


def test_publishing_has_floors_too() -> None:
    """A page is read without knowing the rules that it is held to, and neither knows how a site is written."""
    publish = "selfservice.publish"
    assert [] == offenders(files_in("publish.reading"), f"{publish}.rules", f"{publish}.writing", f"{publish}.content")
    assert [] == offenders(files_in("publish.rules"), f"{publish}.writing", f"{publish}.content")


def test_no_ring_inside_a_package() -> None:
    """No module reaches itself through what it imports."""
    modules = {module_of(path): path for path in FILES}
    graph = {
        module: {name for name in imported(path) if name in modules} - {module} for module, path in modules.items()
    }
    # A package's own file may gather what its modules hold: importing from it is not importing all of them.
    packages = {module_of(path) for path in FILES if path.name == "__init__.py"}
    ring = ring_in({module: names - packages for module, names in graph.items()})
    assert [] == ring


def ring_in(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one ring of imports; empty when there is none."""
    done: set[str] = set()

    def walk(module: str, way: list[str]) -> list[str]:
        if module in way:
            return way[way.index(module) :]
        if module in done:
            return []
        for name in sorted(graph.get(module, ())):
            if ring := walk(name, [*way, module]):
                return ring
        done.add(module)
        return []

    return next((ring for module in sorted(graph) if (ring := walk(module, []))), [])


def test_the_ring_is_seen() -> None:
    """A ring of three is found, and where there is none nothing is."""
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set[str]()}
    assert (["b", "c"], []) == (ring_in(graph), ring_in(graph | {"c": {"d"}}))


def test_demo_data_stands_beside() -> None:
    """Invented data is imported by the command line only (and by tests), and by the page that shows it."""
    may = ("selfservice.demo", "selfservice.commands", "selfservice.fragments.what_to_try")
    others = [path for path in FILES if not under(module_of(path), *may)]
    assert ([], True) == (
        offenders(others, "selfservice.demo"),
        bool(offenders(files_in("commands"), "selfservice.demo")),
    )


def test_names_say_what_is_in_a_file() -> None:
    """No module has a name that could be anything's."""
    assert [] == [str(path.relative_to(ROOT)) for path in FILES if path.stem in EMPTY_NAMES]


def test_nothing_below_web_knows_flask() -> None:
    """Rules and SQL know nothing of requests: Flask and its kin are known at the edge only."""
    below = [path for path in FILES if unit(module_of(path)) not in WITH_FLASK]
    kin = ("flask", "werkzeug", "htmx_flask")
    assert ([], True) == (offenders(below, *kin), bool(offenders(files_in("web"), *kin)))


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
    others = [
        p for p in FILES if not under(module_of(p), "selfservice.fragments") and module_of(p) != "selfservice.app"
    ]
    assert [] == offenders(others, "selfservice.fragments")


def test_the_app_starts_without_pelican() -> None:
    """Serving needs neither Pelican nor what only the build uses, by what create_app reaches through imports."""
    todo, seen = ["selfservice.app"], set[str]()
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


def test_the_guide_is_of_this_house() -> None:
    """CONTRIBUTING.md has the floors in their order, each package once, and names no file that is not there."""
    _, floors, files = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("\n|---|---|\n")
    first = [line.split("|")[1] for line in floors.split("\n\n")[0].splitlines()]
    named = [name for cell in first for name in re.findall(r"`(\w+)(?:\.py|/)", cell)]
    assert set(named) == set(FLOOR) - {"__main__"} | {"demo"}
    assert [FLOOR[name] for name in named[:-1]] == sorted(FLOOR[name] for name in named[:-1])
    second = "".join(line.split("|", 2)[2] for line in files.split("\n\n")[0].splitlines())
    places = [place for place in re.findall(r"`([^`]+)`", second) if "/" in place or place.endswith(".py")]
    exact = [place for place in places if not set(place) & set("<…*")]
    assert ([], True) == (
        [place for place in exact if not ((PACKAGE / place).exists() or (ROOT / place).exists())],
        len(exact) > 40,
    )
