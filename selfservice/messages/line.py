"""The line in every mail and letter with which anybody can find out whether it is ours."""

from selfservice import i18n
from selfservice.members import references


def check_line(check_code: str, address: str) -> str:
    """The line, in the language in force. `address` is that of the page that tells a message of ours from another."""
    return i18n.gettext(
        "Code of this message: %(code)s. Check it at %(address)s", code=references.grouped(check_code), address=address
    )
