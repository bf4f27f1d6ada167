"""Every limit on what can be tried, once. Mail has caps of its own: the facts `mail.*`."""

from selfservice.limits.model import Guard, Limit

HOUR = 3600
DAY = 24 * HOUR

# Mail to one address that anybody can cause by typing it. Ten a day leave (fact mail.per_day), so ten a day can be
# asked for: what is over waits its turn, and never for longer than that day.
_MAIL_ASKED = Limit("open-mail", 6, 6 * DAY // 10)

# Guards: what anybody can try. A whole office may have one address, and people mistype.
REQUEST = Guard(Limit("request-address", 20, HOUR), Limit("request-global", 800, 60), _MAIL_ASKED)
LOST_CODE = Guard(Limit("lost-address", 20, HOUR), Limit("lost-global", 800, 60), _MAIL_ASKED)
# Too few to guess one of 2^75 codes.
PASSWORD_LINK = Guard(
    Limit("password-address", 20, HOUR), Limit("password-global", 800, 60), Limit("password-name", 6, HOUR)
)
SIGN_IN = Guard(Limit("sign-in-address", 60, HOUR), Limit("sign-in-global", 1200, 60), Limit("sign-in-name", 30, HOUR))
STATUS = Guard(Limit("status-address", 60, HOUR), Limit("status-global", 1200, 60), Limit("status-reference", 20, HOUR))
# Who comes without a visit gets one, which is a row: too few to fill the database.
VISIT = Guard(Limit("request-visit-address", 60, HOUR), Limit("request-visit-global", 1200, 60))
# Which organisation has a number: enough for a whole office with a list, too few to copy the register.
ORGANISATION = Guard(Limit("request-organisation", 200, HOUR), Limit("request-organisation-global", 4000, 600))
# A key cannot be guessed; this only keeps somebody who sends wrong ones from costing much.
WRONG_KEY = Guard(Limit("api-wrong", 30, 60), Limit("api-wrong-global", 800, 60))

# What takes a key or a session, and is counted by whose it is.
API_KEY = Limit("api", 300, 60)
CHANGE_PASSWORD = Limit("change-password", 10, HOUR)
# Each change sends a mail, and those wait for their turn: so that one person's changes cannot hold up other mail.
DIRECT_DEBIT = Limit("direct-debit", 6, DAY)
DIGITAL_INVOICES = Limit("digital-invoices", 6, DAY)
# Mails with a link to choose a new password, each caused by who holds the link of a request.
FORGOTTEN_PASSWORD = Limit("request-forgotten", 3, HOUR)
