"""Following the builds: a process that runs goes on with the one that is current, without being started again."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from flask import Flask

from selfservice.app import create_app, succeed
from selfservice.builds import Builds, Hold, notes_of
from selfservice.config import Config, ConfigError
from selfservice.facts.kinds import FactError
from selfservice.facts.rights import RightsError
from selfservice.logs import LOGGER
from selfservice.site_config import SITE, load_site

SECONDS = 1.0  # between two looks at the link
PREVIEW_SECONDS = 0.01  # an editor waits for it
_REASONS = (ConfigError, FactError, RightsError, OSError)


class Following:
    """The app of the build that is current, and its settings. Before the first build, or when that cannot be loaded,
    those of no build.
    """

    app: Flask  # for who has it, it stays what it is when another has come

    def __init__(self, config: Config, app: Flask | None = None) -> None:
        self.config = config
        self._builds, self._seen = Builds(config.output), config.build
        self._held: Hold | None = None
        # As it was when the process was started.
        self._version = version("loket")
        if app is not None:
            self.app = app
        if not self.look() and app is None:
            self.app = create_app(config)

    def look(self) -> bool:
        """Whether there is a new app, since another build is current: with the database, keys and locks of the former.

        A build that cannot be loaded is logged, once, and the former goes on.
        """
        build = self._builds.current()
        if build is None or build == self._seen:
            return False
        self._seen = build
        if build == self.config.build:
            return False
        config, made_by = self.config.at(build), notes_of(build).program.partition("+")[0]
        if made_by not in ("", self._version):
            return self._refuse(build, f"made by Loket {made_by}, and this is {self._version}: start Loket again")
        try:
            if load_site(config.content) != SITE:
                LOGGER.info("build", extra={"fields": {"build": build.name, "waits_for": "new processes"}})
                return False
            self.app = succeed(self.app, config) if hasattr(self, "app") else create_app(config)
        except Exception as error:  # noqa: BLE001 (whatever it is, the site must go on)
            return self._refuse(build, str(error) if isinstance(error, _REASONS) else type(error).__name__)
        self.config = config
        # Until another comes, which may be after many publications that this process cannot load.
        self._held = None
        with suppress(OSError):
            self._held = Hold(build)
        return True

    def _refuse(self, build: Path, why: str) -> bool:
        LOGGER.error("build", extra={"fields": {"build": build.name, "refused": why}})
        return False


class SiteFile:
    """The site.toml that a process would have which is started now, since those that run have theirs for good."""

    def __init__(self, config: Config) -> None:
        self._builds, self._content = Builds(config.output), config.content
        self._seen: Path | None = None
        self._site = SITE

    def changed(self) -> bool:
        """Whether it is another one than at the last look, which at first is when this process was started."""
        build = self._builds.current()
        if build is None or build == self._seen:
            return False
        try:
            site = load_site(self._content)
        except (ConfigError, OSError):
            return False
        self._seen = build
        former, self._site = self._site, site
        return site != former
