"""What differs between market and seller, and what repairs it: the whole rule as a table, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tradepost.market.fulfilment.drift import (
    Answer,
    MarketSide,
    SellerSide,
    Unresolved,
    What,
    answered,
    differences,
)
from tradepost.protocols.commands import AppInfo

END, OTHER = datetime(2026, 4, 1, 8, tzinfo=UTC), datetime(2026, 5, 1, 8, tzinfo=UTC)
KEPT = AppInfo(front_end_url="https://a.example/", user_name="admin", password="secret-of-a")


def market(status: str = "active", **fields: Any) -> MarketSide:
    values: dict[str, Any] = {"expires_at": END, "access": KEPT}
    return MarketSide(status=status, **(values | fields))


def said(market: MarketSide, answer: Answer = Answer.HAS, access: AppInfo | None = KEPT) -> list[tuple[str, str]]:
    found = differences(market, SellerSide(answer=answer, access=access))
    return [(one.what.value, one.repair.value) for one in found]


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
def test_a_service_in_use_must_be_there(status: str, answer: Answer, expected: list) -> None:
    """saas-v2 §3.2: unknown 000003, pending 000004."""
    reasons = frozenset({"expired"}) if status == "frozen" else frozenset()
    side = market(status, reasons=reasons, seller_state="frozen" if reasons else "active")
    assert said(side, answer) == expected


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
def test_what_has_ended_must_be_gone(status: str, answer: Answer, unresolved: tuple, expected: list) -> None:
    """saas-v2 §3.5: the instance is deleted."""
    assert said(market(status, unresolved=unresolved), answer) == expected


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
        # SaaS 1.0: only a refresh ends a freeze there (saas-v1-license A2.4).
        (NO_REASON, "unknown", {"can_thaw": False, "refresh_thaws": True}, [("state", "tell_end")]),
        (NO_REASON, "unknown", {"can_thaw": False, "refresh_thaws": True, "can_refresh": False}, []),
        (NO_REASON, "unknown", {"can_thaw": False}, []),
    ],
)
def test_the_seller_knows_whether_it_is_frozen(reasons: frozenset, seller: str, fields: dict, expected: list) -> None:
    """operations.md §6: reasons ≠ seller_state ⇒ open, stopped or Unable."""
    status = "frozen" if reasons else "active"
    assert said(market(status, reasons=reasons, seller_state=seller, **fields)) == expected


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
def test_the_seller_keeps_to_the_end_that_it_was_told_last(fields: dict, expected: list) -> None:
    """saas-v2 §3.3: the expiry is absolute: what was told last counts."""
    assert said(market(**fields)) == expected


def test_an_end_says_what_each_side_has() -> None:
    [found] = differences(market(told_end=END, maybe_end=OTHER), SellerSide(answer=Answer.NOT_ASKED))
    assert found.facts == {"market": END.isoformat(), "seller": OTHER.isoformat(), "maybe": True}


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        (KEPT, []),
        (None, []),
        (AppInfo(), []),
        (AppInfo(front_end_url="https://b.example/", user_name="admin", password="secret-of-a"), ["front_end_url"]),
        (AppInfo(front_end_url="https://a.example/", user_name="root", password="b"), ["user_name", "password"]),
    ],
)
def test_access_data_that_changed_is_named_and_never_told(given: AppInfo | None, fields: list[str]) -> None:
    """saas-v2 §3.2: appInfo may be left out; passwords stay where they are sealed."""
    found = differences(market(), SellerSide(answer=Answer.HAS, access=given))
    assert [one.facts for one in found] == ([{"fields": fields}] if fields else [])
    assert "secret" not in str(found)


@pytest.mark.parametrize("answer", list(Answer))
def test_only_what_could_be_seen_is_settled(answer: Answer) -> None:
    """A seller that does not answer settles nothing but what our own rows say."""
    seen = answered(SellerSide(answer=answer))
    assert {What.STATE, What.END} <= seen
    assert (What.GONE in seen) == (answer in {Answer.HAS, Answer.UNKNOWN, Answer.PENDING})
    assert (What.ACCESS in seen) == (answer is Answer.HAS)
