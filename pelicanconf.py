"""Pelican's settings. What depends on the machine or the build is added by selfservice.publish.build."""

from selfservice.web.layout import JINJA_OPTIONS

SITENAME = "Loket"
DEFAULT_LANG = "nl"
TIMEZONE = "Europe/Amsterdam"
# One setting whole: Pelican's default has autoescape off.
JINJA_ENVIRONMENT = JINJA_OPTIONS
LOAD_CONTENT_CACHE = False
DELETE_OUTPUT_DIRECTORY = False

PAGE_PATHS = ["en", "nl"]
PATH_METADATA = r"(?P<lang>en|nl)/(?P<key>[a-z0-9-]+)\.md"
PAGE_TRANSLATION_ID = "key"
PAGE_ORDER_BY = "source_path"
ARTICLE_PATHS: list[str] = []
STATIC_PATHS: list[str] = []
DIRECT_TEMPLATES: list[str] = []
RELATIVE_URLS = False
THEME_STATIC_PATHS: list[str] = []

FEED_ALL_ATOM = None
FEED_ALL_RSS = None
CATEGORY_FEED_ATOM = None
TRANSLATION_FEED_ATOM = None
AUTHOR_FEED_ATOM = None
AUTHOR_FEED_RSS = None
AUTHOR_SAVE_AS = ""
CATEGORY_SAVE_AS = ""
TAG_SAVE_AS = ""
ARCHIVES_SAVE_AS = ""
