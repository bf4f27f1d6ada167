"""Templates are read and compiled once, when the server starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from flask import Flask

from selfservice.clock import now
from selfservice.config import Config
from selfservice.mailer import render_mail
from selfservice.web.layout import compile_templates
from tests.conftest import new_app_unshared


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """An app with templates of its own."""
    made = new_app_unshared(config)
    yield made
    made.extensions["services"].db.close()


def test_all_are_loaded(app: Flask) -> None:
    """Every template of a page and of a mail compiles, and none is looked for on the disk afterwards."""
    compile_templates(app.jinja_env)
    assert isinstance(app.jinja_env.loader, jinja2.DictLoader)
    names = set(app.jinja_env.loader.mapping)
    assert {"layout.html", "access_code/need.html", "replacement_password/mail_link.txt"} <= names
    assert 200 == app.test_client().get("/en/self-service/access-code").status_code
    payload = {"name": "Jip", "moment": now().isoformat()}
    subject, _ = render_mail(app.extensions["services"], "replacement_password.changed", "en", payload)
    assert "Your password was changed" == subject


def test_replaced_on_disk(app: Flask, tmp_path: Path) -> None:
    """A template that is replaced while the server runs is not mixed with what was there: neither it nor what it
    includes.
    """
    (tmp_path / "whole.html").write_text("{% include 'part.html' %}")
    (tmp_path / "part.html").write_text("old")
    app.jinja_env.loader = jinja2.FileSystemLoader(tmp_path)
    compile_templates(app.jinja_env)
    (tmp_path / "part.html").write_text("new")
    mails = app.jinja_env.overlay(autoescape=False)
    assert ["old", "old"] == [env.get_template("whole.html").render() for env in (app.jinja_env, mails)]


def test_broken(app: Flask, tmp_path: Path) -> None:
    """A broken template fails the start, not somebody's request."""
    (tmp_path / "broken.txt").write_text("{% if %}")
    app.jinja_env.loader = jinja2.FileSystemLoader(tmp_path)
    with pytest.raises(jinja2.TemplateSyntaxError):
        compile_templates(app.jinja_env)
