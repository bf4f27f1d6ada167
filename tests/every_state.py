"""Every page of a demonstration and every step of its forms, as somebody with its codes comes to them in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from playwright.sync_api import Page

from selfservice.demo import accounts, requests, tour
from selfservice.demo.accounts import DEMO_PASSWORD
from tests.live_server import every_page, wait_until
from tests.visitors import Visitor

IBAN, NUMBER = "NL91ABNA0417164300", f"000{len(accounts.ORGANISATIONS) * 1237 + 10007:05d}"


class Walker:
    """One visitor in one language. Each `go` and `press` brings the page into a state that can be looked at."""

    def __init__(self, visitor: Visitor, lang: str) -> None:
        self.visitor, self.page, self.lang, self._base = visitor, visitor.page, lang, f"/{lang}/self-service/"

    def go(self, form: str) -> Page:
        """Open a form, or a step of one."""
        page = self.visitor.go(self._base + form)
        page.wait_for_load_state("networkidle")
        return page

    def press(self, button: str = "form .button:not(.quiet)", **fields: str) -> Page:
        """Fill in the fields of the panel that stands here, and press its button."""
        panel = "#" + str(self.page.locator(".panel").first.get_attribute("id"))
        self.page.evaluate("document.querySelectorAll('.panel details').forEach((one) => { one.open = true })")
        for name, value in fields.items():
            field = self.page.locator(f"{panel} [name={name}]")
            if field.first.get_attribute("type") in ("radio", "checkbox"):
                self.page.check(f"{panel} [name={name}][value={value}]")
            else:
                field.fill(value)
        with self.page.expect_response(lambda answer: answer.request.method == "POST") as sent:
            self.page.locator(f"{panel} {button}").first.click()
        if leads_to := sent.value.headers.get("hx-redirect"):
            place = urlsplit(leads_to).path
            self.page.wait_for_url(lambda url: urlsplit(url).path == place)
        self.page.wait_for_selector(".htmx-request", state="detached")
        self.page.wait_for_load_state("networkidle")
        return self.page

    def sign_in(self, number: int) -> None:
        """Log in as the demonstration's person of this number."""
        self.page.context.clear_cookies()
        self.go("sign-in")
        self.press(access_code=accounts.code(number), password=DEMO_PASSWORD)

    def mailed_link(self, recipient: str, step: str = "link") -> str:
        """The address in the newest mail to somebody: the demonstration's mailbox shows it."""
        wait_until(lambda: self.go("mailbox").locator(".mails li", has_text=recipient).count())
        self.page.locator(".mails li", has_text=recipient).first.locator("a").click()
        return str(self.page.locator(f"pre.mail a[href*='/{step}/']").first.get_attribute("href"))


def pages(walker: Walker, lang: str) -> Iterator[str]:
    """Every help page, every question and outcome of a tree, and what is no page."""
    for info in every_page():
        if info.lang == lang:
            walker.visitor.go(info.path)
            yield info.path
            if info.is_tree:
                walker.visitor.go(f"{info.path}all/")
                yield f"{info.path}all/"
                for step in walker.page.eval_on_selector_all("h2[id]", "(all) => all.map((each) => each.id)")[1:]:
                    walker.visitor.go(f"{info.path}{step}/")
                    yield f"{info.path}{step}/"
    for address in (f"/{lang}/nowhere/", f"/{lang}/self-service/nowhere", "/choose-language"):
        walker.visitor.go(address)
        yield address


def open_forms(walker: Walker, lang: str) -> Iterator[str]:
    """What nobody has to log in for."""
    email = f"{lang}-somebody-with-a-long-name@sterrenpost.example"
    for form in ("what-to-try", "which-situation", "which-situation/checklist", "mailbox", "search", "search?q=xyzzyq"):
        walker.go(form)
        yield form
    walker.go("search?q=code")
    yield "search results"
    walker.go("access-code")
    yield "access-code"
    walker.press()
    yield "access-code: nothing chosen"
    walker.press(need="extract")
    yield "access-code: no code"
    walker.go("access-code")
    walker.press(need="business")
    yield "access-code: nothing filled in"
    walker.press(organisation_name="stille")
    yield "access-code: found by name"
    walker.press(kvk_number=NUMBER, given_name="Wilhelmina", family_name="Achterberg-Vandersteen", email=email)
    yield "access-code: preferences"
    walker.press()
    yield "access-code: mandate"
    walker.press(iban="NL00", holder="")
    yield "access-code: wrong mandate"
    walker.press(iban=IBAN, holder="Roeiclub De Stille Plas", mandate="yes")
    yield "access-code: check"
    walker.press()
    yield "access-code: done"
    walker.mailed_link(email)
    yield "mail"
    walker.go("lost-access-code")
    yield "lost-access-code"
    walker.press()
    yield "lost-access-code: wrong"
    walker.press(email=accounts.email(7))
    yield "lost-access-code: sent"
    walker.go("lost-access-code/expired")
    yield "lost-access-code: expired"
    walker.go("replacement-password")
    yield "replacement-password"
    walker.press()
    yield "replacement-password: wrong"
    number = 9 + len(lang + "x") + (lang > "f")
    walker.press(access_code=accounts.code(number), email=accounts.email(number))
    yield "replacement-password: sent"
    walker.visitor.go(walker.mailed_link(accounts.email(number)))
    yield "replacement-password: new"
    walker.press(new_password="welkom")
    yield "replacement-password: weak"
    walker.press(new_password="paarse olifant fietst naar zee")
    yield "replacement-password: done"
    walker.go("replacement-password/expired")
    yield "replacement-password: expired"
    email = f"{lang}-account-with-a-long-name@sterrenpost.example"
    walker.go("account-create")
    yield "account-create"
    walker.press()
    yield "account-create: wrong"
    walker.press(given_name="Wilhelmina", family_name="Achterberg-Vandersteen", email=email)
    yield "account-create: sent"
    walker.visitor.go(walker.mailed_link(email))
    yield "account-password: new"
    walker.press(new_password="welkom")
    yield "account-password: weak"
    walker.press(new_password="paarse olifant fietst naar zee")
    yield "account-password: done"
    walker.go("account-password/expired")
    yield "account-password: expired"
    walker.go("account-password")
    yield "account-password"
    walker.press(email=email)
    yield "account-password: sent"
    for number in (tour.CHECKING, tour.REJECTED, *requests.NOT_RECEIVED, 3, 8):
        walker.go("request-status")
        walker.press(reference=requests.reference(number), email=requests.email(number))
        yield f"request-status {number}"
        if number == tour.CHECKING:
            for step in ("withdraw", "address"):
                walker.go(f"request-status/{step}")
                yield f"request-status: {step}"
        elif number in requests.NOT_RECEIVED:
            walker.go("request-status/never-came")
            yield "request-status: never came"
    walker.go("request-status")
    walker.press(reference=requests.reference(2), email=email)
    yield "request-status: unknown"
    walker.go("sign-in")
    yield "sign-in"
    walker.press()
    yield "sign-in: wrong"


def personal_forms(walker: Walker) -> Iterator[str]:
    """What one logs in for."""
    walker.sign_in(tour.MAIN)
    yield "logged in"
    for form in ("my", "orders?period=all", "orders", "devices", "change-password", "digital-invoices", "direct-debit"):
        page = walker.go(form)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        yield form
    walker.go("digital-invoices")
    # Another one in each language: what was confirmed is not asked again.
    email = f"{walker.lang}-administratie-en-boekhouding@bakkerij-goudenkorst.example"
    walker.press(email=email)
    yield "digital-invoices: waiting"
    walker.visitor.go(walker.mailed_link(email))
    yield "digital-invoices: confirm"
    walker.press()
    yield "digital-invoices: confirmed"
    walker.go("digital-invoices/expired")
    yield "digital-invoices: expired"
    walker.go("change-password")
    walker.press()
    yield "change-password: wrong"
    walker.go("account-data")
    yield "account-data"
    walker.press()
    yield "account-data: wrong"
    walker.press(password=DEMO_PASSWORD)
    yield "account-data: done"
    walker.go("orders?period=all&words=xyzzyq")
    yield "orders: none found"
    page = walker.go("orders?period=all")
    with page.expect_navigation():
        page.locator(".orders .help :is(a, button)").first.click()
    page.wait_for_load_state("networkidle")
    yield "orders: something wrong"
    page = walker.go("orders?period=all")
    page.locator(".files button, .files a").first.click()
    page.wait_for_timeout(500)
    yield "orders: a file"
    walker.go("organisation-codes")
    yield "organisation-codes"
    for step in ("withdraw", "hand-over"):
        page = walker.go("organisation-codes")
        with page.expect_navigation():
            page.locator(f"a[href*='/{step}?']").first.click()
        page.wait_for_load_state("networkidle")
        yield f"organisation-codes: {step}"
    walker.press()
    yield "organisation-codes: offered"
    link = walker.mailed_link(accounts.email(tour.COLLEAGUE))
    walker.go("organisation-codes/withdraw?code=99999")
    yield "organisation-codes: unknown"
    walker.visitor.go(link)
    yield "organisation-codes: another code"
    walker.sign_in(tour.COLLEAGUE)
    walker.visitor.go(link)
    yield "organisation-codes: accept"
    walker.go("organisation-codes/expired")
    yield "organisation-codes: expired"
    walker.go("organisation-codes")
    yield "organisation-codes: a colleague"
    walker.go("orders")
    yield "orders: a colleague"
    walker.go("orders/main")
    yield "orders: ask the main code"
    walker.sign_in(tour.WITHOUT_ORDERS)
    walker.go("orders")
    yield "orders: without any"
    walker.sign_in(tour.PRIVATE)
    for form in ("my", "orders", "digital-invoices", "direct-debit"):
        walker.go(form)
        yield f"private: {form}"
    walker.press(iban="NL00")
    yield "direct-debit: wrong"
    walker.press(iban=IBAN, holder="Sjoerd", mandate="yes")
    yield "direct-debit: done"
    walker.go("account-delete")
    yield "account-delete: with an access code"
    walker.page.context.clear_cookies()
    walker.go("orders")
    walker.press(access_code=accounts.ACCOUNT_LOGINS[1], password=accounts.ACCOUNT_PASSWORD)
    yield "orders: to an account"
    for form in ("my", "account", "account/name", "account/language", "devices", "change-password"):
        walker.go(form)
        yield f"account: {form}"
    walker.go("account/name")
    walker.press(given_name="", family_name="")
    yield "account: no name"
    walker.press(given_name="Jip", family_name="van der Zonnestraal")
    yield "account: saved"
    yield from _another_address(walker, accounts.ACCOUNT_LOGINS[1])
    walker.page.context.clear_cookies()
    walker.go("account-delete")
    walker.press(access_code=accounts.ACCOUNT_LOGINS[0], password=accounts.ACCOUNT_PASSWORD)
    yield "account-delete"
    walker.press()
    yield "account-delete: wrong"
    walker.press(password=accounts.ACCOUNT_PASSWORD)
    yield "account-delete: done"


def _another_address(walker: Walker, old: str) -> Iterator[str]:
    """Another e-mail address for who is logged in to an account, and the old one back."""
    new = f"{walker.lang}-administratie-en-boekhouding@sterrenpost.example"
    walker.go("account-email?cancelled=1")
    yield "account-email: cancelled"
    walker.go("account-email")
    yield "account-email"
    walker.press()
    yield "account-email: wrong"
    walker.press(email=new, password=accounts.ACCOUNT_PASSWORD)
    yield "account-email: waiting"
    walker.go("account-email?again=1")
    yield "account-email: sent again"
    walker.go("account")
    yield "account: waiting"
    walker.visitor.go(walker.mailed_link(new))
    yield "account-email: confirm"
    walker.press()
    yield "account-email: confirmed"
    walker.go("account-email/expired")
    yield "account-email: expired"
    walker.go("account-delete")
    yield "account-delete: refused"
    walker.visitor.go(walker.mailed_link(old, "undo"))
    yield "account-email: undo"
    walker.press()
    yield "account-email: undone"
    walker.go("account-email/too-late")
    yield "account-email: too late"
