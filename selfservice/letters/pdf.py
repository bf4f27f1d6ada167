"""Compiling a letter to PDF: A4 for a window envelope, tagged (PDF/UA-1), and reproducible."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typst

FOLDER = Path(__file__).parent
PDF_STANDARD: Final = "ua-1"


class PdfCompiler:
    """Compiles PDFs with our own fonts only, so that a letter looks the same on every machine. Not thread-safe."""

    def __init__(self) -> None:
        fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FOLDER / "fonts")]
        )
        self._compiler = typst.Compiler(str(FOLDER / "letter.typ"), root=str(FOLDER), font_paths=fonts)

    def compile_letter(self, text: dict[str, Any], created_at: datetime) -> bytes:
        """The PDF of what `text.letter_text` wrote. `created_at` is what the file gives as the time it was made.

        What people typed reaches the layout as text, never as markup. Raises typst.TypstError when the text cannot be
        set, for instance for a character that the fonts lack (`characters.unprintable`).
        """
        made = self._compiler.compile(
            format="pdf",
            pdf_standards=PDF_STANDARD,
            timestamp=int(created_at.timestamp()),
            sys_inputs={"letter": json.dumps(text, ensure_ascii=False)},
        )
        if not isinstance(made, bytes):
            raise TypeError("a letter is one PDF")
        return made
