"""Data of events in a large market, so that each reaction can run on a batch of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from tradepost.market.assets.file_scans import INVOICES
from tradepost.market.debugging.events import FailedCase

from .many import STORIES, Size
from .many.enterprises import REMOVED_GROUP
from .many.metered import PACKAGE
from .many.service_desk import OF_THE_BUYER

DAY = timedelta(days=1)


def fetch_row(text: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(text)
        found: tuple[Any, ...] | None = cursor.fetchone()
    if found is None:
        raise LookupError(text)
    return found


def of_seller(table: str, column: str, where: str = "true") -> str:
    """Return the newest row of seller 1."""
    return str(fetch_row(f"SELECT {column} FROM {table} WHERE seller_id = 1 AND {where} ORDER BY id DESC LIMIT 1")[0])


def newest_of(table: str) -> int:
    return int(fetch_row(f"SELECT max(id) FROM {table}")[0])


def event_fields(event: type, size: Size, now: datetime) -> list[dict[str, Any]]:
    """Return the fields of events of this class, about rows in the state that such an event leaves behind."""
    newest, at = size.orders, now
    delivered = range(newest - 1000, newest - 2000, -1)

    def numbers(keys: range) -> list[str]:
        rows = fetch_column(f"SELECT number FROM orders_order WHERE id IN ({', '.join(map(str, keys))}) ORDER BY id")
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
            refunded = fetch_column(
                "SELECT number FROM orders_order WHERE status = 'refunded' ORDER BY id DESC LIMIT 10"
            )
            return [{"order": number, "reason": "timeout"} for (number,) in refunded]
        case "OrderReturned":
            returned = fetch_column(
                "SELECT number FROM orders_order WHERE status = 'refunded' ORDER BY id DESC LIMIT 1"
            )
            return [{"order": number} for (number,) in returned]
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
        case "TransferProofGiven" | "TransferRejected" | "TransferExpired":
            return [{"intent": int(fetch_row("SELECT max(id) FROM payments_intent WHERE seller_id IS NULL")[0])}]
        case "RepaymentBooked":
            return [{"intent": int(of_seller("payments_providerfact", "intent_id"))}]
        case "WithdrawalMoved":
            return [
                {"withdrawal": newest_of("payments_withdrawal"), "status": status} for status in ("requested", "paid")
            ]
        case "BookingCorrected":
            return [{"correction": newest_of("payments_correction")}]
        case "ApprovalRequested" | "ApprovalEnded":
            return [{"request": newest_of("approvals_request")}]
        case "RecordsRefused":
            return [{"seller": 1, "push": 1, "refused": 3}]
        case "CollectionClosed":
            return [{"collection": 1}]
        case "CreditWaits":
            [charge] = fetch_row("UPDATE billing_charge SET minor = -10, waiting_minor = 10 WHERE id = 20 RETURNING id")
            return [{"charge": int(charge)}]
        case "DebtChanged":
            return [{"buyer": 1, "currency": "CNY"}]
        case "PackageChanged" | "QuotaDeducted" | "QuotaLow" | "QuotaUsedUp" | "RepurchaseFailed":
            [pk] = fetch_row(f"SELECT {PACKAGE}")
            return [_of_package(event.__name__, int(pk))]
        case "ArrearsBegan" | "ArrearsCleared":
            [pk] = fetch_row("INSERT INTO billing_arrears (buyer_id, currency, status, level, began_at, freezes_at, releases_at, ended_at)"
                       " VALUES (1, 'CNY', 'paid', 'V0', now(), now(), now(), now()) RETURNING id")  # fmt: skip
            return [{"arrears": int(pk)}]
        case "SigningKeyRotated":
            return [{"key": 1}]
        case "SubscriptionEndsSoon":
            rows = fetch_column("SELECT id, expires_at FROM subscriptions_subscription WHERE status = 'active' AND expires_at"
                        " IS NOT NULL ORDER BY id DESC LIMIT 10")  # fmt: skip
            return [{"subscription": pk, "ends": ends, "days": 7} for pk, ends in rows]
        case "AutoRenewalFailed":
            rows = fetch_column("SELECT subscription_id, ends_at FROM orders_autorenewal ORDER BY id DESC LIMIT 10")
            return [{"subscription": pk, "reason": "balance.too_low", "ends": ends, "next_at": at} for pk, ends in rows]
        case "SubscriptionExpired":
            rows = fetch_column("SELECT id, expires_at FROM subscriptions_subscription WHERE status = 'active' AND expires_at"
                        " IS NOT NULL ORDER BY id DESC LIMIT 10")  # fmt: skip
            return [
                {"subscription": pk, "ended": ends, "freezes_at": ends + DAY, "releases_at": ends + 2 * DAY}
                for pk, ends in rows
            ]
        case "SubscriptionFrozen" | "SubscriptionUnfrozen" | "SubscriptionReleased":
            rows = fetch_column(
                "SELECT id FROM subscriptions_subscription WHERE status = 'frozen' ORDER BY id DESC LIMIT 10"
            )
            return [{"subscription": pk, "at": at} for (pk,) in rows]
        case "OperatorActed":
            rows = fetch_column(
                "SELECT id FROM subscriptions_subscription WHERE status = 'frozen' ORDER BY id DESC LIMIT 10"
            )
            return [{"subscription": pk, "act": "freeze", "reason": "x", "at": at} for (pk,) in rows]
        case "MemberJoined":
            return [{"seller": 1, "user": 1, "invitation": 1}]
        case "MemberLeft":
            return [{"seller": 1, "user": 1, "by": size.member(1), "at": at}]
        case "MemberAccessChanged":
            return [{"seller": 1, "user": 1, "at": at}]
        case "OwnershipTransferred":
            return [{"seller": 1, "former": 1, "owner": size.member(1), "at": at}]
        case "AccountLocked" | "AccountUnlocked":
            [pk] = fetch_row("INSERT INTO identity_accountlock (user_id, reason, by, at, lifted_at, lifted_by, lifted_reason)"
                       " VALUES (1, 'x', 'x', now(), now(), 'x', 'x') RETURNING id")  # fmt: skip
            return [{"user": 1, "lock": int(pk), "at": at}]
        case "OperatorRoleChanged":
            return [{"user": 1, "before": "", "role": "support", "by": "x", "at": at}]
        case "WebScanEnded":
            return [{"scan": 1, "task": 1, "outcome": "done"}]
        case "DomainLapsed":
            return [{"domain": 1, "at": at}]
        case "CategoryRenamed":
            return [{"category": fetch_row("SELECT id FROM catalog_category WHERE slug = 'many'")[0]}]
        case "DocumentInfected":
            [invoice] = fetch_row("SELECT max(sha256) FROM invoices_issuedinvoice")
            return [{"sha256": invoice, "store": INVOICES}]
        case "AssetChecked":
            checked = of_seller(
                "assets_asset", "(SELECT max(v.id) FROM assets_assetversion v WHERE v.asset_id = assets_asset.id)"
            )
            return [{"version": int(checked), "passed": True}]
        case "SubmissionSent" | "SubmissionOverdue":
            return [{"submission": int(of_seller("review_submission", "id", "status = 'pending'"))}]
        case "SubmissionDecided":
            pk = int(of_seller("review_submission", "id", "status = 'rejected'"))
            return [{"submission": pk, "outcome": "rejected"}]
        case "SellerAdmitted" | "SellerSuspended" | "SellerResumed" | "SellerExited" | "CertificationLocked":
            return [{"seller": 1}]
        case "AgreementPublished":
            return [{"agreement": fetch_row("SELECT id FROM identity_agreement WHERE kind = 'seller'")[0]}]
        case "ProductFrozen":
            return [{"product": 1, "cause": "x", "at": at}]
        case "ProbeSlotEnded":
            about = {"activity": "queryInstance", "reason": "timeout", "failed": 1, "cases": 3, "failing_day": 1}
            return [{"product": 1, "day": at.date(), "half": "am", "verdict": "failed", "at": at, **about}]
        case "ProbeDayFailed":
            return [{"product": 1, "day": at.date(), "streak": 2, "freezes_on": at.date(), "frozen": False}]
        case "FailedOrdersExceeded":
            return [{"product": 1, "month": at.date().replace(day=1), "orders": 6, "at": at}]
        case "UpgradeRuleLapsed":
            return [{"rule": 1, "at": at}]
        case "ProductUnfrozen" | "StockEmpty":
            return [{"product": 1, "at": at}]
        case "ProductStopped":
            return [{"product": 1, "what": "product", "key": "", "reason": "x", "by_operator": True, "at": at}]
        case "RefundRequested" | "RefundDecided" | "RefundPaid" | "RefundWithdrawn" | "RefundUnanswered":
            more: dict[str, Any] = {"RefundDecided": {"outcome": "rejected"}, "RefundUnanswered": {"may_appeal": True}}
            return [{"refund": int(of_seller("orders_refund", "id")), **more.get(event.__name__, {})}]
        case "HandOverBegan":
            [row] = fetch_column(
                "SELECT line_id, subscription_id FROM supervision_supervision ORDER BY id DESC LIMIT 1"
            )
            return [{"line": row[0], "subscription": row[1], "at": at}]
        case "LineReduced":
            number = of_seller(
                "orders_orderline",
                "number",
                "id IN (SELECT line_id FROM supervision_supervision WHERE ended_at IS NULL)",
            )
            return [{"order": number.rpartition("-")[0], "line": number, "minor": 1}]
        case "NodeEntered" | "NodeWaits" | "SupervisionStale" | "SupervisionEnded":
            [(pk, visit)] = fetch_column(
                "SELECT id, visit FROM supervision_supervision WHERE seller_id = 1 AND status = 'running' ORDER BY id DESC LIMIT 1"
            )
            of: dict[str, dict[str, Any]] = {
                "NodeEntered": {"visit": visit}, "NodeWaits": {"visit": visit}, "SupervisionStale": {"times": 1},
                "SupervisionEnded": {"how": "completed", "by": "somebody"},
            }  # fmt: skip
            return [{"supervision": pk, **of[event.__name__]}]
        case "CancelAsked" | "CancelDeclined":
            return [{"request": fetch_row("SELECT max(id) FROM supervision_cancelrequest")[0]}]
        case "AppealOpened" | "AppealDecided":
            where = " WHERE decision <> ''" if event.__name__ == "AppealDecided" else ""
            return [{"appeal": fetch_row(f"SELECT max(id) FROM supervision_appeal{where}")[0]}]
        case "InvoiceIssued":
            return [dict(zip(("invoice", "issued"), row, strict=True)) for row in _invoices("done")]
        case "InvoiceRequested" | "InvoiceWithdrawn" | "InvoiceRejected" | "InvoiceReturned":
            return [{"invoice": invoice} for invoice, _issued in _invoices("done")]
        case "InvoiceWished" | "InvoiceWishDeclined" | "InvoiceDueSoon" | "InvoiceOverdue":
            return [{"invoice": invoice, "occasion": "x"} for invoice, _issued in _invoices("review")]
        case "StatementIssued" | "StatementPaid":
            return [{"statement": int(of_seller("settlement_statement", "id"))}]
        case "StatementAnswered" | "StatementRejected" | "StatementPaymentFailed":
            return [{"statement": int(of_seller("settlement_statement", "id")), "occasion": "x"}]
        case "DemandRaised" | "DemandAnswered":
            return [{"demand": OF_THE_BUYER}]
        case "DemandPassed" | "DemandRecalled":
            return [{"customer_demand": OF_THE_BUYER}]
        case "DemandReturned":
            return [{"customer_demand": OF_THE_BUYER, "why": "expired"}]
        case "ComplaintRaised" | "ComplaintReplied" | "ComplaintUnanswered" | "ComplaintDecided" | "ComplaintWithdrawn":
            return [{"complaint": OF_THE_BUYER}]
        case "TaskEnded":
            return [{"task": pk, "server": pk, "owner": pk, "done": True, "at": at} for pk in _servers()]
        case "ServerChanged":
            return [{"server": pk, "at": at} for pk in _servers()]
        case "PeriodImageExpired" | "PeriodImageIdle" | "PeriodImageBound":
            operator = {"by_operator": True} if event.__name__ == "PeriodImageBound" else {}
            [image] = fetch_row("SELECT max(service_id) FROM images_periodimage WHERE status = 'idle'")
            return [{"image": int(image), "server": _servers()[0], "at": at, **operator}]
        case "EnterpriseDissolving":
            return [{"enterprise": 1, "step": step, "at": at} for step in ("asked", "agreed", "kept")]
        case "EnterpriseChanged" | "EnterpriseDissolved":
            return [{"enterprise": 1}]
        case "DepartmentChanged":
            return [
                {"enterprise": 1, "department": 20, "version": 1}
            ]  # includes the departments below it: all of their members are read
        case "MembersChanged":
            return [{"enterprise": 1, "members": tuple(range(1, 101))}]
        case "GroupRemoved":
            return [{"enterprise": 1, "group": REMOVED_GROUP}]
        case "AuthorisationWithdrawn":
            return [{"binding": 1, "enterprise": 1, "application": 1, "members": (7,), "at": at}]
        case "EnterpriseBound":
            return [{"binding": 1, "enterprise": 1, "at": at}]
        case "SyncRetryRequested" | "SyncResendRequested":
            return [{"binding": 1, "actor": "operator"}]
        case "SyncStopped" | "SyncDelayed":
            return [{"binding": 1, "sync": 1, "at": at}]
        case "MemberPasswordReset":
            return [{"enterprise": 1, "member": 7}]
        case "SignInChanged":
            return [{"user": 7, "what": "reset", "at": at}]
        case "BuyerKeyChanged":
            return [{"user": 7, "key": 1, "name": "ERP", "change": "created", "at": at}]
        case "SecondStepGuessed" | "PasswordGuessed":
            return [{"user": 7, "at": at}]
        case "MemberPasswordsGuessed":
            return [{"enterprise": 1, "at": at}]
        case "AdministratorAppointed":
            return [{"enterprise": 1, "member": 7, "at": at}]
        case "EnterpriseMemberJoined":
            return [{"enterprise": 1, "member": 7, "invitation": 1}]
        case "CodeActivated":
            [code] = fetch_column(
                "SELECT subscription_id FROM licenses_licensecode WHERE subscription_id IS NOT NULL ORDER BY id DESC LIMIT 1"
            )
            return [{"subscription": code[0]}]
        case "LicenseTold":
            [asked] = fetch_column("SELECT subscription_id, id FROM licenses_licenserequest ORDER BY id DESC LIMIT 1")
            return [{"subscription": asked[0], "request": asked[1]}]
        case "OperationStopped":
            rows = fetch_column(
                "SELECT id, call_id FROM fulfilment_operation WHERE kind = 'freeze' ORDER BY id DESC LIMIT 10"
            )
            return [{"operation": pk, "call": call, "at": at} for pk, call in rows]
    raise LookupError(f"say in {__name__} what happened when {event.__name__} is published")


def _calls_ended(size: Size) -> list[dict[str, Any]]:
    """Deliveries that continue, a renewal that succeeded, one that was given up, and freezes."""
    made = [{"call": 3 * n, "kind": "Create", "outcome": "done", "subscription": n} for n in _story(size, "created")]
    renewed = [
        {"call": 3 * n, "kind": "Refresh", "outcome": "gave_up" if n % 10 == 0 else "done", "subscription": 5 * (size.orders - n) + 1}
        for n in _story(size, "refreshed")
    ]  # fmt: skip
    rows = fetch_column("SELECT id, subscription_id FROM production_call WHERE kind = 'SetStatus' AND subscription_id IS NOT NULL"
                " ORDER BY id DESC LIMIT 50")  # fmt: skip
    frozen = [{"call": call, "kind": "SetStatus", "outcome": "done", "subscription": pk} for call, pk in rows]
    return [*renewed[:1], *made, *renewed[1:], *frozen]


def _story(size: Size, story: str) -> range:
    """Return the keys of the orders in one of the stories of ``many`` that are under way."""
    newest = size.orders - 300 - 100 * STORIES.index(story)
    return range(newest, newest - 100, -1)


def _servers() -> list[int]:
    rows = fetch_column("SELECT id FROM compute_server WHERE status = 'running' ORDER BY id DESC LIMIT 10")
    return [int(pk) for (pk,) in rows]


def _invoices(status: str) -> list[tuple[Any, ...]]:
    return fetch_column(
        "SELECT i.id, s.id FROM invoices_invoice i LEFT JOIN invoices_issuedinvoice s ON s.invoice_id = i.id"
        f" WHERE i.status = '{status}' ORDER BY i.id DESC LIMIT 10"  # invoices of the market
    )


def fetch_column(text: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall()


def _of_package(name: str, package: int) -> dict[str, Any]:
    """In a large market, a package and its only quota have the same key."""
    more: dict[str, dict[str, Any]] = {
        "PackageChanged": {}, "QuotaDeducted": {"quota": package, "before": 100_000, "after": 0},
        "QuotaLow": {"quota": package, "left": 1}, "QuotaUsedUp": {"quota": package},
        "RepurchaseFailed": {"quota": package, "reason": "balance.too_low"},
    }  # fmt: skip
    return {"package": package, **more[name]}
