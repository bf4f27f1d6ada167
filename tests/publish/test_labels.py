"""Labels of forms in pages: the words of the form itself, in the page's language, and what is said of one that is not
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from babel.support import LazyProxy
from wtforms.fields.core import UnboundField

from selfservice.config import PACKAGE, ROOT, Config
from selfservice.facts.facts import Facts
from selfservice.fragments.replacement_password.form import LinkForm
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.i18n.languages import using_language
from selfservice.publish.build import build
from selfservice.publish.reading.markdown import Document, plain_text, read
from selfservice.publish.rules.body_advice import advice
from selfservice.web.forms import Form
from selfservice.web.pages import page_info
from tests.conftest import new_app_unshared

FACTS = Facts.load(ROOT / "content" / "facts.toml")
LINK = "{{ label.replacement-password.submit }}"


def page(body: str, lang: str = "en", front: str = "title: T\n") -> Document:
    with using_language(lang):
        return read(f"---\n{front}---\n{body}", f"content/{lang}/x.md", FACTS)


@pytest.mark.parametrize(
    ("body", "html"),
    [
        (f"Choose ‘{LINK}’, and wait.", "<p>Choose ‘Send me the link’, and wait.</p>"),
        (f"1. Choose **{LINK}**.", "<strong>Send me the link</strong>"),
        (f"| Button | |\n|---|---|\n| {LINK} | x |", "<td>Send me the link</td><td>x</td>"),
        (f"## Where is {LINK}? {{#where}}", '<h2 id="where">Where is Send me the link?</h2>'),
        (f"[{LINK}](contact.md)", '<a href="contact.md">Send me the link</a>'),
    ],
    ids=["sentence", "list", "table", "heading", "link"],
)
def test_where_it_stands(body: str, html: str) -> None:
    """It is the same text anywhere in a page."""
    found = page(body)
    assert ([], True) == (found.problems, html in found.html), found.html


def test_each_language() -> None:
    """A page has the words of its own language, of fields, buttons, steps and titles alike."""
    source = ", ".join(
        f"{{{{ label.{name} }}}}"
        for name in (
            *("replacement-password.access_code", "replacement-password.new-password.submit", "devices.title"),
            *("access-code.preferences.name", "request-status.address.house_number"),
        )
    )
    assert [
        "Access code, Save my password, Where you are logged in, Preferences, House number and addition",
        "Toegangscode, Sla mijn wachtwoord op, Waar je bent ingelogd, Voorkeuren, Huisnummer en toevoeging",
    ] == [plain_text(page(source, lang).html) for lang in ("en", "nl")]


def test_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a mark in markdown, HTML or a table stands on the page as it stands on the button."""
    text = "Don't <i>stop</i> *here* | [x](y) -- `no` #1"
    monkeypatch.setattr(LinkForm, "submit", lazy_gettext(text))
    found = page(f"| Button | |\n|---|---|\n| {LINK} | z |")
    cells = re.findall(r"<td>(.*?)</td>", found.html)
    assert [text, "z"] == [plain_text(cell) for cell in cells]


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("{{ label.devices.titel }}", "there is no label 'devices.titel'; 'devices' has "),
        ("{{ label.devices.titel }}", "; did you mean 'devices.title'?"),
        (
            "{{ label.device.title }}",
            "there is no label 'device.title': no form 'device' is on; did you mean 'devices'?",
        ),
        ("{{ label.my }}", "there is no label 'my'; 'my' has title"),
        ("{{ label.replacement-password.outdated }}", "there is no label 'replacement-password.outdated'; "),
        ("[x]({{ label.devices.title }})", "'{{ label.devices.title }}' is a label: no link can lead there"),
    ],
)
def test_unknown(reference: str, said: str) -> None:
    """It is told at its line, with what may have been meant and what there is; the page is read on."""
    found = page(f"One\n\nTwo {reference}\n\n## Q {{#q}}\n")
    (problem,) = found.problems
    assert ("content/en/x.md", 6, True, "labels") == (problem.file, problem.line, problem.error, problem.see)
    assert (True, ["", "q"]) == (said in problem.message, [q.id for q in found.questions]), problem.message


def test_front_matter() -> None:
    """It is read in the front matter too, and in what other pages say of a page and its questions."""
    front = f'title: "After {LINK}"\n'
    source = f"---\n{front}---\n## {LINK} {{#q}}\n"
    with using_language("nl"):
        info = page_info("nl", "x", {"title": f"After {LINK}"}, FACTS, source)
    assert ("After Send me the link", "After Stuur me de link", "Stuur me de link") == (
        page("", front=front).meta["title"],
        info.title,
        info.questions[0].title,
    )
    (problem,) = page("", front="title: T\ndescription: '{{ label.devices.titel }}'\n").problems
    assert (3, "labels") == (problem.line, problem.see)


@pytest.mark.parametrize(
    ("lang", "body", "said"),
    [
        ("nl", "Kies ‘Stuur me de link’.", [7]),
        ("nl", "Kies “Stuur me de link” of\n'Toegangscode'.", [7, 8]),
        ("nl", "Kies ‘Send me the link’.", []),  # that is what it is in English
        ("nl", "Kies ‘Uitloggen’.", []),  # another form's, to which the page does not lead
        ("en", f"Choose ‘{LINK}’ now. Send me the link.", []),
    ],
)
def test_copied(lang: str, body: str, said: list[int]) -> None:
    """Words of a form of the page that are written by hand are told, with the name that says the same."""
    found = page(f"Wat\n\n[Vraag het](selfservice:replacement-password) en\n{body}\n", lang)
    told = [one for one in advice(found, f"content/{lang}/x.md") if one.see == "labels"]
    assert (said, not any(one.error for one in told)) == ([one.line for one in told], True)
    assert not told or "write {{ label.replacement-password.submit }}" in told[0].message


def test_renamed(copied: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A button with another name has that name on its form, in the pages, and in what is found there."""
    path = copied.content / "en" / "digid.md"
    path.write_text(f"{path.read_text('utf-8')}\n\nChoose ‘{LINK}’.\n", "utf-8")
    monkeypatch.setattr(LinkForm, "submit", lazy_gettext("Dispatch it by pigeon"))
    app = new_app_unshared(copied)
    build(app, copied, compress=False)
    client = app.test_client()
    shown = [
        (copied.site / "en" / "digid" / "index.html").read_text("utf-8"),
        client.get("/en/self-service/replacement-password").text,
    ]
    found = client.get("/en/self-service/search?q=pigeon").text
    assert (["Dispatch it by pigeon"] * 2, True) == (
        [match[0] for text in shown if (match := re.search("Dispatch it by pigeon", text))],
        'href="/en/digid/' in found,
    )


def test_each_name_is_one_text() -> None:
    """Two classes of a form that share a step share no name, so a name in a page means one thing."""
    found: dict[tuple[str, str, str], set[int]] = {}
    for cls in _classes(Form):
        for name in dir(cls):
            value = getattr(cls, name)
            if isinstance(value, UnboundField | LazyProxy) and not hasattr(Form, name):
                found.setdefault((getattr(cls, "fragment", str(cls)), cls.step, name), set()).add(id(value))
    assert [] == [names for names, values in found.items() if len(values) > 1]
    assert len(found) > 40


def _classes(cls: type[Form]) -> Iterator[type[Form]]:
    for each in cls.__subclasses__():
        if each.__module__.startswith("selfservice."):
            yield each
            yield from _classes(each)


def test_buttons_can_be_named() -> None:
    """No template of a form has the words of a button in it: those stand in the class, where pages find them."""
    folder = PACKAGE / "fragments"
    templates = [path for path in folder.rglob("*.html") if "forms.button(" in path.read_text("utf-8")]
    wrong = [str(path.relative_to(folder)) for path in templates if "forms.button(_(" in path.read_text("utf-8")]
    assert ([], True) == (wrong, len(templates) > 20)
