"""A browser without scripts: it follows redirects over the auth centre and back, and keeps the application's cookies."""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tradepost.kit.joint.web import cookies_in


@dataclass
class Visitor:
    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def go(self, url: str, method: str = "GET") -> tuple[int, str, str]:
        """Return status, Location and text of one request. Cookies are only kept for the application."""
        parts = urlsplit(url)
        ours = url.startswith(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookie} if ours and cookie else {}
        connection.request(method, f"{parts.path}{'?' if parts.query else ''}{parts.query}", headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        for value in answer.headers.get_all("Set-Cookie") or []:
            assert "HttpOnly" in value
            assert "SameSite=Lax" in value
            ((name, kept),) = cookies_in(value.partition(";")[0]).items()
            self.cookies.pop(name, None)
            if "Max-Age=0" not in value:
                self.cookies[name] = kept
        return answer.status, answer.getheader("Location") or "", text

    def follow(self, url: str) -> tuple[int, str, str]:
        """Follow all redirects, over the auth centre and back."""
        for _ in range(8):
            status, location, text = self.go(url)
            if not location:
                return status, url, text
            url = location if "://" in location else f"{self.url}{location}"
        raise AssertionError("the redirects have no end")
