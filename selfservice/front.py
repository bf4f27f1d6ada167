"""The front: the configuration of the web server before Loket (Caddy, from 2.6.2 on), made from this site's settings.

It serves the built site's files itself, so that help pages stay up while the app is down, and takes a request's body
whole before the app sees it. docs/why.md says why each odd part is as it is.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import Flask

from selfservice import static_files
from selfservice.api.request_body import MAX_BYTES
from selfservice.app import MAX_BODY_BYTES
from selfservice.config import Config, ConfigError
from selfservice.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES, SOURCE_LANGUAGE
from selfservice.web import security
from selfservice.web.error_pages import RETRY_SECONDS
from selfservice.web.theme import HASHED_NAME, THEME_PREFIX

# The errors that it may answer with by itself: the build writes a page for each, and what htmx and programs get.
ERROR_CODES = (400, 404, 408, 413, 500, 503)
HEAD_SECONDS = 5  # for the head of a request
# For the whole of a request: longer than the app waits for a body, so that it answers what comes to it in pieces.
BODY_SECONDS = 20
ANSWER_SECONDS = 60  # for the app to begin an answer
WRITE_SECONDS = 3600  # for a whole answer: a download on a slow line
IDLE_SECONDS = 60  # between two requests of one connection
HOLD_SECONDS = 15  # for the app to come back, when it is being started again
# Of the files that a site has; Caddy would ask its machine.
STATIC_SUFFIXES = (".css", ".html", ".ico", ".js", ".json", ".png", ".svg", ".txt", ".woff2", ".xml")

_CADDYFILE = """\
# The front of %(base_url)s: printed by `loket front`. Print it again after an upgrade or another setting.
{
	admin off
	log {
		format filter {
			wrap json
			fields {
				# Who asked for what is nobody's business: addresses may hold the secret of a mailed link.
				request delete
			}
		}
	}
	servers {
		timeouts {
			read_header %(head)ss
			read_body %(body)ss
			write %(write)ss
			idle %(idle)ss
		}
	}
}

(file) {
	header {
%(headers)s
		-Server
	}
	map {path} {type} {
%(types)s
		default ""
	}
	# After going back to a former build, what a visitor has is of a later day: only its tag says what it is.
	request_header -If-Modified-Since
	@hashed path_regexp %(hashed)s
	header Content-Type {type}
	header Cache-Control "%(anew)s"
	header @hashed Cache-Control "%(forever)s"
	header {
		Vary Accept-Encoding
		defer
	}
	file_server {
		precompressed br gzip
	}
}

(app) {
	# An underscore reads as a dash further on, and what the front says of a visitor could be forged with it.
	request_header -*_*
	@form not path /api/*
	request_body @form {
		max_size %(form_bytes)s
	}
	request_body /api/* {
		max_size %(api_bytes)s
	}
	# To look at the body is what reads it, here and whole; the app gets what was read.
	@large expression `%(said)s && int(%(length)s) > ({path}.startsWith("/api/") ? %(api_bytes)s : %(form_bytes)s)`
	error @large 413
	@cut expression `%(said)s && bytes({http.request.body}).size() < int(%(length)s)`
	route @cut {
		@late expression `double({http.request.duration_ms}) > %(late)s.0`
		error @late 408
		error 400
	}
	encode {
		zstd
		gzip
		# Not what says no-transform.
		match {
			header Cache-Control %(no_store)s
		}
	}
	header {
		-Server
		-Via
		defer
	}
	reverse_proxy %(app)s {
		lb_try_duration %(hold)ss
		lb_try_interval 250ms
		transport http {
			dial_timeout 3s
			response_header_timeout %(answer)ss
			compression off
			keepalive off
		}
	}
}

(errors) {
	handle_errors {
		header {
%(deeper_headers)s
			-Server
		}
		request_header -If-*
		request_header -Range
		map {path} {lang} {
			~^/(%(langs)s)(/|$) "${1}"
			~^/api/ %(source)s
			default %(own)s
		}
		map "{path} {header.HX-Request}" {kind} {
			~^/api/ .json
			"~ true$" .fragment.html
			default .html
		}
		map "{err.status_code} {err.message}" {status} {
			~^(%(codes)s)\\b "${1}"
			"~request body too large" 413
			~chunk 400
			"~\\bdial |no upstreams" 503
			default 500
		}
		header {
			Cache-Control %(no_store)s
			Content-Language {lang}
			Vary "Accept-Encoding, HX-Request"
			defer
		}
		# The app does not answer, and this may be an address of ours.
		@page {
			vars {status} 503
			method GET HEAD
			not path %(app_paths)s
		}
		route @page {
			@home path / /index.html
			route @home {
				rewrite * /index.html
				file_server {
					status 200
					precompressed br gzip
				}
			}
			@moved {
				path */
				not vars_regexp {path} /[.]?[.]?/
				file {path}index.html
			}
			route @moved {
				rewrite * {path}index.html
				file_server {
					status 200
					precompressed br gzip
				}
			}
			@moved_file {
				not vars_regexp {path} /[.]?[.]?/
				file {path}%(moved)s
			}
			file_server @moved_file {
				status 200
				precompressed br gzip
			}
			@folder {
				not path */
				not vars_regexp {path} /[.]?[.]?/
				file {path}/index.html
			}
			redir @folder {path}/ 302
			rewrite * /{lang}/404.html
			file_server {
				status 404
				precompressed br gzip
			}
		}
		route {
			@api path /api/*
			header @api Content-Type application/problem+json
			@down vars {status} 503
			header @down Retry-After %(retry)s
			rewrite * /{lang}/{status}{kind}
			method GET
			file_server {
				status {status}
				precompressed br gzip
			}
		}
	}
}

%(ours)s {
%(bind)s	root * "%(output)s"
	route {
		@kept path /metrics /metrics/*
		error @kept 404
		@page {
			method GET HEAD
			path */
			not path /
			not vars_regexp {path} /[.]?[.]?/
			# Where an old address has a page, the app leads on; the page is for when it does not answer.
			not file {path}index.html%(moved)s
			file {path}index.html
		}
		route @page {
			import file
		}
		@file {
			method GET HEAD
			not path */ */index.html *.br *.gz *%(moved)s
			not vars_regexp {path} /[.]?[.]?/
			not file {path}%(moved)s
			file {path}
		}
		route @file {
			import file
		}
		import app
	}
	import errors
}

# A host that is not ours: the app says so.
%(others)s {
%(bind)s	root * "%(output)s"
	route {
		import app
	}
	import errors
}
"""
_REDIRECT = """
http:// {
	header {
%(headers)s
		-Server
	}
	redir %(base_url)s{uri} permanent
}
"""


def caddyfile(app: Flask, config: Config, listening: str) -> str:
    """The Caddyfile for these settings, before an app that listens at this address (host:port).

    Raises ConfigError when the app would not believe the front who a visitor is.
    """
    if config.proxies != 1:
        raise ConfigError("LOKET_PROXIES must be 1 behind this front, or all visitors count as one")
    parts = urlsplit(config.base_url)
    port = f":{parts.port}" if parts.port else ""
    names = [parts.hostname, *(("localhost", "127.0.0.1") if config.demo else ())]
    headers = "\n".join(f'\t\t{name} "{value}"' for name, value in _headers(config).items())
    values = {
        "base_url": config.base_url,
        "ours": ", ".join(f"{parts.scheme}://{name}{port}" for name in dict.fromkeys(names)),
        "others": f"{parts.scheme}://{port}",
        "bind": f"\tbind {parts.hostname}\n" if _is_loopback(str(parts.hostname)) else "",
        "output": config.site,
        "app": listening,
        "app_paths": " ".join(_app_paths(app)),
        "headers": headers,
        "deeper_headers": headers.replace("\t\t", "\t\t\t"),
        "types": "\n".join(
            f'\t\t~\\{ending}$ "{static_files.content_type(ending[1:] + ending)}"' for ending in STATIC_SUFFIXES
        ),
        "hashed": f"^{THEME_PREFIX}.*{HASHED_NAME.pattern}",
        "moved": static_files.MOVED_SUFFIX,
        "anew": static_files.REVALIDATE,
        "forever": static_files.IMMUTABLE,
        "no_store": security.NO_STORE,
        "langs": "|".join(LANGUAGES),
        "source": SOURCE_LANGUAGE,
        "own": DEFAULT_LANGUAGE,
        "codes": "|".join(str(code) for code in ERROR_CODES if code < 500),
        "retry": RETRY_SECONDS,
        "said": '{http.request.header.Content-Length} != ""',
        "length": "{http.request.header.Content-Length}",
        "form_bytes": MAX_BODY_BYTES,
        "api_bytes": MAX_BYTES,
        "head": HEAD_SECONDS,
        "body": BODY_SECONDS,
        "late": BODY_SECONDS * 900,
        "write": WRITE_SECONDS,
        "idle": IDLE_SECONDS,
        "hold": HOLD_SECONDS,
        "answer": ANSWER_SECONDS,
    }
    return (_CADDYFILE + (_REDIRECT if config.secure else "")) % values


def _headers(config: Config) -> dict[str, str]:
    return security.SECURITY_HEADERS | ({"Strict-Transport-Security": security.HSTS} if config.secure else {})


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _app_paths(app: Flask) -> list[str]:
    """Which addresses are the app's and no page's, as Caddy's patterns."""
    found: set[str] = set()
    for rule in app.url_map.iter_rules():
        for code in LANGUAGES:
            first, _, rest = rule.rule.replace("<lang:lang>", code).lstrip("/").partition("/")
            if first in LANGUAGES:
                found.add(f"/{first}/{rest.partition('/')[0]}/*")
            elif first:
                found.add(f"/{first}/*" if rest else f"/{first}")
    return sorted(found)
