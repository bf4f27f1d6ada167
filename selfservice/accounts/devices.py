"""Browser family and system from a User-Agent: enough to recognise one's own devices, too little to track anybody."""

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


def describe(user_agent: str) -> str:
    """Browser family and system, such as `Firefox, Windows`; an unknown part is left out.

    The order of the tables matters: Edge also says Chrome, which also says Safari.
    """
    found = (next((name for char, name in table if char in user_agent), "") for table in (BROWSERS, SYSTEMS))
    return ", ".join(filter(None, found))
