"""All rate limits, in one table. The sliding-window limits of mail are the facts `mail.*`."""

from dataclasses import replace

from selfservice.context import Context
from selfservice.limits.rate_limit import LimitSet, RateLimit

HOUR = 3600
DAY = 24 * HOUR


def request(ctx: Context, *, proven: bool) -> LimitSet:
    """For requests. Who opened a link that we mailed to that address (`proven`) is counted apart: what others ask with
    it cannot keep its owner out.
    """
    name = "request-mail-proven" if proven else "request-mail"
    # Four for each five mails that leave in a day.
    mail = RateLimit(name, 6, 6 * DAY * 5 // (4 * ctx.fact("mail.per_day")))
    return LimitSet(RateLimit("request-address", 20, HOUR), RateLimit("request-global", 800, 60), mail)


def lost_code(ctx: Context) -> LimitSet:
    """For links to replace a code. Not counted together with requests, of which others could make too many. Too many of
    these keep nobody out: each mail has the link that its owner needs.
    """
    mail = RateLimit("lost-mail", 6, 6 * DAY // ctx.fact("mail.per_day"))
    return LimitSet(RateLimit("lost-address", 20, HOUR), RateLimit("lost-global", 800, 60), mail)


def account_link(ctx: Context, purpose: str) -> LimitSet:
    """For links to open an account, or to choose another password for one: each counted apart, for the same reason."""
    mail = RateLimit(f"account-{purpose}-mail", 6, 6 * DAY // ctx.fact("mail.per_day"))
    return LimitSet(
        RateLimit(f"account-{purpose}-address", 20, HOUR), RateLimit(f"account-{purpose}-global", 800, 60), mail
    )


# Limit sets for what anybody can try. A whole office may share one address, and people mistype. The three above are for
# mail to one address that anybody can cause by typing it, limited by fact mail.per_day: they admit so few that a mail
# over that limit waits for less than a day; of links for a lost code or an account only the newest waits.

# Too few to guess one of 2^75 codes.
PASSWORD_LINK = LimitSet(
    RateLimit("password-address", 20, HOUR), RateLimit("password-global", 800, 60), RateLimit("password-name", 6, HOUR)
)
SIGN_IN = LimitSet(
    RateLimit("sign-in-address", 60, HOUR), RateLimit("sign-in-global", 1200, 60), RateLimit("sign-in-name", 30, HOUR)
)
STATUS_LINK = LimitSet(RateLimit("status-address", 60, HOUR), RateLimit("status-global", 1200, 60))
# Looking it up counts with opening its link; but who only opens links, as mail scanners do, uses up no reference.
STATUS = replace(STATUS_LINK, submitted=RateLimit("status-reference", 20, HOUR))
# Who comes without an anonymous session gets one, which is a row: too few to fill the database.
ANONYMOUS_SESSION = LimitSet(RateLimit("request-visit-address", 60, HOUR), RateLimit("request-visit-global", 1200, 60))
# Which organisation has a number: enough for a whole office with a list, too few to copy the register.
ORGANISATION = LimitSet(
    RateLimit("request-organisation", 200, HOUR), RateLimit("request-organisation-global", 4000, 600)
)
# Whether a page was useful: enough for a whole office, too few to make a page look good or bad.
USEFUL = LimitSet(RateLimit("useful-address", 60, HOUR), RateLimit("useful-global", 1200, 60))
# Searches that find nothing, which are counted: enough for a whole office, too few to fill a day's list or have its
# words counted as often as one likes.
UNANSWERED = LimitSet(RateLimit("unanswered-address", 60, HOUR), RateLimit("unanswered-global", 1200, 60))
# A key cannot be guessed; this only keeps somebody who sends wrong ones from costing much.
WRONG_KEY = LimitSet(RateLimit("api-wrong", 30, 60), RateLimit("api-wrong-global", 800, 60))

# What takes a key or a session, and is counted by whose it is.
API_KEY = RateLimit("api", 300, 60)
CHANGE_PASSWORD = RateLimit("change-password", 10, HOUR)
# Each change sends a mail, and those wait for their turn: so that one person's changes cannot hold up other mail.
DIRECT_DEBIT = RateLimit("direct-debit", 6, DAY)
# Counted apart: who changed much can still end it.
END_DIRECT_DEBIT = RateLimit("end-direct-debit", 6, DAY)
DIGITAL_INVOICES = RateLimit("digital-invoices", 6, DAY)
EMAIL_CHANGE = RateLimit("email-change", 6, DAY)
# Of whoever has the main code: codes of colleagues that they withdraw, and mails that offer it to one of them.
WITHDRAW_CODE = RateLimit("withdraw-code", 20, DAY)
OFFER_MAIN_CODE = RateLimit("offer-main-code", 6, DAY)
# Mails with a link to choose a new password, each caused by who holds the link of a request.
FORGOTTEN_PASSWORD = RateLimit("request-forgotten", 3, HOUR)
