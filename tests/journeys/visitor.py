"""A person with a browser without scripts, outside the market: HTTPS through its proxy, cookies, and the forms of its
pages.
"""

from __future__ import annotations

import http.client
import re
import secrets
import socket
import ssl
from collections.abc import Mapping
from html import unescape
from http.cookies import SimpleCookie
from typing import Any, override
from urllib.parse import quote, urlencode, urljoin, urlsplit

from tests.journeys.browsing import Forms
from tests.journeys.corporate_network import wait

type File = tuple[str, bytes, str]
"""Name, content and type."""


class _Connection(http.client.HTTPSConnection):
    """Connect to this machine whatever the host name is. The certificate must match the name."""

    def __init__(self, host: str, port: int, trust: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=60, context=trust)
        self._trust = trust

    @override
    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)


class Visitor:
    """``text``: the open page. ``at``: its path. ``left``: the address on another site that the last page redirected
    to."""

    def __init__(self, base_url: str, trust: ssl.SSLContext, language: str = "en") -> None:
        self.base, self._trust, self._language = base_url, trust, language
        self._cookies: dict[str, str] = {}
        self.text, self.at, self.left, self.status = "", "/", "", 0

    @property
    def words(self) -> str:
        """Return the text of the page without its tags."""
        main = self.text.partition("<main")[2] or self.text
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", f"<{main}"))).replace("\xa0", " ")

    def _ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, str, bytes]:
        parts = urlsplit(_encoded(urljoin(self.base, path)))
        assert not self._is_elsewhere(path), f"{path} leads out of {self.base}"
        connection = _Connection(parts.hostname or "", parts.port or 443, self._trust)
        headers = {
            "Accept-Language": self._language, "Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items()),
            "Referer": _encoded(urljoin(self.base, self.at)), "Origin": self.base,
        }  # fmt: skip
        if kind:
            headers["Content-Type"] = kind
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self._cookies.pop(name, None)
                    continue
                assert morsel["secure"], f"the cookie {name} would go over plain http"
                self._cookies[name] = morsel.value
        connection.close()
        return answer.status, answer.headers.get("Location") or "", content

    def _is_elsewhere(self, path: str) -> bool:
        return urlsplit(urljoin(self.base, path)).netloc != urlsplit(self.base).netloc

    def read(self, path: str, status: int = 200) -> str:
        """Open a page, following redirects. A redirect to another site ends it, and ``left`` is its address."""
        self.left = ""
        found, leads_to, content = self._ask("GET", path)
        for _hop in range(5):
            if found not in {301, 302, 303}:
                break
            path = urljoin(path, leads_to)
            if self._is_elsewhere(path):
                self.left = path
                return self.text
            found, leads_to, content = self._ask("GET", path)
        self.text, self.at, self.status = content.decode("utf-8", "replace"), path.removeprefix(self.base), found
        assert found == status, (path, found, self.words[:1500])
        return self.text

    def download(self, path: str) -> bytes:
        status, _, content = self._ask("GET", path)
        assert status == 200, (path, status)
        return content

    def follow(self, words: str) -> str:
        """Open the page behind a link of the open page, by the link's text."""
        for href, inner in re.findall(r'<a\b[^>]*?href="([^"]+)"[^>]*>(.*?)</a>', self.text, re.DOTALL):
            if words in " ".join(unescape(re.sub(r"<[^>]+>", " ", inner)).split()):
                return self.read(urljoin(self.at, unescape(href)))
        raise AssertionError(f"{self.at} has no link {words!r}: {self.words[:2000]}")

    def action(self, begins: str) -> str:
        """Return the action of the form on the open page that starts with ``begins``."""
        return next(one.action for one in Forms(self.text, at=self.at).found.values() if one.action.startswith(begins))

    def send(
        self, action: str, form: Mapping[str, Any] | None = None, *, tick: str = "", status: int = 302, **more: Any
    ) -> str:
        """Fill in the form of the open page with this action and submit it. Tuples are files. ``tick``: prefixes of the
        names of boxes to tick. Read the page it redirects to, and return its address."""
        there = Forms(self.text, at=self.at).found.values()
        forms = [
            one
            for one in there
            if urlsplit(urljoin(self.at, one.action)).path == urlsplit(urljoin(self.at, action)).path
        ]
        assert forms, (
            f"no form of {self.at} leads to {action}, only {[one.action for one in there]}: {self.words[:1500]}"
        )
        typed = {**(form or {}), **more}
        found = next((one for one in forms if set(typed) & {*one.values, *one.boxes}), forms[0])
        ticked = {name: values for name, values in found.boxes.items() if tick and name.startswith(tick)}
        fields = {**found.values, **ticked, **typed}
        files = {name: value for name, value in fields.items() if isinstance(value, tuple)}
        kind, body = (
            _multipart(fields)
            if files
            else ("application/x-www-form-urlencoded", urlencode(fields, doseq=True).encode())
        )
        path = urljoin(self.at, found.action)
        code, leads_to, content = self._ask("POST", path, body, kind)
        if code in {302, 303} and status == 302:
            leads_to = urljoin(path, leads_to)
            if self._is_elsewhere(leads_to):
                self.left = leads_to
            else:
                self.read(leads_to)
            return leads_to
        self.text, self.at, self.status = content.decode("utf-8", "replace"), path, code
        assert code == status, (action, code, leads_to, self.words[:3000])
        return path

    def push(self, path: str, fields: Mapping[str, Any] | None = None, *, status: int = 403) -> str:
        """Post fields that no form of the open page offers. Return the address of the redirect."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.text)
        assert token, f"{self.at} has no form"
        body = urlencode({"csrfmiddlewaretoken": token[1], **(fields or {})}).encode()
        code, leads_to, content = self._ask("POST", path, body, "application/x-www-form-urlencoded")
        assert code == status, (path, code, content.decode("utf-8", "replace")[-1500:])
        return leads_to

    def until(self, path: str, *words: str, within: float = 90.0) -> str:
        """Reload a page until it shows one of these words."""

        def look() -> bool:
            self.read(path)
            return any(one in self.words for one in words)

        try:
            wait(look, f"{path} says {' or '.join(words)}", within)
        except AssertionError:
            raise AssertionError(f"{path} never said {' or '.join(words)}: {self.words[:3000]}") from None
        return self.text


def _encoded(url: str) -> str:
    return quote(url, safe=":/?#[]@!$&'()*+,;=%")


def _multipart(fields: Mapping[str, Any]) -> tuple[str, bytes]:
    edge = secrets.token_hex(16)
    body = bytearray()
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            body += f'--{edge}\r\nContent-Disposition: form-data; name="{name}"'.encode()
            if isinstance(one, tuple):
                file, content, kind = one
                body += f'; filename="{file}"\r\nContent-Type: {kind}\r\n\r\n'.encode() + content + b"\r\n"
            else:
                body += f"\r\n\r\n{one}\r\n".encode()
    return f"multipart/form-data; boundary={edge}", bytes(body) + f"--{edge}--\r\n".encode()
