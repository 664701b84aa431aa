"""What the events of a large market are about, so that each reaction can be made to a batch of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from tradepost.market.debugging.events import FailedCase

from .many import STORIES, Size


def one(text: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(text)
        found: tuple[Any, ...] | None = cursor.fetchone()
    if found is None:
        raise LookupError(text)
    return found


def of_seller(table: str, column: str, where: str = "true") -> str:
    """The newest row of seller 1."""
    return str(one(f"SELECT {column} FROM {table} WHERE seller_id = 1 AND {where} ORDER BY id DESC LIMIT 1")[0])


def happened(event: type, size: Size, now: datetime) -> list[dict[str, Any]]:
    """Fields of events of this class about things that are as they would be then."""
    newest, at = size.orders, now
    delivered = range(newest - 1000, newest - 2000, -1)

    def numbers(keys: range) -> list[str]:
        rows = all_of(f"SELECT number FROM orders_order WHERE id IN ({', '.join(map(str, keys))}) ORDER BY id")
        return [number for (number,) in rows]

    match event.__name__:
        case "OrderPaid":
            bought, renewed = _story(size, "paid"), _story(size, "renewal_paid")
            return [{"order": number} for number in [*numbers(bought), *numbers(renewed)]]
        case "OrderCompleted":
            return [{"order": number} for number in numbers(delivered[:100])]
        case "OrderCancelled":
            return [{"order": number, "by": "timeout"} for number in numbers(delivered) if number][:1]
        case "OrderRefunded":
            refunded = all_of("SELECT number FROM orders_order WHERE status = 'refunded' ORDER BY id DESC LIMIT 10")
            return [{"order": number, "reason": "timeout"} for (number,) in refunded]
        case "CallFailed":
            failing = (n for n in _story(size, "creating") if (newest - n) % 4 == 1)
            return [{"call": 3 * n, "attempt": 1, "verdict": "timeout", "next_at": at} for n in failing]
        case "CallEnded":
            return _calls_ended(size)
        case "ReplayEnded":
            failed = FailedCase(case=4, activity="queryInstance", variant="", diagnosis="bom")
            return [
                {
                    "about": "seller:1",
                    "job": 1,
                    "outcome": "done",
                    "passed": False,
                    "seller": 1,
                    "cases": 3,
                    "failed": (failed,),
                }
            ]
        case "BreakerOpened":
            return [{"address": 11, "fault": "connect"}]
        case "ToppedUp":
            return [{"transfer": 1}]
        case "SigningKeyRotated":
            return [{"key": 1}]
        case "SubscriptionEndsSoon":
            rows = all_of("SELECT id, expires_at FROM subscriptions_subscription WHERE status = 'active' AND expires_at"
                        " IS NOT NULL ORDER BY id DESC LIMIT 10")  # fmt: skip
            return [{"subscription": pk, "ends": ends} for pk, ends in rows]
        case "SubscriptionFrozen" | "SubscriptionUnfrozen" | "SubscriptionReleased":
            rows = all_of("SELECT id FROM subscriptions_subscription WHERE status = 'frozen' ORDER BY id DESC LIMIT 10")
            return [{"subscription": pk, "at": at} for (pk,) in rows]
        case "MemberJoined":
            return [{"seller": 1, "user": 1, "invitation": 1}]
        case "MemberLeft":
            return [{"seller": 1, "user": 1, "by": size.member(1), "at": at}]
        case "MemberAccessChanged":
            return [{"seller": 1, "user": 1, "at": at}]
        case "OwnershipTransferred":
            return [{"seller": 1, "former": 1, "owner": size.member(1), "at": at}]
        case "DomainLapsed":
            return [{"domain": 1, "at": at}]
        case "SubmissionSent" | "SubmissionOverdue":
            return [{"submission": int(of_seller("review_submission", "id", "status = 'pending'"))}]
        case "SubmissionDecided":
            pk = int(of_seller("review_submission", "id", "status = 'rejected'"))
            return [{"submission": pk, "outcome": "rejected"}]
        case "SellerAdmitted" | "SellerSuspended" | "SellerResumed" | "SellerExited" | "CertificationLocked":
            return [{"seller": 1}]
        case "AgreementPublished":
            return [{"agreement": one("SELECT id FROM identity_agreement WHERE kind = 'seller'")[0]}]
        case "ProductFrozen":
            return [{"product": 1, "cause": "x", "at": at}]
        case "UpgradeRuleLapsed":
            return [{"rule": 1, "at": at}]
        case "ProductUnfrozen" | "StockEmpty":
            return [{"product": 1, "at": at}]
        case "ProductStopped":
            return [{"product": 1, "what": "product", "key": "", "reason": "x", "by_operator": True, "at": at}]
        case "OperationStopped":
            rows = all_of(
                "SELECT id, call_id FROM fulfilment_operation WHERE kind = 'freeze' ORDER BY id DESC LIMIT 10"
            )
            return [{"operation": pk, "call": call, "at": at} for pk, call in rows]
    raise LookupError(f"say in {__name__} what happened when {event.__name__} is published")


def _calls_ended(size: Size) -> list[dict[str, Any]]:
    """Deliveries that go on, a renewal that was done, one that was given up, and freezes."""
    made = [{"call": 3 * n, "kind": "Create", "outcome": "done", "subscription": n} for n in _story(size, "created")]
    renewed = [
        {"call": 3 * n, "kind": "Refresh", "outcome": "gave_up" if n % 10 == 0 else "done", "subscription": 5 * (size.orders - n) + 1}
        for n in _story(size, "refreshed")
    ]  # fmt: skip
    rows = all_of("SELECT id, subscription_id FROM production_call WHERE kind = 'SetStatus' AND subscription_id IS NOT NULL"
                " ORDER BY id DESC LIMIT 50")  # fmt: skip
    frozen = [{"call": call, "kind": "SetStatus", "outcome": "done", "subscription": pk} for call, pk in rows]
    return [*renewed[:1], *made, *renewed[1:], *frozen]


def _story(size: Size, story: str) -> range:
    """Keys of the orders of one story under way, see ``many``."""
    newest = size.orders - 300 - 100 * STORIES.index(story)
    return range(newest, newest - 100, -1)


def all_of(text: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall()
