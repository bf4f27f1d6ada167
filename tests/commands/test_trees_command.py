"""`loket trees`: the question trees, on paper, for whoever has to agree with them."""

from __future__ import annotations

from click.testing import Result
from flask import Flask

from selfservice.commands.trees import command
from selfservice.config import Config
from tests.conftest import new_app_unshared


def run(app: Flask, *arguments: str) -> Result:
    """The command with these arguments."""
    return app.test_cli_runner().invoke(command, arguments)


def test_outline(app: Flask) -> None:
    """Each question stands with its answers below it, and what each outcome says, facts and where it leads included; in
    each language.
    """
    said = run(app, "who-can-get-digid").output
    answer = "    - That of another country\n        You cannot get DigiD [not-possible]\n"
    assert said.startswith("Can I get DigiD? (content/en/who-can-get-digid.md)\n  Which nationality do you have?\n")
    assert (True, True) == (answer in said, "\nKan ik DigiD krijgen? (content/nl/who-can-get-digid.md)\n" in said)
    outcome = said[said.index("  [not-possible]") :].partition("\n\n")[0].splitlines()
    assert ["      tel:+31885851585", "      without-digid.md"] == outcome[1:]
    assert "call 088 585 15 85" in outcome[0]


def test_all(app: Flask) -> None:
    """Without the name of a page each tree is printed."""
    said = run(app).output
    assert all(
        f"content/{lang}/{key}.md" in said for lang in ("en", "nl") for key in ("choose-login", "why-digid-fails")
    )


def test_diagram(app: Flask) -> None:
    """As a flowchart: a question is a rhombus, an outcome a box, an answer an arrow with its words."""
    lines = run(app, "--mermaid", "who-can-get-digid").output.splitlines()
    assert ["---", 'title: "Can I get DigiD?"', "---", "flowchart TD"] == lines[:4]
    assert {'  n0{"Which nationality do you have?"}', '  n0 -->|"Dutch"| n1', '  n8["You cannot get DigiD"]'} <= set(
        lines
    )


def test_no_such_tree(app: Flask) -> None:
    """A page that is no tree is named in one line."""
    done = run(app, "digid")
    assert (1, "loket: no page 'digid' is a question tree\n") == (done.exit_code, done.output)


def test_faults(copied: Config) -> None:
    """A tree with a fault is not printed: the fault is, with its line."""
    file = copied.content / "en" / "who-can-get-digid.md"
    file.write_text(file.read_text("utf-8").replace("(#not-possible)", "(#not-posible)"), "utf-8")
    done = run(new_app_unshared(copied))
    fault = "there is no question '#not-posible' on this page; did you mean 'not-possible'? (docs/editing.md#trees)"
    assert (1, f"content/en/who-can-get-digid.md:18: {fault}") == (done.exit_code, done.output.splitlines()[0])
