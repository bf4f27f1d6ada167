"""Pelican's settings. What depends on the machine or the build is added by selfservice.publish.build."""

from selfservice.site_config import SITE
from selfservice.web.layout import JINJA_OPTIONS

SITENAME = SITE.name[SITE.default_language]
DEFAULT_LANG = SITE.default_language
TIMEZONE = SITE.time_zone.key
# One setting whole: Pelican's default has autoescape off.
JINJA_ENVIRONMENT = JINJA_OPTIONS
LOAD_CONTENT_CACHE = False
DELETE_OUTPUT_DIRECTORY = False

PAGE_PATHS = list(SITE.languages)
PATH_METADATA = rf"(?P<lang>{'|'.join(SITE.languages)})/(?P<key>[a-z0-9-]+)\.md"
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
