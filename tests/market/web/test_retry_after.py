"""Refusals by a limit state when the next try is allowed, on every page (openapi-jointkit §C.1 for programs; the same
for pages)."""

from __future__ import annotations

import ast
from contextlib import suppress

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from tests.architecture.source import ROOT
from tradepost.market.base.errors import Refused
from tradepost.market.identity import limits
from tradepost.market.web.middleware import RequestMiddleware, refused_page
from tradepost.market.web.refusals import record_refusals

pytestmark = pytest.mark.django_db
MARKET = ROOT / "src/tradepost/market"


def refuse(wait: int) -> None:
    raise Refused("test.too_often", "Later.", 429, wait=wait)


def respond(status: int, wait: int = 0) -> HttpResponse:
    """As a view that catches a refusal and shows it in its form."""

    def view(_request: HttpRequest) -> HttpResponse:
        if wait:
            with suppress(Refused):
                refuse(wait)
        return HttpResponse("the form", status=status)

    answer = RequestMiddleware(view)(RequestFactory().get("/"))
    assert isinstance(answer, HttpResponse)
    return answer


def test_form_with_a_refusal_has_retry_after() -> None:
    assert respond(429, wait=7)["Retry-After"] == "7"
    assert "Retry-After" not in respond(429), "the wait of an earlier request"
    assert "Retry-After" not in respond(422, wait=7), "another refusal"


def test_page_that_shows_a_refusal_has_retry_after(rf: RequestFactory) -> None:
    """Decision 0101: views set no status; it is derived from the shown refusal."""

    def view(request: HttpRequest) -> HttpResponse:
        record_refusals(request, {"refused": Refused("test.too_often", "Later.", 429, wait=5)})
        return HttpResponse("the form")

    answer = RequestMiddleware(view)(rf.post("/"))
    assert (answer.status_code, answer["Retry-After"]) == (429, "5")


def test_refusal_page_has_retry_after(rf: RequestFactory) -> None:
    answer = RequestMiddleware(lambda request: refused_page(request, Refused("a.b", "Later.", 429, wait=9)))(
        rf.get("/")
    )
    assert (answer.status_code, answer["Retry-After"]) == (429, "9")


def test_every_refusal_by_a_limit_states_its_wait() -> None:
    codes, without = {item.refusal for item in limits.all_limits() if item.refusal}, []
    for path in MARKET.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            is_refusal = ast.unparse(node.func) in {"Refused", "super().__init__"}
            if is_refusal and node.args[0].value in codes and "wait" not in {item.arg for item in node.keywords}:
                without.append(f"{path.relative_to(MARKET)}:{node.lineno}")
    assert without == []


def test_every_refusal_with_429_states_its_wait() -> None:
    """Also of quotas counted from rows (``base/quotas.py``), which are in no table of limits."""
    states = ("HTTPStatus.TOO_MANY_REQUESTS", "429")
    without = [
        f"{path.relative_to(MARKET)}:{node.lineno}"
        for path in MARKET.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"Refused", "_refused", "super().__init__"}
        and any(ast.unparse(argument) in states for argument in node.args)
        and "wait" not in {argument.arg for argument in node.keywords}
        and not (
            path.parent.name == "scim" and ast.unparse(node.args[0]) == "detail"
        )  # the error contains its waiting time
    ]
    assert without == []
