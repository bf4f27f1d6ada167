"""A copy of the site with a third language, in which every text is marked: that of code by a catalog, the owner's words
in the copied content. What a reader sees without a mark is then a text that nobody can translate.
"""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from selfservice.commands.catalogs import TEMPLATE
from selfservice.config import ROOT

# West Frisian: Babel knows how it writes days and amounts, Snowball does not know it.
CODE = "fy"
# The font of letters has them, and no text of ours does.
OPEN, CLOSE = "«", "»"
_TEXTS = re.compile(r"""(\{\s*en\s*=\s*"((?:[^"\\]|\\.)*)"[^}]*?)\s*}|^en = "(.*)"$""", re.MULTILINE)
_WORDS_OF_PAGE = re.compile(r"^(\s*(?:- )?(?:title|description|lead|text|want|how): )(.*)$", re.MULTILINE)
_FILLED_IN = re.compile(r"%\(\w+\)\w|\{\{.*?}}")
# A form, or an answer in a question tree: nothing else may stand beside it.
_LINK = re.compile(r"(- |)\[([^]]*)]\(((?:#|selfservice:)[\w-]+)\)")
_PICTURE = re.compile(r"!\[([^]]*)](\([^)]*\))")
_LINE = re.compile(r"^(\s*(?:#+ |- |\d+\. |> )?)(.*?)(\s*\{#[\w-]+\})?$")


def make_site(folder: Path) -> None:
    """Copy the content to the folder, and give it the third language."""
    content = folder / "content"
    shutil.copytree(ROOT / "content", content)
    for file in content.glob("*.toml"):
        file.write_text(_TEXTS.sub(_with_third, file.read_text("utf-8")), "utf-8")
    site = content / "site.toml"
    site.write_text(
        re.sub(r"^languages = \[(.*)]", rf'languages = [\1, "{CODE}"]', site.read_text("utf-8"), flags=re.MULTILINE)
    )
    (content / CODE).mkdir()
    for page in (content / "en").glob("*.md"):
        (content / CODE / page.name).write_text(_marked_page(page.read_text("utf-8")), "utf-8")
    catalog = folder / "translations" / CODE / "LC_MESSAGES"
    catalog.mkdir(parents=True)
    (catalog / "messages.mo").write_bytes(_marked_catalog())


def mark(text: str) -> str:
    """The text in the third language; what is filled in stands outside the marks. An address is what it is."""
    return text if text.startswith("https:") else OPEN + _FILLED_IN.sub(rf"{CLOSE}\g<0>{OPEN}", text) + CLOSE


def _with_third(match: re.Match[str]) -> str:
    if match[1]:
        return f'{match[1]}, {CODE} = "{mark(match[2])}" }}'
    return f'{match[0]}\n{CODE} = "{mark(match[3])}"'


def _marked_catalog() -> bytes:
    with TEMPLATE.open("rb") as file:
        template = read_po(file)
    catalog = Catalog(locale=CODE)
    for message in template:
        if message.id:
            texts = [message.id] if isinstance(message.id, str) else list(message.id)
            marked = [mark(text) for text in texts]
            catalog.add(message.id, marked[0] if len(marked) == 1 else tuple(marked), context=message.context)
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def _marked_page(text: str) -> str:
    """A page with each text of its front matter, and each line, cell or item of its body, marked."""
    _, head, body = text.split("---\n", 2)
    head = _WORDS_OF_PAGE.sub(
        lambda match: match[1] + json.dumps(mark(match[2].strip().strip("\"'")), ensure_ascii=False), head
    )
    return f"---\n{head}---\n{''.join(_marked_line(line) for line in body.splitlines(keepends=True))}"


def _marked_line(line: str) -> str:
    text = line.rstrip("\n")
    if not text.strip() or re.fullmatch(r"[|:\s-]+|<.*>", text.strip()):
        return line
    if text.startswith("|"):
        return "|".join(f" {mark(cell.strip())} " if cell.strip() else cell for cell in text.split("|")) + "\n"
    if picture := _PICTURE.fullmatch(text):
        return f"![{mark(picture[1])}]{picture[2]}\n"
    if link := _LINK.fullmatch(text):
        return f"{link[1]}[{mark(link[2])}]({link[3]})\n"
    match = _LINE.match(text)
    assert match is not None
    return f"{match[1]}{mark(match[2])}{match[3] or ''}\n"
