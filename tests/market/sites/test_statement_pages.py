"""Issue 27, 8: the figures of a statement come before its buttons, and a refused reason is kept in its dialog."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.factories import make_operator
from tests.market.settlement import settling
from tests.market.sites.seller_center.shops import enter
from tradepost.market.settlement.models import Statement

pytestmark = pytest.mark.django_db


def main_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode().partition("<main")[2]


def dialog(page: str, of: str) -> str:
    match = re.search(rf'<dialog class="tp-dialog"\s+id="{of}".*?</dialog>', page, re.DOTALL)
    assert match is not None, of
    return match[0]


def test_seller_reads_the_figures_before_agreeing_or_rejecting() -> None:
    statement = settling.earned_statement()
    page = main_of(enter(settling.owner_of(statement.seller)), f"/seller/settlements/{statement.pk}/")
    figures = page.index("Market fee")
    assert figures < page.index("/sign/")
    assert figures < page.index('data-dialog="sc-reject"') < page.index('id="sc-reject"')
    assert "/reject/" not in page.replace(dialog(page, "sc-reject"), "")


def test_operator_reads_the_figures_before_paying_or_refusing() -> None:
    statement = settling.sign_statement(settling.earned_statement())
    assert statement.status == Statement.Status.PAYING
    page = main_of(enter(make_operator()), f"/console/settlements/{statement.pk}/")
    figures = page.index("Market fee")
    for act in ("/pay/", 'data-dialog="c-wrong"', 'data-dialog="c-refuse"'):
        assert figures < page.index(act)


TYPED = "x" * 501
"""Longer than the maximum of a reason."""


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["", "   ", TYPED])
@pytest.mark.parametrize(("site", "act", "of"), [
    ("seller", "reject", "sc-reject"), ("console", "wrong", "c-wrong"), ("console", "refuse", "c-refuse"),
])  # fmt: skip
def test_refused_reason_opens_its_dialog_with_the_input(site: str, act: str, of: str, typed: str) -> None:
    statement = settling.earned_statement()
    client = enter(settling.owner_of(statement.seller))
    if site == "console":
        statement, client = settling.sign_statement(statement), enter(make_operator())
    before = settling.snapshot()
    answer = client.post(f"/{site}/settlements/{statement.pk}/{act}/", {"reason": typed})
    assert answer.status_code == 422
    page = answer.content.decode()
    for name in re.findall(r'<dialog class="tp-dialog"\s+id="([\w-]+)"', page):
        assert ("data-dialog-open" in dialog(page, name).partition(">")[0]) == (name == of), name
    assert f">{typed}</textarea>" in dialog(page, of)
    assert 'role="alert"' in dialog(page, of)
    assert settling.snapshot() == before


def test_statement_is_rejected_with_a_reason() -> None:
    statement = settling.earned_statement()
    client = enter(settling.owner_of(statement.seller))
    answer = client.post(f"/seller/settlements/{statement.pk}/reject/", {"reason": "An order is missing."})
    assert answer.status_code == 302
    assert settling.reload(statement).status == "rejected"
