"""Every page that a role reaches by links, and the response to each empty form, rendered in chromium without a server."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, override
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache as counts
from django.db import transaction
from playwright.sync_api import Page, Route

from tests.market.larger_world import LargerWorld
from tests.market.site_walk import Walk

ORIGIN = "http://testserver"
HTML = "text/html"


@dataclass(slots=True)
class Rendered:
    """``language`` → the page's source. ``state``: *refused* for the response to an empty form."""

    role: str
    address: str
    state: str = ""
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.role}: {self.address}{f' ({self.state})' if self.state else ''}"


class KeepingWalk(Walk):
    """A walk that keeps each page in both languages."""

    def __init__(self, world: LargerWorld, role: str) -> None:
        self.pages_seen: dict[str, Rendered] = {}
        self.fragments: dict[str, str] = {}
        """Parts that htmx loads."""
        super().__init__(world, role)

    @override
    def _get(self, address: str, language: str) -> Any:
        answer = super()._get(address, language)
        if answer.status_code == 200 and answer.get("Content-Type", "").startswith(HTML):
            text = answer.content.decode()
            if "</html>" not in text:
                self.fragments.setdefault(address, text)
            else:
                page = self.pages_seen.setdefault(address, Rendered(self.role, address))
                page.sources.setdefault(language, text)
                other = "zh-hans" if language == "en" else "en"
                if other not in page.sources:
                    page.sources[other] = super()._get(address, other).content.decode()
        return answer

    def refused(self) -> Iterator[Rendered]:
        """Send each form empty, and return the pages with its errors."""
        for (source, _route), (target, form) in self.forms.items():
            page = Rendered(self.role, target, f"refused, {source}")
            for language in ("en", "zh-hans"):
                answer = self._send_empty(target, form.headers, language)
                text = answer.content.decode(errors="replace")
                if answer.status_code in {400, 409, 422} and "</html>" in text:
                    page.sources[language] = text
            if page.sources:
                yield page

    def _send_empty(self, target: str, headers: dict[str, str], language: str) -> Any:
        client = type(self.client)(headers={"accept-language": language}, raise_request_exception=True)
        client.cookies.load({name: morsel.value for name, morsel in self.client.cookies.items()})
        counts.clear()
        with transaction.atomic():
            answer = client.post(target, {}, headers={name.lower(): value for name, value in headers.items()})
            transaction.set_rollback(True)
        return answer


def show(page: Page, rendered: Rendered, language: str, fragments: dict[str, str]) -> None:
    """Load the page in the browser as if the market had answered."""
    page.unroute_all(behavior="ignoreErrors")  # a poll of the previous page may be in progress
    whole = ORIGIN + rendered.address

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        if route.request.url == whole and route.request.is_navigation_request():
            route.fulfill(body=rendered.sources[language], content_type=f"{HTML}; charset=utf-8")
        elif path.startswith("/static/"):
            file = Path(settings.STATIC_ROOT) / path.removeprefix("/static/")
            route.fulfill(path=file, content_type=mimetypes.guess_type(file.name)[0] or "application/octet-stream")
        elif path in fragments:
            route.fulfill(body=fragments[path], content_type=f"{HTML}; charset=utf-8")
        else:
            route.fulfill(status=204)

    page.route("**/*", answer)
    page.goto(whole)
