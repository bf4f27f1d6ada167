"""What an SVG may hold to be served from our own address, and its size. In a page it runs and fetches nothing, but
it can be opened by its own address too, and from hosts that send no Content-Security-Policy.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

_NAMESPACE = "{http://www.w3.org/2000/svg}"
# What a browser acts upon besides: of a drawing program's own elements it takes no notice.
_OTHER_LANGUAGES = ("http://www.w3.org/1999/xhtml", "http://www.w3.org/1999/XSL/", "http://www.w3.org/1998/Math/")
_ACTIVE_TAGS = {"script", "foreignobject", "iframe", "handler", "set", "animate"}
_OUTSIDE = re.compile(
    r"(?:https?:)?//|javascript:|url\(\s*+[\"']?+(?!#)|image-set\(|@import|\\",  # a backslash may spell any of these
    re.IGNORECASE,
)
_OWN = re.compile(r"#|data:image/(?:png|jpeg|webp|gif)[;,]")
_LENGTH = re.compile(r"(\d{1,5}(?:\.\d+)?)(?:px)?")
_NUMBER = re.compile(r"-?\d{1,6}(?:\.\d+)?")


def unsafe_svg(content: bytes) -> str:
    """What may not be in a picture of the site; empty when it is safe."""
    if b"\0" in content:  # UTF-16
        return "is not in UTF-8: save it again"
    for mark, name in ((rb"<!DOCTYPE|<!ENTITY", "<!DOCTYPE>"), (rb"<\?(?!xml\s)", "<?…?> besides <?xml …?>")):
        if re.search(mark, content):
            return f"has a {name}: take it away"
    try:
        root = ET.fromstring(content)  # noqa: S314 (without a DOCTYPE there are no entities)
    except (ET.ParseError, LookupError, ValueError) as error:  # the latter two: an encoding that is none, or unusual
        return f"is no SVG that can be read ({error}): save it again"
    if root.tag != f"{_NAMESPACE}svg":
        return 'is no SVG: it must begin with <svg xmlns="http://www.w3.org/2000/svg">'
    return next(filter(None, map(_unsafe_element, root.iter())), "")


def _unsafe_element(element: ET.Element) -> str:
    namespace, _, tag = str(element.tag).lstrip("{").rpartition("}")
    tag = tag.lower()
    if tag in _ACTIVE_TAGS or namespace.startswith(_OTHER_LANGUAGES):
        return f"has a <{tag}>, which may not be in a picture: take it away"
    for key, value in element.attrib.items():
        space, _, name = key.lstrip("{").rpartition("}")
        name = name.lower()
        if space and name not in ("href", "base"):
            continue  # a drawing program's own
        if name.startswith("on"):
            return f"has '{name}', which may not be in a picture: take it away"
        if name in ("base", "ping") or (name == "href" and not _OWN.match(value)) or _fetches(value, name):
            return f"fetches something from elsewhere ({name}): put that in the picture itself"
    if tag == "style" and _fetches("".join(element.itertext()), tag):
        return "fetches something from elsewhere (style): put that in the picture itself"
    return ""


def _fetches(value: str, name: str) -> bool:
    # What a photograph is made of may hold two slashes.
    return not (name == "href" and value.startswith("data:")) and bool(_OUTSIDE.search(value))


def svg_size(content: bytes) -> tuple[float, float]:
    """Width and height in pixels: of its own, or else of its viewBox; 0 when there are none."""
    root = ET.fromstring(content)  # noqa: S314 (as above)
    given = [_LENGTH.fullmatch(root.get(name, "")) for name in ("width", "height")]
    if given[0] and given[1]:
        return float(given[0][1]), float(given[1][1])
    box = _NUMBER.findall(root.get("viewBox", ""))
    return (float(box[2]), float(box[3])) if len(box) == 4 else (0, 0)
