"""The reasons for rejecting a request that staff choose from, so that each can be mailed in any language."""

from __future__ import annotations

from selfservice.i18n.catalogs import gettext

REJECTION_REASONS = ("not_authorised", "details_differ", "organisation_ended", "unclear")


def rejection_text(reason: str) -> str:
    """The reason as a sentence in the current language. Raises KeyError for one not in REJECTION_REASONS."""
    return {
        "not_authorised": gettext("We could not establish that you may act for this organisation."),
        "details_differ": gettext("The details you gave differ from those in the Business Register."),
        "organisation_ended": gettext("This organisation is no longer in the Business Register."),
        "unclear": gettext("Your request raises questions that we would rather talk about. Please contact us."),
    }[reason]
