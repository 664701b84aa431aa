"""Reasons for not sending a message (design: money 8): the first reason in the fixed order applies; and what each kind declares."""

from __future__ import annotations

import pytest

from tradepost.market.base.values import replace
from tradepost.market.notifications.categories import DEFAULT_POLICY, Audience, Category, Channel
from tradepost.market.notifications.messages import TEMPLATES
from tradepost.market.notifications.why_not import (
    DeliveryChoice,
    DeliveryDecision,
    Destination,
    UnsentReason,
    decide_delivery,
    unsent_reason,
)

CONFIGURED_CHANNELS = frozenset({Channel.MAIL, Channel.WEBHOOK})
BLOCKED_PLACE = Destination(
    channel=Channel.SMS, address="", locked=True, confirmed=False, how=DeliveryChoice.OFF, disabled=True, receiver_id=1
)
"""Every reason applies to it."""
OPEN_PLACE = Destination(channel=Channel.MAIL, address="a@b.example")


def test_first_reason_in_the_order_of_the_design_applies() -> None:
    """money §8: channel unset, locked, no address, unconfirmed, switched off (unless mandatory), duplicate address."""
    place, reasons = BLOCKED_PLACE, []
    used_addresses = {("mail", "a@b.example")}
    corrections = (
        {"channel": Channel.MAIL}, {"locked": False}, {"address": "A@b.example"}, {"confirmed": True}, {"how": DeliveryChoice.ON},
        {"address": "other@b.example"}, {"disabled": False},
    )  # fmt: skip
    for correction in corrections:
        reasons.append(
            unsent_reason(place, wanted=True, set_up=CONFIGURED_CHANNELS, mandatory=False, taken=used_addresses)
        )
        place = replace(place, **correction)
    assert reasons == [
        UnsentReason.CHANNEL_UNSET, UnsentReason.LOCKED, UnsentReason.NO_ADDRESS, UnsentReason.UNCONFIRMED, UnsentReason.SWITCHED_OFF, UnsentReason.DUPLICATE,
        UnsentReason.DISABLED,
    ]  # fmt: skip
    assert unsent_reason(place, wanted=True, set_up=CONFIGURED_CHANNELS, mandatory=False, taken=used_addresses) is None
    assert (
        unsent_reason(place, wanted=False, set_up=CONFIGURED_CHANNELS, mandatory=True, taken=used_addresses)
        == UnsentReason.SITE_ONLY
    )


@pytest.mark.parametrize(
    ("how", "mandatory", "channel", "decision"),
    [
        (DeliveryChoice.ON, False, Channel.MAIL, DeliveryDecision.SEND),
        (DeliveryChoice.OFF, False, Channel.MAIL, DeliveryDecision.WITHHOLD),
        (DeliveryChoice.OFF, True, Channel.MAIL, DeliveryDecision.SEND),
        (DeliveryChoice.DIGEST, False, Channel.MAIL, DeliveryDecision.DEFER),
        (DeliveryChoice.DIGEST, True, Channel.MAIL, DeliveryDecision.SEND),
        (DeliveryChoice.DIGEST, False, Channel.WEBHOOK, DeliveryDecision.SEND),
    ],
)
def test_mandatory_notices_are_neither_switched_off_nor_deferred(
    how: DeliveryChoice, mandatory: bool, channel: Channel, decision: DeliveryDecision
) -> None:
    """business-rules §7.2: balance warnings and account changes cannot be switched off."""
    place = replace(OPEN_PLACE, how=how, channel=channel)
    reason = unsent_reason(place, wanted=True, set_up=CONFIGURED_CHANNELS, mandatory=mandatory, taken=set())
    assert decide_delivery(place, reason, mandatory=mandatory) == decision


def test_every_kind_declares_its_category() -> None:
    """The declaration is ``About(category=…, to=…)``, the last argument of ``Words(…)``."""
    assert [kind for kind, words in TEMPLATES.items() if words.about is DEFAULT_POLICY] == []


def test_accounts_and_balances_cannot_be_switched_off() -> None:
    """business-rules §7.2."""
    changes = {
        "account_reset",
        "account_confirm",
        "owner_new",
        "owner_former",
        "member_removed",
        "top_up",
        "order_refunded",
    }
    assert [kind for kind in changes if not TEMPLATES[kind].about.mandatory] == []


@pytest.mark.parametrize(
    ("kind", "category", "sms"),
    [
        ("seller_submission_approved", Category.PRODUCT, True),
        ("seller_submission_rejected", Category.PRODUCT, True),
        ("seller_new_order", Category.PRODUCT, False),
        ("seller_renewal", Category.PRODUCT, False),
        ("seller_breaker_open", Category.OPERATIONS, True),
        ("seller_call_failed", Category.OPERATIONS, False),
        ("seller_stock_empty", Category.OPERATIONS, False),
    ],
)
def test_kinds_have_the_categories_and_channels_of_the_specification(kind: str, category: Category, sms: bool) -> None:
    """business-rules §7.1, §17.8: 1xx products, 501 O&M; results by SMS, an abnormal interface by SMS, failures by mail."""
    about = TEMPLATES[kind].about
    assert (about.category, about.sms, about.to) == (category, sms, Audience.SELLER)
