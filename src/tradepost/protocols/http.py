"""The two HTTP values that every protocol folder reads and writes: a request and a response, as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

type Headers = tuple[tuple[str, str], ...]


def header(headers: Headers, name: str) -> str | None:
    """The first value of a header, its name compared without case; None when it is absent."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


def header_exact(headers: Headers, name: str) -> str | None:
    """The first value of a header whose name has exactly this spelling (KooGallery reads ``Body-Sign`` so)."""
    return next((value for key, value in headers if key == name), None)


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
        pairs = parse_qsl(urlsplit(self.url).query, keep_blank_values=True)
        return dict(reversed(pairs))


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response. ``headers`` keep the case that was on the wire; ``body`` the exact bytes."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return header(self.headers, name)
