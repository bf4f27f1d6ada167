"""The line in every mail and letter with which anybody can have us find out whether it is ours."""

from selfservice import i18n
from selfservice.members import references


def check_line(check_code: str, address: str) -> str:
    """The line, in the language in force. `address` is that of the page that tells a message of ours from another, and
    what to do with the code.
    """
    return i18n.gettext(
        "Code of this message: %(code)s. In doubt? Contact us and name this code. More about that: %(address)s",
        code=references.grouped(check_code),
        address=address,
    )
