"""Differences between market and seller, and their repairs: the whole rule as a table, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tradepost.market.fulfilment.drift import (
    Answer,
    DriftKind,
    MarketSide,
    SellerSide,
    Unresolved,
    comparable_differences,
    differences,
)
from tradepost.protocols.commands import AppInfo

END, OTHER = datetime(2026, 4, 1, 8, tzinfo=UTC), datetime(2026, 5, 1, 8, tzinfo=UTC)
STORED_ACCESS = AppInfo(front_end_url="https://a.example/", user_name="admin", password="secret-of-a")


def market(status: str = "active", **fields: Any) -> MarketSide:
    values: dict[str, Any] = {"expires_at": END, "access": STORED_ACCESS}
    return MarketSide(status=status, **(values | fields))


def differences_of(
    market: MarketSide, answer: Answer = Answer.HAS, access: AppInfo | None = STORED_ACCESS
) -> list[tuple[str, str]]:
    found_differences = differences(market, SellerSide(answer=answer, access=access))
    return [(difference.what.value, difference.repair.value) for difference in found_differences]


def stopped(kind: str, **fields: Any) -> Unresolved:
    return Unresolved(id=7, kind=kind, stopped=True, **fields)


def running(kind: str, **fields: Any) -> Unresolved:
    return Unresolved(id=8, kind=kind, stopped=False, **fields)


@pytest.mark.parametrize("status", ["active", "frozen"])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer.HAS, []),
        (Answer.UNKNOWN, [("gone", "person")]),
        (Answer.PENDING, [("pending", "person")]),
        (Answer.NO_ANSWER, []),
        (Answer.NOT_ASKED, []),
    ],
)
def test_service_in_use_must_exist_at_the_seller(status: str, answer: Answer, expected: list) -> None:
    """saas-v2 §3.2: unknown 000003, pending 000004."""
    reasons = frozenset({"expired"}) if status == "frozen" else frozenset()
    side = market(status, reasons=reasons, seller_state="frozen" if reasons else "active")
    assert differences_of(side, answer) == expected


@pytest.mark.parametrize("status", ["releasing", "released", "failed"])
@pytest.mark.parametrize(
    ("answer", "unresolved", "expected"),
    [
        (Answer.HAS, (), [("left", "release")]),
        (Answer.HAS, (stopped("release", ends=True),), [("left", "restart")]),
        (Answer.HAS, (stopped("release_orphan"),), [("left", "restart")]),
        (Answer.HAS, (running("release", ends=True),), []),
        (Answer.UNKNOWN, (), []),
        (Answer.NO_ANSWER, (), []),
    ],
)
def test_ended_service_must_be_gone(status: str, answer: Answer, unresolved: tuple, expected: list) -> None:
    """saas-v2 §3.5: the instance is deleted."""
    assert differences_of(market(status, unresolved=unresolved), answer) == expected


BY_HAND, EXPIRED = frozenset({"operator"}), frozenset({"expired"})
NO_REASON: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("reasons", "seller", "fields", "expected"),
    [
        (BY_HAND, "frozen", {}, []),
        (BY_HAND, "active", {}, [("state", "tell_state")]),
        (BY_HAND, "unknown", {}, [("state", "tell_state")]),
        (BY_HAND, "active", {"can_freeze": False}, []),
        (BY_HAND, "active", {"unresolved": (running("freeze"),)}, []),
        (BY_HAND, "active", {"unresolved": (stopped("freeze"),)}, [("state", "restart")]),
        (BY_HAND, "active", {"unresolved": (running("release", ends=True),)}, []),
        (BY_HAND, "active", {"unresolved": (running("renew", moves_end=True),)}, [("state", "tell_state")]),
        (EXPIRED, "active", {"unresolved": (running("renew", moves_end=True),)}, []),
        (NO_REASON, "active", {}, []),
        (NO_REASON, "frozen", {}, [("state", "tell_state")]),
        (NO_REASON, "unknown", {"unresolved": (stopped("unfreeze"),)}, [("state", "restart")]),
        (NO_REASON, "frozen", {"unresolved": (running("unfreeze"),)}, []),
        (NO_REASON, "frozen", {"unresolved": (running("renew", moves_end=True),)}, []),
        # SaaS 1.0: only a refresh ends a freeze (saas-v1-license A2.4).
        (NO_REASON, "unknown", {"can_thaw": False, "refresh_thaws": True}, [("state", "tell_end")]),
        (NO_REASON, "unknown", {"can_thaw": False, "refresh_thaws": True, "can_refresh": False}, []),
        (NO_REASON, "unknown", {"can_thaw": False}, []),
    ],
)
def test_freeze_state_of_the_seller_must_match(reasons: frozenset, seller: str, fields: dict, expected: list) -> None:
    """operations.md §6: reasons ≠ seller_state ⇒ open, stopped or Unable."""
    status = "frozen" if reasons else "active"
    assert differences_of(market(status, reasons=reasons, seller_state=seller, **fields)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"told_end": END}, []),
        ({"told_end": OTHER}, [("end", "tell_end")]),
        ({"maybe_end": OTHER}, [("end", "tell_end")]),
        ({"told_end": OTHER, "maybe_end": END}, []),
        ({"told_end": END, "maybe_end": OTHER}, [("end", "tell_end")]),
        ({"told_end": OTHER, "can_refresh": False}, []),
        ({"told_end": OTHER, "expires_at": None}, []),
        ({"told_end": OTHER, "unresolved": (running("renew", moves_end=True),)}, []),
        ({"told_end": OTHER, "unresolved": (stopped("renew", moves_end=True),)}, []),
        ({"told_end": OTHER, "unresolved": (stopped("freeze"),)}, [("end", "tell_end")]),
    ],
)
def test_end_of_the_seller_must_match_the_last_one_sent(fields: dict, expected: list) -> None:
    """saas-v2 §3.3: the expiry is absolute, so the last one sent is in force."""
    assert differences_of(market(**fields)) == expected


def test_end_difference_shows_both_sides() -> None:
    [found] = differences(market(told_end=END, maybe_end=OTHER), SellerSide(answer=Answer.NOT_ASKED))
    assert found.facts == {"market": END.isoformat(), "seller": OTHER.isoformat(), "maybe": True}


@pytest.mark.parametrize(
    ("reported_access", "fields"),
    [
        (STORED_ACCESS, []),
        (None, []),
        (AppInfo(), []),
        (AppInfo(front_end_url="https://b.example/", user_name="admin", password="secret-of-a"), ["front_end_url"]),
        (AppInfo(front_end_url="https://a.example/", user_name="root", password="b"), ["user_name", "password"]),
    ],
)
def test_changed_access_data_is_named_without_its_values(reported_access: AppInfo | None, fields: list[str]) -> None:
    """saas-v2 §3.2: appInfo may be left out; passwords stay sealed."""
    found_differences = differences(market(), SellerSide(answer=Answer.HAS, access=reported_access))
    assert [one.facts for one in found_differences] == ([{"fields": fields}] if fields else [])
    assert "secret" not in str(found_differences)


@pytest.mark.parametrize("answer", list(Answer))
def test_settled_differences_are_those_that_could_be_compared(answer: Answer) -> None:
    """A seller that does not answer settles only differences of the market's own rows."""
    comparable = comparable_differences(SellerSide(answer=answer))
    assert {DriftKind.STATE, DriftKind.END} <= comparable
    assert (DriftKind.GONE in comparable) == (answer in {Answer.HAS, Answer.UNKNOWN, Answer.PENDING})
    assert (DriftKind.ACCESS in comparable) == (answer is Answer.HAS)
