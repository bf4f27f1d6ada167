"""What all forms share, without a request."""

from __future__ import annotations

from werkzeug.datastructures import Headers

from selfservice.crypto import Keys
from selfservice.web.forms import About
from tests import house


def test_about_is_no_code() -> None:
    """What a page says that it is about never looks like an access code."""
    keys = Keys(b"a secret that is long enough for a test")
    pages = (f'value="{About("some-form", str(number)).sign(keys)}"' for number in range(3000))
    assert [] == [page for page in pages if house.must_stay_uncompressed(Headers(), page)]
