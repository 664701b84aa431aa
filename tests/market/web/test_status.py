"""One vocabulary of states: every state of every lifecycle has a word, a tone and an icon."""

from __future__ import annotations

import pytest
from django.utils import translation

from tradepost.market.base.work import State
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.orders.lifecycle import ORDER
from tradepost.market.orders.models import Order
from tradepost.market.production.address_health import AddressState
from tradepost.market.production.models import Attempt, Call
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION
from tradepost.market.web import status
from tradepost.market.web.templatetags.ui import icon_names

TONES = {"ok", "info", "wait", "warn", "bad", "calm"}
OTHERS = [
    *status.CALL_STATES.values(), status.RETRYING, status.ATTEMPT_RUNNING, status.ATTEMPT_DONE, status.ATTEMPT_PENDING,
    status.ATTEMPT_REFUSED, status.ATTEMPT_FAULT, status.UNCHARGED,
]  # fmt: skip


def test_every_look_uses_a_known_tone_and_icon() -> None:
    looks = [look for table in status.LIFECYCLES.values() for look in table.values()] + OTHERS
    assert {look.tone for look in looks} <= TONES
    assert {look.icon for look in looks} <= icon_names()
    assert all(str(look.label) for look in looks)


@pytest.mark.parametrize("lifecycle", [ORDER, SUBSCRIPTION], ids=lambda lifecycle: lifecycle.name)
def test_every_state_of_a_lifecycle_is_in_the_vocabulary(lifecycle: object) -> None:
    table = lifecycle.transitions  # type: ignore[attr-defined]
    reached = {str(state.value) for state, _ in table} | {str(state.value) for state in table.values()}
    assert reached == set(status.LIFECYCLES[lifecycle.name])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("call", "look"),
    [
        (Call(state=State.WAITING), status.CALL_STATES[State.WAITING]),
        (Call(state=State.WAITING, last_verdict="timeout"), status.RETRYING),
        (Call(state=State.LEASED, last_verdict="timeout"), status.CALL_STATES[State.LEASED]),
        (Call(state=State.HELD, last_verdict="timeout"), status.CALL_STATES[State.HELD]),
        (Call(state=State.ENDED, outcome="gave_up", last_verdict="timeout"), status.CALL_OUTCOMES["gave_up"]),
    ],
)
def test_call_shows_its_result_or_its_progress(call: Call, look: status.Look) -> None:
    assert status.look("call", call) == look


@pytest.mark.parametrize(
    ("order", "english", "chinese"),
    [
        (Order(status="refunded", total_minor=5), "Refunded", "已退款"),
        (Order(status="refunded", total_minor=0), "Closed, not charged", "已关闭，未扣款"),
        (Order(status="completed", total_minor=0), "Completed", "已完成"),
    ],
)
def test_free_order_was_not_refunded(order: Order, english: str, chinese: str) -> None:
    look = status.look("order", order)
    with translation.override("en"):
        assert str(look.label) == english
        assert "Refunded or closed" in [str(words) for _, words in status.state_choices("order")]
    with translation.override("zh-hans"):
        assert str(look.label) == chinese


@pytest.mark.parametrize(
    ("attempt", "look"),
    [
        (Attempt(), status.ATTEMPT_RUNNING),
        (Attempt(pk=1, verdict="done"), status.ATTEMPT_DONE),
        (Attempt(pk=1, verdict="pending"), status.ATTEMPT_PENDING),
        (Attempt(pk=1, verdict="000005"), status.ATTEMPT_REFUSED),
        (Attempt(pk=1, verdict="body_sign_wrong"), status.ATTEMPT_FAULT),
    ],
)
def test_attempt_shows_the_meaning_of_its_verdict(attempt: Attempt, look: status.Look) -> None:
    assert status.look("attempt", attempt) == look


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        ("untested", "Untested", "未验证"),
        ("healthy", "Healthy", "正常"),
        ("degraded", "Degraded", "异常"),
        ("paused", "Paused", "已暂停"),
    ],
)
def test_address_shows_its_state_without_jargon_of_the_breaker(value: str, english: str, chinese: str) -> None:
    look = status.look("address", value)
    with translation.override("en"):
        assert str(look.label) == english
    with translation.override("zh-hans"):
        assert str(look.label) == chinese


def test_every_state_of_an_address_has_words() -> None:
    assert set(status.LIFECYCLES["address"]) == set(AddressState)


def test_state_of_another_version_is_shown_as_it_is() -> None:
    assert status.look("delivery", "bounced") == status.Look("bounced", "calm", "point")
    assert [value for value, _ in status.state_choices("delivery")] == [
        value for value, _ in NoticeDelivery.Status.choices
    ]
