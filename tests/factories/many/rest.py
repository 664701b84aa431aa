"""Notices and mails, the ledger, and the queues."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tradepost.market.base.models import Event, Job, WorkerProcess
from tradepost.market.notifications.models import Notice, NoticeDelivery
from tradepost.market.notifications.outgoing import DELIVER
from tradepost.market.orders.place import UNPAID_TIMEOUT
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Account, Entry, Transfer

from .insert import insert, run, text
from .stories import ENDED, PAID, PRICE, Size


def notices(size: Size) -> None:
    """Notify the buyer of ended orders, the seller's member of paid ones, and the operator of each fiftieth. Few are
    read."""
    facts = "jsonb_build_object('product', '企业云笺', 'order', number)"
    for kind, whose, user, ident, link in (
        ("order_completed", ENDED, "buyer", "3 * n", "'/orders/' || number || '/'"),
        ("seller_new_order", PAID, f"{size.buyers + 1} + seller", "3 * n + 1", "'/seller/orders/' || number || '-000001/'"),
        ("operator_gave_up", "mod(n, 50) = 9", str(size.operator), "3 * n + 2", "'/console/orders/' || number || '/'"),
    ):  # fmt: skip
        more = "|| jsonb_build_object('line', number, 'amount', '¥100.00', 'reason', '–', 'seller', '青榭软件')"
        insert(
            Notice, f"o WHERE {whose}", id=ident, user_id=user, kind=text(kind), facts=f"{facts} {more}", link=link,
            created_at="at", read_at="CASE WHEN mod(n, 10) = 0 THEN at END", once=f"'{kind}/' || number || '/' || {user}",
        )  # fmt: skip
    insert(
        NoticeDelivery, "notifications_notice m JOIN identity_user u ON u.id = m.user_id", id="m.id", notice_id="m.id", address="u.email",
        status=f"CASE WHEN m.id > {3 * (size.orders - 20)} THEN 'waiting' WHEN mod(m.id / 3, 200) = 1 THEN 'failed'"
        " WHEN mod(m.id / 3, 200) = 2 THEN 'withheld' ELSE 'sent' END",
        reason=f"CASE WHEN m.id <= {3 * (size.orders - 20)} AND mod(m.id / 3, 200) = 2 THEN 'switched_off' ELSE '' END",
        channel="CASE WHEN mod(m.id, 1000) = 7 THEN 'sms' ELSE 'mail' END", created_at="m.created_at",
        seller_id=f"CASE WHEN m.kind = 'seller_new_order' THEN m.user_id - {size.buyers + 1} END",
        attempts="1", sent_at="m.created_at",
    )  # fmt: skip
    insert(
        Job, "notifications_noticedelivery m WHERE status = 'waiting'", kind=text(DELIVER), key="m.id::text", due_at="m.sent_at",
    )  # fmt: skip


def money(size: Size, now: datetime) -> None:
    """Insert accounts (1 cash, 2 clearing, then sellers, then buyers) and transfers: a top-up per buyer, two per order,
    and a third key per order for other bookings."""
    buyers, sellers = size.buyers, size.sellers
    insert(
        Account, f"generate_series(1, {2 + sellers + buyers}) n", id="n", currency=text("CNY"),
        kind=f"CASE WHEN n = 1 THEN 'cash' WHEN n = 2 THEN 'clearing' WHEN n <= {2 + sellers} THEN 'seller' ELSE 'buyer' END",
        seller_id=f"CASE WHEN n BETWEEN 3 AND {2 + sellers} THEN n - 2 END",
        user_id=f"CASE WHEN n > {2 + sellers} THEN n - {2 + sellers} END",
    )  # fmt: skip
    topped, account_of = 10**10, f"{2 + sellers} + buyer"
    insert(
        Transfer, f"generate_series(1, {buyers}) n", id="n", reason=text("top_up"), reference="'BANK-' || n",
        actor=text("operator"), at=now - timedelta(days=799),
    )  # fmt: skip
    shared = {"order_number": "number", "actor": text("market")}
    insert(
        Transfer,
        f"o WHERE {PAID}",
        **shared,
        id=f"{buyers} + 3 * n - 2",
        reason=text("payment"),
        reference="number",
        at="at",
    )
    ends = f"({ENDED} OR story = 'given_up')"
    insert(
        Transfer, f"o WHERE {ends}", **shared, id=f"{buyers} + 3 * n - 1",
        reason="CASE WHEN story = 'given_up' THEN 'refund' ELSE 'earned' END",
        reference="number || CASE WHEN story = 'given_up' THEN '' ELSE '-000001' END", at="at + interval '2 minutes'",
    )  # fmt: skip
    sides = "CROSS JOIN (VALUES (-1), (1)) AS side(sign)"
    insert(
        Entry, f"generate_series(1, {buyers}) n {sides}", id="2 * n + (sign - 1) / 2", transfer_id="n",
        account_id=f"CASE WHEN sign = 1 THEN {2 + sellers} + n ELSE 1 END", amount_minor=f"sign * {topped}::bigint",
        statement_kind="CASE WHEN sign = 1 THEN 'top_up' ELSE '' END",
        at=f"CASE WHEN sign = 1 THEN '{(now - timedelta(days=799)).isoformat()}'::timestamptz END",
    )  # fmt: skip
    insert(
        Entry, f"o {sides} WHERE {PAID}", id=f"2 * ({buyers} + 3 * n - 2) + (sign - 1) / 2", transfer_id=f"{buyers} + 3 * n - 2",
        account_id=f"CASE WHEN sign = 1 THEN 2 ELSE {account_of} END", amount_minor=f"sign * {PRICE}",
        balance_after_minor=f"CASE WHEN sign = -1 THEN {topped}::bigint END",
        statement_kind="CASE WHEN sign = -1 THEN 'payment' ELSE '' END", at="CASE WHEN sign = -1 THEN at END",
    )  # fmt: skip
    insert(
        Entry, f"o {sides} WHERE {ends}", id=f"2 * ({buyers} + 3 * n - 1) + (sign - 1) / 2", transfer_id=f"{buyers} + 3 * n - 1",
        account_id=f"CASE WHEN sign = -1 THEN 2 WHEN story = 'given_up' THEN {account_of} ELSE 2 + seller END",
        amount_minor=f"sign * {PRICE}",
        statement_kind="CASE WHEN sign = 1 AND story = 'given_up' THEN 'refund' ELSE '' END",
        at="CASE WHEN sign = 1 AND story = 'given_up' THEN at + interval '2 minutes' END",
    )  # fmt: skip
    run(
        "UPDATE payments_account a SET balance_minor = e.total"
        " FROM (SELECT account_id, SUM(amount_minor) AS total FROM payments_entry GROUP BY account_id) e"
        " WHERE e.account_id = a.id AND a.kind = 'buyer'"
    )


def announced(size: Size, now: datetime) -> None:
    """Insert transfers that buyers announced: one per fifth order, most of them done, a few waiting for an operator;
    fewer that sellers announced for what they owe; and the money received from each buyer."""
    insert(
        Intent, "o WHERE buyer = 1 OR mod(n, 5) = 3", id="n", number="'T' || lpad(n::text, 9, 'A')", provider=text("offline"),
        status="CASE WHEN buyer = 1 AND story = 'unpaid' THEN 'pending' WHEN mod(n, 5000) = 3 THEN 'in_review' WHEN mod(n, 1000) = 503 THEN 'pending'"
        " WHEN mod(n, 100) = 3 THEN 'expired' ELSE 'withdrawn' END",
        user_id="buyer", amount_minor=f"{PRICE}", currency=text("CNY"), purpose="number", created_at="at",
        waits_until="at + interval '7 days'",
        check_by="CASE WHEN mod(n, 5000) = 3 THEN at + interval '3 days' END",
    )  # fmt: skip
    insert(
        Intent, "o WHERE mod(n, 100) IN (11, 57) AND buyer <> 1", id="n", number="'R' || lpad(n::text, 9, 'A')", provider=text("offline"),
        status="CASE WHEN mod(n, 5000) IN (11, 57) THEN 'pending' ELSE 'succeeded' END", user_id=f"{size.member(0)} + seller", seller_id="seller",
        amount_minor=f"{PRICE}", currency=text("CNY"), created_at="at", waits_until="at + interval '7 days'",
    )  # fmt: skip
    insert(
        ProviderFact, f"generate_series(1, {size.buyers}) n", provider=text("offline"), provider_no="'BANK-' || n",
        status=text("matched"), amount_minor=f"{10**10}::bigint", currency=text("CNY"), seen_at=now, seen_by=text("operator"),
        user_id="n", arrival_id="n",
    )  # fmt: skip
    _repaid(size)


def _repaid(size: Size) -> None:
    """Book the payments of sellers from cash to their accounts."""
    paid = "payments_intent i WHERE i.status = 'succeeded'"
    key, reference = f"{size.buyers} + 3 * i.id", "'REPAID-' || i.id"
    insert(
        Transfer, paid, id=key, reason=text("top_up"), reference=reference, order_number=text(""), actor=text("operator"),
        at="i.created_at",
    )  # fmt: skip
    insert(
        Entry, paid.replace("i WHERE", "i CROSS JOIN (VALUES (-1), (1)) AS side(sign) WHERE"),
        id=f"2 * ({key}) + (sign - 1) / 2", transfer_id=key,
        account_id="CASE WHEN sign = 1 THEN 2 + i.seller_id ELSE 1 END", amount_minor="sign * i.amount_minor",
    )  # fmt: skip
    insert(
        ProviderFact, paid, id=key, provider=text("offline"), provider_no=reference, status=text("matched"),
        amount_minor="i.amount_minor", currency=text("CNY"), seen_at="i.created_at", seen_by=text("operator"),
        seller_id="i.seller_id", intent_id="i.id", arrival_id=key,
    )  # fmt: skip


def work(size: Size, now: datetime) -> None:
    """Insert timers of unpaid orders, stuck work, a backlog of events, and two workers."""
    insert(Job, "o WHERE story = 'unpaid'", kind=text(UNPAID_TIMEOUT), key="number", due_at="at + interval '1 day'",
            payload="jsonb_build_object('order', number)")  # fmt: skip
    soon = now + timedelta(days=1)
    insert(
        Job, "generate_series(1, 20) n", kind=text("stuck"), key="n::text", due_at=soon, error=text("Traceback: late")
    )
    events = {"name": text("Nothing"), "due_at": soon, "created_at": now}
    insert(Event, "generate_series(1, 20) n", **events, error=text("Traceback: late"))
    insert(Event, f"generate_series(1, {size.events}) n", **events)
    for n in (1, 2):
        WorkerProcess.objects.create(name=f"w{n}", started_at=now, seen_at=datetime.now(UTC) + timedelta(days=1))
