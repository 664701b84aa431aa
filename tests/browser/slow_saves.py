"""Delay the responses to the autosaves of the page of a draft."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import APIResponse, Page, Route

from tests.waiting import until


class Saves:
    """Responses that the server sent and the page has not received, oldest first."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.held: list[tuple[Route, APIResponse]] = []

    def take(self, route: Route) -> None:
        if route.request.headers.get("x-autosave"):
            self.held.append((route, route.fetch()))
        else:
            route.continue_()

    def take_upload(self, route: Route) -> None:
        self.held.append((route, route.fetch()))

    def wait(self) -> None:
        """Wait until the server has saved."""

        def saved() -> bool:
            self.page.evaluate("1")  # lets the handler run
            return bool(self.held)

        until(saved, "the server has saved the page")

    def release(self) -> None:
        route, answer = self.held.pop(0)
        route.fulfill(response=answer)


@contextmanager
def slow_saves(page: Page) -> Iterator[Saves]:
    saves = Saves(page)
    page.route("**/draft/**", saves.take)
    yield saves
    page.unroute("**/draft/**", saves.take)
