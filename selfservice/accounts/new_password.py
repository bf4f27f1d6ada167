"""What is wrong with a new password of a person, in words for the page."""

from selfservice.accounts import access_codes, known_phrases, password_policy, people
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.facts.facts import Facts
from selfservice.i18n.catalogs import gettext
from selfservice.values.access_code import lookup_hashes


def new_password_error(conn: Connection, ctx: Context, person_id: int, password: str, *, demo: bool) -> str | None:
    """Why the person may not have this password, or None when they may. Raises LookupError for nobody.

    Lengths are the facts password.min_length and password.max_length. The password that is printed with every
    demonstration is for a `demo` only.
    """
    person = people.get(conn, person_id)
    own_codes = access_codes.hashes_of_person(conn, person_id)
    reason = password_policy.refusal(
        password,
        names=person.names,
        email=person.email,
        is_own_code=lambda code: not own_codes.isdisjoint(lookup_hashes(ctx.keys, code)),
        published=() if demo else (known_phrases.DEMO_PASSWORD,),
        minimum=ctx.fact("password.min_length"),
        maximum=ctx.fact("password.max_length"),
    )
    return None if reason is None else _text(ctx.facts, reason)


def _text(facts: Facts, reason: password_policy.Refusal) -> str:
    low, high = facts.get("password.min_length"), facts.get("password.max_length")
    return {
        password_policy.Refusal.TOO_SHORT: gettext(
            "Use at least %(count)s characters. A few words in a row are easy to remember.", count=low
        ),
        password_policy.Refusal.TOO_LONG: gettext("Use at most %(count)s characters.", count=high),
        password_policy.Refusal.COMMON: gettext(
            "Many people use this password, so it is easily guessed. Choose another."
        ),
        password_policy.Refusal.PHRASE: gettext(
            "Many people know these words in this order, so they are easily guessed. "
            "Choose a few words that do not belong together."
        ),
        password_policy.Refusal.PATTERN: gettext(
            "A repetition, or a word with a year or a season, is easily guessed. "
            "Choose a few words that do not belong together."
        ),
        password_policy.Refusal.CONTEXT: gettext(
            "Your name, your e-mail address, your code or a word about us is in it, so it is easily guessed. "
            "Choose other words."
        ),
    }[reason]
