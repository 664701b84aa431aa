"""Product drawings are sellers' SVG: only shapes and colours are kept, nothing that executes, loads or links."""

from __future__ import annotations

import re
from http import HTTPStatus
from xml.etree import ElementTree as ET

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

SVG = "http://www.w3.org/2000/svg"
MAX_LENGTH = 100_000
"""Maximum characters of a drawing."""
TAGS = frozenset({
    "svg", "g", "defs", "symbol", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon",
    "text", "tspan", "linearGradient", "radialGradient", "stop", "clipPath", "mask", "pattern", "use",
})  # fmt: skip
ATTRIBUTES = frozenset({
    "id", "class", "viewBox", "width", "height", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy",
    "d", "points", "transform", "fill", "fill-rule", "fill-opacity", "stroke", "stroke-width", "stroke-linecap",
    "stroke-linejoin", "stroke-dasharray", "stroke-dashoffset", "stroke-opacity", "stroke-miterlimit", "opacity", "offset",
    "stop-color", "stop-opacity", "gradientUnits", "gradientTransform", "spreadMethod", "patternUnits",
    "patternContentUnits", "patternTransform", "clip-path", "clip-rule", "clipPathUnits", "mask", "maskUnits",
    "preserveAspectRatio", "font-family", "font-size", "font-weight", "font-style", "letter-spacing", "text-anchor",
    "dominant-baseline", "dx", "dy", "href", "role", "aria-label",
})  # fmt: skip
INTERNAL_URL = re.compile(r"url\(\s*['\"]?\s*#[\w-]+\s*['\"]?\s*\)")
"""``url(#gradient)`` refers to the drawing itself; any other ``url(…)`` would load a resource."""


def clean_svg(text: str) -> str:
    """Return the drawing reduced to the allowed elements; empty stays empty. Raises ``Refused`` if it is not SVG."""
    text = text.strip()
    if not text:
        return ""
    # A document type could define entities that expand without limit; no drawing needs one.
    if len(text) > MAX_LENGTH or "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
        raise _refused()
    try:
        root = ET.fromstring(text)  # noqa: S314  # without a document type there are no entities to expand
    except ET.ParseError:
        raise _refused() from None
    if root.tag not in {f"{{{SVG}}}svg", "svg"}:
        raise _refused()
    drawing = _copy(root)
    drawing.set("xmlns", SVG)
    return ET.tostring(drawing, encoding="unicode")


def _refused() -> Refused:
    return Refused(
        "product.picture", _("The picture must be an SVG drawing of at most 100,000 characters."),
        HTTPStatus.BAD_REQUEST, field="picture",
    )  # fmt: skip


def _copy(element: ET.Element) -> ET.Element:
    copy = ET.Element(_local(element.tag), {n: v for n, v in map(_attribute, element.attrib.items()) if n})
    copy.text, copy.tail = element.text, element.tail
    for child in element:
        if _local(str(child.tag)) in TAGS:
            copy.append(_copy(child))
    return copy


def _local(tag: str) -> str:
    """Return the name without the SVG namespace; names of other namespaces stay unchanged and match no list."""
    return tag.removeprefix(f"{{{SVG}}}")


def _attribute(item: tuple[str, str]) -> tuple[str, str]:
    name, value = item
    name = name.removeprefix("{http://www.w3.org/1999/xlink}")
    is_external = (name == "href" and not value.startswith("#")) or "url(" in INTERNAL_URL.sub("", value.lower())
    return ("", "") if name not in ATTRIBUTES or is_external else (name, value)
