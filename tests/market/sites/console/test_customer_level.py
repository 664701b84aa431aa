"""An operator sets a customer's level with a reason; the buyer sees what the level means."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.factories import make_buyer, make_operator
from tradepost.market.base.models import Move
from tradepost.market.identity.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return make_operator(email="op@market.example")


@pytest.fixture
def console(operator: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(operator)
    return client


def change(client: Client, buyer: User, **data: str):
    return client.post(f"/console/accounts/{buyer.pk}/level/", {"level": "V3", "reason": "a good year", **data})


def level_of(buyer: User) -> str:
    return User.objects.get(pk=buyer.pk).level


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_change_of_a_level_is_recorded_with_operator_time_and_reason(console: Client, operator: User) -> None:
    """business-rules §4.4: grace and retention depend on the level."""
    buyer = make_buyer(balance="0")
    page = text(console.get(f"/console/accounts/{buyer.pk}/"))
    assert "V0 the market's default" in page
    answer = change(console, buyer)
    assert (answer.status_code, answer["Location"]) == (302, f"/console/accounts/{buyer.pk}/")
    assert level_of(buyer) == "V3"
    move = Move.objects.get(lifecycle="customer_level", subject=str(buyer.pk))
    assert (move.before, move.after, move.actor, move.note) == ("", "V3", operator.email, "a good year")
    page = text(console.get(answer["Location"]))
    assert f"{buyer} now has the level V3." in page
    assert "V0 → V3 a good year" in page
    assert "V3 7 days 7 days" in page
    change(console, buyer, level="default", reason="as everybody")
    assert level_of(buyer) == ""


def test_same_level_again_changes_nothing(console: Client) -> None:
    buyer = make_buyer(balance="0")
    change(console, buyer)
    answer = change(console, buyer)
    assert Move.objects.filter(lifecycle="customer_level").count() == 1
    assert "Nothing was changed" in text(console.get(answer["Location"]))


@pytest.mark.parametrize("wrong", [{"level": "V6"}, {"level": ""}, {"reason": "  "}, {"reason": "x" * 201}])
def test_invalid_level_or_missing_reason_is_refused(console: Client, wrong: dict[str, str]) -> None:
    buyer = make_buyer(balance="0", level="V2")
    answer = change(console, buyer, **wrong)
    assert answer.status_code == 422
    assert "tp-error" in answer.content.decode()
    assert (level_of(buyer), Move.objects.filter(lifecycle="customer_level").count()) == ("V2", 0)


def test_only_operators_change_levels_of_existing_buyers(console: Client) -> None:
    buyer = make_buyer(balance="0")
    client = Client()
    client.force_login(buyer)
    assert change(client, buyer).status_code in {403, 404}
    assert level_of(buyer) == ""
    assert console.post("/console/accounts/999/level/", {"level": "V3", "reason": "x"}).status_code == 404


@pytest.mark.parametrize(("level", "days"), [("V5", "15 days"), ("", "1 day")])
def test_buyer_sees_the_effects_of_the_level(level: str, days: str) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_buyer(balance="0", level=level))
    page = text(client.get("/profile/"))
    assert "Your customer level " + (level or "V0") in page
    assert f"It is then frozen for {days}, and you can still renew it." in page
