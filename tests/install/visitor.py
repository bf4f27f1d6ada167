"""A visitor of the tree's site, as a browser without scripts: over https, through the front."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable
from http.client import HTTPSConnection
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, HTTPSHandler, OpenerDirector, Request, build_opener

from tests.house import elements, parse
from tests.install.tree import Tree, TreeError

SECONDS = 30


class Visitor:
    """One visitor, with cookies of their own, who trusts what this authority signed."""

    def __init__(self, tree: Tree, host: str, authority: Path) -> None:
        self._tree = tree
        self.address, self.text = f"https://{host}/", ""
        self._opener = _opener(ssl.create_default_context(cafile=str(authority)))

    def go(self, address: str) -> str:
        """Open an address of the site; the page that it leads to. Raises TreeError for an error page."""
        return self._open(Request(urljoin(self.address, address))).decode()

    def get(self, address: str) -> bytes:
        """The file at an address."""
        return self._open(Request(urljoin(self.address, address)))

    def send(self, **fields: str) -> str:
        """Fill in the form of this page that has all these fields, and send it; the page that it leads to."""
        for form in elements(parse(self.text), "form"):
            inputs = {one.get("name"): one for one in elements(form, "input")}
            if form.get("method") == "post" and fields.keys() <= inputs.keys():
                hidden = {
                    str(name): one.get("value", "") for name, one in inputs.items() if one.get("type") == "hidden"
                }
                body = urlencode(hidden | fields).encode()
                return self._open(Request(urljoin(self.address, form.get("action")), body)).decode()
        raise TreeError(f"no form on {self.address} asks for {', '.join(fields)}")

    def _open(self, request: Request) -> bytes:
        request.add_header("Sec-Fetch-Site", "same-origin")
        try:
            with self._tree.network(), self._opener.open(request, timeout=SECONDS) as answer:
                body: bytes = answer.read()
                self.address = answer.url
                is_page = answer.headers.get_content_type() == "text/html"
        except HTTPError as error:
            main = error.read().decode("utf-8", "replace").partition("<main")[2]
            said = " ".join(re.sub(r"<[^>]*>", " ", main).split())
            raise TreeError(f"{request.full_url} answered {error.code}: {said[:1000]}") from None
        self.text = body.decode() if is_page else self.text
        return body


def _opener(context: ssl.SSLContext) -> OpenerDirector:
    class Connection(HTTPSConnection):
        """To the tree's own front, whatever name is asked for."""

        def connect(self) -> None:
            self.sock = context.wrap_socket(
                socket.create_connection(("127.0.0.1", self.port), SECONDS), server_hostname=self.host
            )

    class Handler(HTTPSHandler):
        def https_open(self, req: Request) -> Any:
            open_: Callable[..., Any] = self.do_open
            return open_(Connection, req)

    return build_opener(Handler, HTTPCookieProcessor(CookieJar()))
