"""Browser family and system from a User-Agent: enough to recognise one's own devices, too little to track anybody."""

from selfservice.i18n.catalogs import gettext

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)

# What an Android that is no telephone leaves out.
_MOBILE = "Mobile"
_TABLET = "Android tablet"


def describe(user_agent: str) -> str:
    """Browser family and system, such as `Firefox, Windows`; an unknown part is left out.

    The order of the tables matters: Edge also says Chrome, which also says Safari.
    """
    browser, system = (next((name for char, name in table if char in user_agent), "") for table in (BROWSERS, SYSTEMS))
    if system == "Android" and _MOBILE not in user_agent:
        system = _TABLET
    return ", ".join(filter(None, (browser, system)))


def name(device: str) -> str:
    """What `describe` said, in words and in the current language: `Computer: Firefox on Windows`."""
    known = device.split(", ")
    browser = next((each for each in known if each in dict(BROWSERS).values()), "")
    system = next((each for each in known if each in (*dict(SYSTEMS).values(), _TABLET)), "")
    if not browser and not system:
        return gettext("Unknown browser")
    kinds = {
        "iPhone": gettext("Phone"),
        "Android": gettext("Phone"),
        "iPad": gettext("Tablet"),
        _TABLET: gettext("Tablet"),
    }
    kind = kinds.get(system, gettext("Computer") if system else gettext("Device"))
    system = "Android" if system == _TABLET else system
    both = gettext("%(browser)s on %(system)s", browser=browser, system=system) if browser and system else ""
    return f"{kind}: {both or browser or system}"
