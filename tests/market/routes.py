"""Every URL pattern of the market."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from django.urls import URLPattern, URLResolver, get_resolver


@cache
def routes() -> dict[str, list[tuple[str, list[str]]]]:
    """Return every URL pattern of the market with its templates and parameter names."""
    patterns: dict[str, list[tuple[str, list[str]]]] = {}
    for pattern, parts in _walk(get_resolver().url_patterns, ()):
        template, names = "", list[str]()
        for part in parts:
            [(text, args), *_] = part
            template, names = template + text, names + args
        ways = patterns.setdefault(pattern, [])
        if (template, names) not in ways:  # a repeated route is never reached: ours comes before allauth's
            ways.append((template, names))
    return patterns


def _walk(patterns, above) -> Iterator[tuple[str, tuple]]:
    from django.utils.regex_helper import normalize

    for pattern in patterns:
        parts = (*above, normalize(pattern.pattern.regex.pattern))
        text = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from ((text + rest, parts_of_rest) for rest, parts_of_rest in _walk(pattern.url_patterns, parts))
        else:
            assert isinstance(pattern, URLPattern)
            yield text, parts
