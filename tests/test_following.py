"""What runs goes on with the build that is published, without being started again, and nothing of the former stays."""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import shutil
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from selfservice import clock
from selfservice.builds import CONTENT, KEPT, NOTES, Builds
from selfservice.config import ROOT, Config
from selfservice.db import Database
from selfservice.following import Following, SiteFile
from selfservice.fragments import FRAGMENTS, ON_ALL_PAGES
from selfservice.i18n.languages import LANGUAGES
from selfservice.mail import outbox
from selfservice.mailer import render_mail
from tests import house
from tests.access_code_helpers import PERSON, PREFERENCES, AccessCodeForm
from tests.clients import HouseClient
from tests.conftest import SECRET, Site
from tests.domain_helpers import CONTEXT, rows
from tests.editor import Editor
from tests.live_server import MailServer, wait_until
from tests.sign_in_helpers import database, prepare
from tests.tabs import Tab
from tests.test_stale_pages import PERSONAL, log_in_for, state

FORM = "/en/self-service/replacement-password"
GONE = """---
title: To be gone
description: A page that is there in one build only.
slug: gone
section: log-in
order: 900
updated: 2026-11-30
reviewed: 2026-11-30
---
What stands here goes.

## Is this a question? {#question}

Yes.
"""


@pytest.fixture(scope="module")
def two(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Editor:
    """Two builds: in the second, facts and titles are others, and a page is gone. The first is served."""
    made = Editor(dataclasses.replace(site.config, output=tmp_path_factory.mktemp("two") / "output"))
    for lang in LANGUAGES:
        (made.content / lang / "gone.md").write_text(GONE, "utf-8")
    first = made.publish()
    for lang in LANGUAGES:
        made.take_away("gone", lang)
        for key in ("cannot-log-in", "privacy"):
            made.edit(f"{lang}/{key}.md", "^title: .*", "title: Number two")
    for fact, value in (("access_code.delivery_working_days", "[6, 9]"), ("password.min_length", "20")):
        made.edit("facts.toml", rf"(?<=^\[{fact}\]\n)(kind = .*\n)value = .*", rf"\1value = {value}")
    made.edit("facts.toml", r"(?<=^\[organisation.name\]\nkind = \"text\"\nvalue = )\"KVK\"", '"Number Two"')
    made.publish()
    made.builds.switch(first)
    return made


@pytest.fixture
def builds(two: Editor, tmp_path: Path) -> Builds:
    """A copy of those builds."""
    shutil.copytree(two.config.output, tmp_path / "output", symlinks=True, copy_function=os.link)
    return Builds(tmp_path / "output")


def client_of(following: Following) -> HouseClient:
    """A browser, without scripts."""
    following.app.test_client_class = HouseClient
    client = following.app.test_client()
    assert isinstance(client, HouseClient)
    return client


def test_the_current_build(config: Config, builds: Builds) -> None:
    """The app is that of the build that is current, and reads what that was made from; going back too."""
    following = Following(config)
    first, second = builds.all()
    for served, title in ((second, "Number two"), (first, "I cannot log in")):
        builds.switch(served)
        assert (True, False) == (following.look(), following.look())
        assert (served, served / CONTENT) == (following.config.build, following.config.content)
        pages = following.app.extensions["layout"].pages()
        assert (title, served) == (
            pages["en", "cannot-log-in"].title,
            following.app.extensions["services"].config.build,
        )
        assert title in client_of(following).get(FORM).text


def test_mails_follow(config: Config, builds: Builds) -> None:
    """A mail says what the facts of the current build say."""
    following = Following(config)
    said = []
    for served in builds.all():
        builds.switch(served)
        following.look()
        wired = following.app.extensions["services"]
        said.append(render_mail(wired, "replacement_password.changed", "en", {"name": "Jip"})[1])
    assert [(False, True), (True, False)] == [("Number Two" in text, " KVK " in text) for text in said]


def test_no_build_yet(config: Config) -> None:
    """Without a build there is an app all the same, for the content that there is."""
    following = Following(config)
    assert (None, False) == (following.config.build, following.look())
    assert 200 == client_of(following).get(FORM).status_code


@pytest.mark.parametrize("file", ["facts.toml", "rights.toml", "site.toml"])
def test_a_build_that_cannot_be_loaded(
    config: Config, builds: Builds, caplog: pytest.LogCaptureFixture, file: str
) -> None:
    """The former goes on, one line says why, and the next build is served."""
    first, second = builds.all()
    (second / CONTENT / file).unlink()
    (second / CONTENT / file).write_text("nonsense\n", "utf-8")
    following = Following(config)
    app = following.app
    builds.switch(second)
    with caplog.at_level("INFO", "loket"):
        assert [False] * 3 == [following.look() for _ in range(3)]
    assert (app, first) == (following.app, following.config.build)
    (line,) = caplog.records
    assert (second.name, True) == (line.fields["build"], file in line.fields["refused"])  # type: ignore[attr-defined]
    third = second.with_name("third")
    shutil.copytree(first, third)
    builds.switch(third)
    assert (True, third) == (following.look(), following.config.build)


def test_a_build_that_is_served_is_kept(config: Config, builds: Builds) -> None:
    """However many builds come that the process cannot go on to; once it has gone on, the build goes as any other."""
    first, second = builds.all()
    (second / NOTES).unlink()
    (second / NOTES).write_text(json.dumps({"program": "9.9.9+abc"}), "utf-8")
    following, foreign = Following(config), shutil.copytree(second, builds.folder.with_name("foreign"))
    for number in range(2 * KEPT):
        builds.switch(shutil.copytree(foreign, second.with_name(f"{second.name}.{number}")))
        builds.prune()
        assert (False, True) == (following.look(), first.is_dir())
    builds.switch(shutil.copytree(first, second.with_name(f"{second.name}.last")))
    assert following.look()
    builds.prune()
    assert not first.exists()


def test_a_build_of_another_version(config: Config, builds: Builds, caplog: pytest.LogCaptureFixture) -> None:
    """What another version of Loket made, which is being put in this one's place, is left to its processes."""
    first, second = builds.all()
    notes = json.loads((second / NOTES).read_text("utf-8"))
    (second / NOTES).unlink()
    (second / NOTES).write_text(json.dumps(notes | {"program": "9.9.9+abc"}), "utf-8")
    following = Following(config)
    builds.switch(second)
    assert (False, first) == (following.look(), following.config.build)
    assert "made by Loket 9.9.9" in caplog.records[-1].fields["refused"]  # type: ignore[attr-defined]


def test_another_site_toml(config: Config, builds: Builds, caplog: pytest.LogCaptureFixture) -> None:
    """What a process has for good takes another one: once that is there to be started, and until then the former app
    goes on.
    """
    _, second = builds.all()
    file = second / CONTENT / "site.toml"
    text = file.read_text("utf-8")
    file.unlink()
    file.write_text(text.replace('name = "KVK Help"', 'name = "Another"'), "utf-8")
    config = dataclasses.replace(config, content=builds.folder / "current" / CONTENT)
    following, site_file = Following(config), SiteFile(config)
    assert [False, False] == [site_file.changed(), site_file.changed()]
    builds.switch(second)
    with caplog.at_level("INFO", "loket"):
        assert ([False, False], [True, False]) == (
            [following.look() for _ in range(2)], [site_file.changed() for _ in range(2)]
        )  # fmt: skip
    assert ["new processes"] == [line.fields["waits_for"] for line in caplog.records]  # type: ignore[attr-defined]
    assert "KVK Help" in client_of(following).get(FORM).text


def test_shared(config: Config, builds: Builds) -> None:
    """Database, keys, hasher, limits of downloads, and the probe of /health are those of the process."""
    following = Following(config)
    former = following.app
    builds.switch(builds.all()[1])
    assert following.look()
    ours, theirs = (app.extensions["services"] for app in (following.app, former))
    assert all(getattr(ours, name) is getattr(theirs, name) for name in ("db", "keys", "hasher"))
    assert all(following.app.extensions[name] is former.extensions[name] for name in ("write_probe", "downloads"))
    assert ours.facts is not theirs.facts


def test_nothing_stays(config: Config, builds: Builds) -> None:
    """After 25 publications, searched and asked by four threads each time, there are no more open files, threads or
    apps than after two.
    """
    first, second = builds.all()
    following = Following(config)
    apps: list[weakref.ref[Flask]] = []
    held = []
    lined_up = threading.Barrier(4)

    def ask(_: int) -> list[int]:
        lined_up.wait()
        client = client_of(following)
        return [client.get(path).status_code for path in (FORM, "/en/self-service/search?q=code", "/en/nothing")]

    with ThreadPoolExecutor(4) as threads:
        for number in range(25):
            # Each with a name of its own, as real ones have.
            made = builds.folder / f"made-{number}"
            made.symlink_to((first, second)[number % 2])
            builds.switch(made)
            assert following.look()
            apps.append(weakref.ref(following.app))
            assert [[200, 200, 404]] * 4 == list(threads.map(ask, range(4)))
            gc.collect()
            alive = len([app for app in apps if app() is not None])
            held.append((len(os.listdir("/proc/self/fd")), threading.active_count(), alive))  # noqa: PTH208
    assert [held[2]] * 23 == held[2:]
    assert 1 == held[-1][2]
    following.app.extensions["services"].db.close()


@pytest.fixture(params=["to the next", "back"])
def moving(request: pytest.FixtureRequest, config: Config, builds: Builds) -> Moving:
    """A browser whose site is at one of two builds, and then at the other."""
    before, after = builds.all() if request.param == "to the next" else builds.all()[::-1]
    builds.switch(before)
    following = Following(config)
    prepare(following.app)
    return Moving(following, client_of(following), builds, after)


@dataclasses.dataclass(frozen=True)
class Moving:
    """A browser, and what moves the site below it to another build."""

    following: Following
    client: HouseClient
    builds: Builds
    after: Path

    def move(self) -> None:
        """The browser stays where it is; the site is of the other build."""
        self.builds.switch(self.after)
        assert self.following.look()
        self.client.application = self.following.app


def test_start_views_of_another_build(moving: Moving) -> None:
    """What was shown by one build is taken by another: each form as it stands, and filled in by nobody."""
    tabs = {
        (lang, name): Tab(moving.client).open(f"/{lang}/self-service/{name}")
        for lang in LANGUAGES for name in FRAGMENTS if name not in ON_ALL_PAGES
    }  # fmt: skip
    moving.move()
    tried = set()
    for (lang, name), tab in tabs.items():
        address = f"/{lang}/self-service/{name}"
        for form in house.elements(house.parse(tab.answer.text), "form"):
            action = form.get("action", "")
            if form.get("method") == "post" and action.startswith(address) and "/sign-out" not in action:
                assert tab.send(action, {}).status_code in (200, 303, 422), action
                tried.add(name)
    assert {"access-code", "replacement-password", "lost-access-code", "sign-in", "request-status"} <= tried


@pytest.mark.parametrize("endpoint", PERSONAL)
def test_personal_forms_of_another_build(moving: Moving, endpoint: str) -> None:
    """What was shown by one build to who is logged in, and says what it is about, is done by another."""
    log_in_for(moving.following.app, moving.client, endpoint)
    tab, action, typed = PERSONAL[endpoint](moving.following.app, moving.client)
    moving.move()
    app = moving.following.app
    before = state(app), rows(database(app), "sessions")
    answer = tab.send(action, typed)
    assert (True, True) == (answer.status_code < 400, before != (state(app), rows(database(app), "sessions")))


@pytest.mark.parametrize("at", ["need", "preferences", "check"])
def test_a_request_over_two_builds(moving: Moving, at: str) -> None:
    """A form of several steps that was begun at one build is finished at another, from any step."""
    one = AccessCodeForm(moving.client)
    one.fill_in(until=at)
    tab = Tab(moving.client).open(one.address(at))
    moving.move()
    typed = {"need": {"need": "private", **PERSON}, "preferences": PREFERENCES, "check": {}}[at]
    assert 303 == tab.send(one.address(at), typed).status_code
    if at != "check":
        one.fill_in()
        assert "done" == one.goes("check")
    assert "done" == one.leads(one.see("check"))


def test_a_page_that_is_gone(moving: Moving) -> None:
    """Whether a page helped is taken for one that only one of the builds has: it is answered, and counted or not."""
    answer = moving.client.get("/en/self-service/useful?page=gone")
    moving.move()
    data = {"page": "gone", "question": "question", "useful": "no"}
    assert moving.client.post("/en/self-service/useful", data=data).status_code in (200, 303, 422), answer


@pytest.mark.slow
def test_the_worker_follows(config: Config, builds: Builds) -> None:
    """`loket worker` sends what is queued after a publication with its facts; with another site.toml too, for which it
    starts itself anew.
    """
    first, second = builds.all()
    third = builds.folder / "third"
    shutil.copytree(second, third)
    for name, former, new in (("site.toml", "KVK Help", "Another"), ("facts.toml", "Number Two", "Number Three")):
        text = (third / CONTENT / name).read_text("utf-8")
        (third / CONTENT / name).write_text(text.replace(former, new), "utf-8")
    given = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    own = {
        "LOKET_DEMO": "1", "LOKET_DATABASE": str(config.database), "LOKET_SECRET_KEY": SECRET.decode(),
        "LOKET_OUTPUT": str(builds.folder), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    with closing(Database(config.database)) as db, MailServer() as mail:
        command = [sys.executable, "-m", "selfservice", "worker"]
        url = {"LOKET_SMTP_URL": f"smtp://127.0.0.1:{mail.port}"}
        worker = subprocess.Popen(command, cwd=config.output.parent, env=given | own | url)
        try:
            for served, name in ((first, "KVK"), (second, "Number Two"), (third, "Number Three"), (first, "KVK")):
                builds.switch(served)
                key = f"{served.name} {len(mail.messages)}"
                with db.write() as conn:
                    outbox.enqueue(
                        conn, CONTEXT, clock.now(), idempotency_key=key, kind="replacement_password.changed",
                        recipient=f"somebody{len(mail.messages)}@example.org", language="en", payload={"name": "Jip"},
                    )  # fmt: skip
                count = len(mail.messages)
                wait_until(lambda count=count: len(mail.messages) > count, 60)  # type: ignore[misc]
                body = mail.messages[-1].get_body(("plain",))
                assert body is not None
                assert f"Your password at {name} was changed" in body.get_content()
            assert worker.poll() is None
        finally:
            worker.terminate()
            worker.wait(20)
    assert 0 == worker.returncode
