"""Pelican's settings. What depends on the machine or the build is added by selfservice.publish.build."""

from selfservice.site_config import SITE

SITENAME = SITE.name[SITE.default_language]
DEFAULT_LANG = SITE.default_language
TIMEZONE = SITE.time_zone.key
LOAD_CONTENT_CACHE = False
DELETE_OUTPUT_DIRECTORY = False

# The pages are read and written by a generator of ours (selfservice/publish/plugin.py), with the app's templates.
PAGE_PATHS: list[str] = []
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
