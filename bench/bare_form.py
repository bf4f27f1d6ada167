"""The peer of our steps: bare Flask with a row a visitor in SQLite, read and shown, or written and left (303)."""

from __future__ import annotations

import os
import threading

from flask import Flask, Response, redirect, request

from selfservice.db import Connection, connect

VARIABLE = "PLAIN_DATABASE"
PAGE = """<!doctype html><title>Plain</title><form method="post" action="/">
{% for name in ("kvk_number", "given_name", "family_name", "email", "telephone") %}
<label for="{{ name }}">{{ name }}</label><input id="{{ name }}" name="{{ name }}" value="{{ kept }}">
{% endfor %}
<button>Continue</button></form>"""


def form_app() -> Flask:
    """One route: GET reads the visitor's row and renders a form of five fields with it, POST writes the row."""
    app = Flask("plain")
    local = threading.local()
    # Compiled once, as a template in a file is.
    page = app.jinja_env.from_string(PAGE)

    def database() -> Connection:
        """A connection a thread, as safe and as quick as ours: the write-ahead log, and each commit on the disk."""
        if not hasattr(local, "conn"):
            local.conn = connect(os.environ[VARIABLE])
            local.conn.execute("PRAGMA journal_mode = WAL")
            local.conn.execute("PRAGMA synchronous = FULL")
            local.conn.execute("CREATE TABLE IF NOT EXISTS kept (visitor TEXT PRIMARY KEY, content TEXT NOT NULL)")
        conn: Connection = local.conn
        return conn

    def answer() -> str | Response:
        conn, visitor = database(), request.cookies.get("plain", "")
        if request.method == "POST":
            values = {"visitor": visitor, "content": "&".join(f"{k}={v}" for k, v in request.form.items())}
            conn.execute(
                """INSERT INTO kept (visitor, content) VALUES (:visitor, :content)
                   ON CONFLICT (visitor) DO UPDATE SET content = excluded.content""",
                values,
            )
            sent = redirect("/", 303)
            assert isinstance(sent, Response)
            return sent
        row = conn.execute("SELECT content FROM kept WHERE visitor = :visitor", {"visitor": visitor}).fetchone()
        return page.render(kept=row[0] if row else "")

    app.add_url_rule("/", "answer", answer, methods=["GET", "POST"])
    return app
