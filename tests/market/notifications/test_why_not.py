"""Why a message is not sent (design: money 8): the first reason that stands, in the one order; and what each kind declares."""

from __future__ import annotations

import pytest

from tradepost.market.base.values import replace
from tradepost.market.notifications.categories import UNDECLARED, Audience, Category, Channel
from tradepost.market.notifications.messages import WORDS
from tradepost.market.notifications.why_not import Fate, How, Place, WhyNot, fate, why_not

SET_UP = frozenset({Channel.MAIL, Channel.WEBHOOK})
WRONG = Place(channel=Channel.SMS, address="", locked=True, confirmed=False, how=How.OFF, disabled=True, receiver_id=1)
"""Everything stands against it."""
GOOD = Place(channel=Channel.MAIL, address="a@b.example")


def test_the_first_reason_counts_in_the_order_of_the_design() -> None:
    """money §8: channel unset, locked, no address, unconfirmed, switched off (unless mandatory), duplicate address."""
    place, found = WRONG, []
    taken = {("mail", "a@b.example")}
    mended = (
        {"channel": Channel.MAIL}, {"locked": False}, {"address": "A@b.example"}, {"confirmed": True}, {"how": How.ON},
        {"address": "other@b.example"}, {"disabled": False},
    )  # fmt: skip
    for step in mended:
        found.append(why_not(place, wanted=True, set_up=SET_UP, mandatory=False, taken=taken))
        place = replace(place, **step)
    assert found == [
        WhyNot.CHANNEL_UNSET, WhyNot.LOCKED, WhyNot.NO_ADDRESS, WhyNot.UNCONFIRMED, WhyNot.SWITCHED_OFF, WhyNot.DUPLICATE,
        WhyNot.DISABLED,
    ]  # fmt: skip
    assert why_not(place, wanted=True, set_up=SET_UP, mandatory=False, taken=taken) is None
    assert why_not(place, wanted=False, set_up=SET_UP, mandatory=True, taken=taken) == WhyNot.SITE_ONLY


@pytest.mark.parametrize(
    ("how", "mandatory", "channel", "becomes"),
    [
        (How.ON, False, Channel.MAIL, Fate.SEND),
        (How.OFF, False, Channel.MAIL, Fate.WITHHOLD),
        (How.OFF, True, Channel.MAIL, Fate.SEND),
        (How.DIGEST, False, Channel.MAIL, Fate.DEFER),
        (How.DIGEST, True, Channel.MAIL, Fate.SEND),
        (How.DIGEST, False, Channel.WEBHOOK, Fate.SEND),
    ],
)
def test_what_is_mandatory_is_neither_switched_off_nor_kept_for_a_summary(
    how: How, mandatory: bool, channel: Channel, becomes: Fate
) -> None:
    """business-rules §7.2: balance warnings and account changes cannot be switched off."""
    place = replace(GOOD, how=how, channel=channel)
    reason = why_not(place, wanted=True, set_up=SET_UP, mandatory=mandatory, taken=set())
    assert fate(place, reason, mandatory=mandatory) == becomes


def test_every_kind_declares_its_category_beside_its_words() -> None:
    """One declaration: ``About(category=…, to=…)`` as the last of ``Words(…)`` in the table of its words."""
    assert [kind for kind, words in WORDS.items() if words.about is UNDECLARED] == []


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
    assert [kind for kind in changes if not WORDS[kind].about.mandatory] == []


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
def test_kinds_are_in_the_categories_of_the_source_and_go_by_its_channels(
    kind: str, category: Category, sms: bool
) -> None:
    """business-rules §7.1, §17.8: 1xx products, 501 O&M; results by SMS, an abnormal interface by SMS, failures by mail."""
    about = WORDS[kind].about
    assert (about.category, about.sms, about.to) == (category, sms, Audience.SELLER)
