"""Stock Pelican as its documentation sets it up, with the extensions of Markdown that our pages need."""

SITENAME = "Help"
SITEURL = "http://127.0.0.1:8000"
DEFAULT_LANG = "nl"
TIMEZONE = "Europe/Amsterdam"
PATH = "content"
THEME = "theme"
PLUGINS: list[str] = []
PAGE_PATHS = ["en", "nl"]
PAGE_TRANSLATION_ID = "key"
ARTICLE_PATHS: list[str] = []
DIRECT_TEMPLATES: list[str] = []
FEED_ALL_ATOM = CATEGORY_FEED_ATOM = TRANSLATION_FEED_ATOM = AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = None
MARKDOWN = {
    "extension_configs": {
        "markdown.extensions.extra": {},
        "markdown.extensions.smarty": {},
        "markdown.extensions.toc": {"permalink": "#", "toc_depth": "2"},
        "markdown.extensions.meta": {},
    },
    "output_format": "html5",
}
