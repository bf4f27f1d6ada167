"""An application for the tests of the server: ours, with views that say what they got and that send a file."""

from __future__ import annotations

import os

from flask import Response, jsonify, request, send_file

from selfservice.config import load
from selfservice.following import Following
from selfservice.server import Server

FILE = "LOKET_TEST_FILE"
SAID = ("REMOTE_ADDR", "HTTP_HOST", "HTTP_COOKIE", "HTTP_X_ONE", "CONTENT_LENGTH", "CONTENT_TYPE", "SERVER_PROTOCOL")


def application() -> Server:
    """A factory for granian; the file's name comes from the environment."""
    following = Following(load())
    app = following.app

    @app.post("/echo")
    @app.get("/echo/<path:path>")
    def echo(path: str = "") -> Response:
        said = {name: request.environ.get(name) for name in SAID}
        return jsonify({**said, "path": path, "query": request.args.to_dict(), "body": len(request.get_data())})

    @app.get("/file")
    def file() -> Response:
        """A download as the views of the app make one, deleted as soon as it is on its way."""
        answer = send_file(os.environ[FILE], "text/csv", as_attachment=True, download_name="orders.csv")
        if request.args.get("gone"):
            os.unlink(os.environ[FILE])  # noqa: PTH108
        return answer

    @app.get("/fails")
    def fails() -> Response:
        def parts() -> object:
            yield b"a,b\r\n"
            raise OSError("the disk is gone")

        return Response(parts(), mimetype="text/csv")  # type: ignore[arg-type]

    return Server(following)
