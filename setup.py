"""What the wheel holds beside Python (the rest of its description is in pyproject.toml)."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from setuptools import setup
from setuptools.command.build_py import build_py


class BuildPackage(build_py):
    """Puts what stands beside the package in a clone inside it, and compiles the translations. An editable install
    leaves the first where it is, and has the second beside their sources.
    """

    def run(self) -> None:
        """Build the package."""
        super().run()
        here, package = Path(), Path(self.build_lib) / "selfservice"
        if not self.editable_mode:
            for name in ("site", "content", "examples/gemeente/content"):
                shutil.rmtree(package / name, ignore_errors=True)
                shutil.copytree(here / name, package / name)
            shutil.copy(here / "pelicanconf.py", package)
        target = here if self.editable_mode else package
        for source in here.glob("translations/*/LC_MESSAGES/*.po"):
            compiled = target / source.with_suffix(".mo")
            compiled.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as texts, compiled.open("wb") as file:
                catalog = read_po(texts, locale=source.parent.parent.name)
                # Or it would be the moment of this build, and no two builds the same.
                catalog.creation_date = datetime.fromtimestamp(0, UTC)
                write_mo(file, catalog)


setup(cmdclass={"build_py": BuildPackage})
