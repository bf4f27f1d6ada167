"""An editor, for tests of what is published: somebody with a copy of the content, who publishes it."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

from selfservice.app import create_app
from selfservice.builds import Builds
from selfservice.config import Config
from selfservice.publish.build import build


class Editor:
    """Who publishes: a copy of the content to edit, and builds that are made of it."""

    def __init__(self, config: Config) -> None:
        self.content = config.output.parent / "editing"
        shutil.copytree(config.content, self.content)
        self.config = dataclasses.replace(config, content=self.content)
        self.builds = Builds(config.output)

    def edit(self, file: str, former: str, new: str) -> None:
        """Change the first text of a file of the content that fits."""
        path = self.content / file
        text, count = re.subn(former, new, path.read_text("utf-8"), count=1, flags=re.MULTILINE)
        assert count == 1, (file, former)
        path.write_text(text, "utf-8")

    def take_away(self, key: str, lang: str) -> None:
        """Delete a page whose slug is its key, and say that its address is gone for good."""
        (self.content / lang / f"{key}.md").unlink()
        with (self.content / "addresses.toml").open("a", encoding="utf-8") as file:
            file.write(("" if file.tell() else "[gone]\n") + f'"/{lang}/{key}/" = ""\n')

    def publish(self, *, compress: bool = False) -> Path:
        """Build, and serve that from then on."""
        return build(create_app(self.config), self.config, compress=compress).output
