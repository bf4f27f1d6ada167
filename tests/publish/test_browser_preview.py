"""`loket serve --reload`: what an editor saves shows in the open page by itself."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Browser, expect

from selfservice.config import ROOT
from tests.live_server import START_SECONDS, path, running, wait_until
from tests.visitors import VisitorFactory

SECONDS = 60_000.0  # milliseconds; it takes a fraction of one second on a machine that does nothing else


def test_saved_edit_shows(tmp_path: Path, chromium: Browser) -> None:
    """A saved edit shows in the open page; a mistake is named there, and goes when it is mended."""
    content = tmp_path / "content"
    shutil.copytree(ROOT / "content", content)
    file = content / "en" / "contact.md"
    text = file.read_text("utf-8")
    with running(tmp_path, None, "--reload", content=content) as base:
        visit = VisitorFactory(chromium, base)
        page = visit().go(path("en", "contact"))
        # The watcher tells the browser of itself just before it begins to watch.
        wait_until(lambda: page.request.get(f"{base}/preview.json").ok, START_SECONDS)
        page.wait_for_timeout(1000)
        file.write_text(text + "\nA line that was just saved.\n", "utf-8")
        expect(page.get_by_text("A line that was just saved.")).to_be_visible(timeout=SECONDS)
        file.write_text(text + "\nSee [nothing](nowhere.md).\n", "utf-8")
        expect(page.locator(".preview-problems")).to_contain_text("contact.md", timeout=SECONDS)
        file.write_text(text + "\nMended again.\n", "utf-8")
        expect(page.get_by_text("Mended again.")).to_be_visible(timeout=SECONDS)
        expect(page.locator(".preview-problems")).to_have_count(0)
        visit.close()
