"""Pages of a seller as a browser without scripts fetches them."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Page:
    status: int
    location: str
    cookie: str
    text: str


def visit(url: str, *, form: dict[str, str] | None = None, cookie: str = "", language: str = "en") -> Page:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    headers = {"Accept-Language": language} | ({"Cookie": cookie} if cookie else {})
    try:
        if form is None:
            connection.request("GET", parts.path or "/", headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", parts.path, body=urlencode(form), headers=headers)
        answer = connection.getresponse()
        cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        return Page(answer.status, answer.getheader("Location") or "", cookie, answer.read().decode())
    finally:
        connection.close()
