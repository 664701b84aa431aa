"""The two HTTP values that every protocol folder reads and writes: a request and a response, as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

type Headers = tuple[tuple[str, str], ...]


def header(headers: Headers, name: str) -> str | None:
    """The first value of a header, its name compared without case; None when it is absent."""
    wanted = name.lower()
    for key, value in headers:
        if key.lower() == wanted:
            return value
    return None


def header_exact(headers: Headers, name: str) -> str | None:
    """The first value of a header whose name has exactly this spelling (KooGallery reads ``Body-Sign`` so)."""
    for key, value in headers:
        if key == name:
            return value
    return None


def _query_text(url: str) -> str:
    """What stands between ``?`` and ``#``. Raises ``ValueError`` for a URL that cannot be read."""
    if url.isascii() and url.isprintable() and "[" not in url and "]" not in url:
        # Nothing for urlsplit to strip or to refuse, so that its answer is this; it takes a third of a request's checks.
        return url.partition("#")[0].partition("?")[2]
    return urlsplit(url).query


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. ``url`` holds scheme, host, path and query as sent; ``body`` the exact bytes."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return header(self.headers, name)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        """Query parameters, decoded once; the first value of a repeated name wins."""
        query = _query_text(self.url)
        if "%" in query or "+" in query:
            pairs = parse_qsl(query, keep_blank_values=True)
        else:
            # Nothing to decode, as in every request that is signed in its URL: the same pairs in a tenth of the time.
            pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]
        return dict(reversed(pairs))


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response. ``headers`` keep the case that was on the wire; ``body`` the exact bytes."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return header(self.headers, name)
