"""A market with as many orders as one likes, written by the database itself: for plans and timings, not for rules.

PostgreSQL only. Everything hangs on a table of stories, one for each order, numbered by age: who bought what, and how far
it is. What a column is worth is an SQL expression over ``o`` (a story); a column that is not named gets the model's
default, so that a new one mostly needs nothing here. The newest 800 orders are under way, each hundred in a state of its
own, whatever the size; all others are history.

Seller 1 has a tenth of all orders and buyer 1 a hundredth, so that the largest of each grow with the market; sellers
stay as many as they are, and buyers become more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, models, transaction

from tradepost.market.base.models import Event, Job, Move, WorkerProcess
from tradepost.market.base.secrets import seal
from tradepost.market.catalog.models import Category, Offer, Product, Sku, Spec
from tradepost.market.fulfilment.expiry import END_OF_PERIOD, END_OF_RETENTION
from tradepost.market.fulfilment.models import Delivery
from tradepost.market.identity.models import AccessKey, Member, Seller, SigningKey, User
from tradepost.market.notifications.models import Mail, Notice
from tradepost.market.notifications.tell import DELIVER
from tradepost.market.orders.models import Order, OrderLine, SalesDay
from tradepost.market.orders.place import UNPAID_TIMEOUT
from tradepost.market.payments import kept_sums
from tradepost.market.payments.models import Account, Entry, Transfer
from tradepost.market.production import calls
from tradepost.market.production.models import Address, Attempt, Binding, Call, Tally
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import (
    AppInfo,
    Create,
    Done,
    InstanceInfo,
    InstanceStatus,
    Query,
    Refresh,
    Scene,
    SetStatus,
)

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"/>'
AK, SK, KEY = "TPMANY00000000000001", "s" * 40, "the signing key of every seller"
PRICE = 10_000
GROWING = (
    Order, OrderLine, Subscription, Delivery, Call, Attempt, Notice, Mail, Transfer, Entry, Move, Event, Job,
)  # fmt: skip
"""The models whose rows become more with every order."""
UNDER_WAY = 800
"""The newest orders. The 300 newest of them are unpaid; then come the hundreds below."""
STORIES = ("paid", "created", "creating", "renewal_paid", "refreshed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    orders: int
    sellers: int = 1000
    events: int = 0
    """Of these, all due tomorrow: a backlog, which no order makes by itself."""
    due: int = 2000
    """Calls that are due now beside those of the orders under way."""

    @property
    def buyers(self) -> int:
        return max(2000, self.orders // 10)

    @property
    def operator(self) -> int:
        """Key of the one operator."""
        return self.buyers + 1

    def member(self, seller: int) -> int:
        """Key of the one person who acts for a seller."""
        return self.buyers + 1 + seller


def fill(size: Size, *, now: datetime) -> None:
    """Fill an empty market. Some 30 statements, whatever the size."""
    if size.orders < 5000:
        raise ValueError("below 5,000 orders the stories of what is under way have no past to stand on")
    with transaction.atomic(), _unchecked(), _indexed_afterwards():
        _people_and_products(size, now)
        _stories(size, now)
        _orders()
        _subscriptions(now)
        _calls(size, now)
        _notices(size)
        _money(size, now)
        _work(size, now)
        _count_on()
    kept_sums.move_on()


def analyze(*, vacuum: bool) -> None:
    """Let the planner know what is there. ``vacuum`` also marks pages as visible to all; not inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if vacuum else "ANALYZE")


@contextmanager
def _unchecked() -> Iterator[None]:
    """Foreign keys are not looked up row by row: what is written here refers to what was written here."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")


@contextmanager
def _indexed_afterwards() -> Iterator[None]:
    """Indexes that enforce nothing are made when the rows are there: several times as fast."""
    tables = ", ".join(f"'{model._meta.db_table}'" for model in GROWING)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            f" WHERE NOT i.indisunique AND i.indrelid::regclass::text IN ({tables})"
        )
        found = cursor.fetchall()
        for name, _ in found:
            cursor.execute(f'DROP INDEX "{name}"')
    yield
    with connection.cursor() as cursor:
        for _, definition in found:
            cursor.execute(definition)


def _run(text: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def _insert(model: type[models.Model], source: str, **columns: Any) -> None:
    """``INSERT INTO … SELECT … FROM source``. A column's value is an SQL expression when it is a ``str``, else a value."""
    given: dict[str, Any] = dict(columns)
    for field in model._meta.concrete_fields:
        if field.column not in given and not (field.primary_key or field.null or field.has_db_default()):
            if not field.has_default() and not field.blank:
                raise LookupError(f"what is {model.__name__}.{field.name} of many?")
            default = field.get_db_prep_save(field.get_default(), connection)
            given[field.column] = (default,)
    expressions, values = [], []
    for value in given.values():
        expressions.append(value if isinstance(value, str) else "%s")
        if not isinstance(value, str):
            values.append(value[0] if isinstance(value, tuple) else value)
    names = ", ".join(f'"{name}"' for name in given)
    table = model._meta.db_table
    _run(f"INSERT INTO {table} ({names}) SELECT {', '.join(expressions)} FROM {source}", *values)


def _text(value: str) -> tuple[str]:
    """A value that is no expression."""
    return (value,)


def _json(value: Any) -> str:
    """A JSON constant as an expression."""
    return "'" + msgspec.json.encode(value).decode().replace("'", "''").replace("%", "%%") + "'::jsonb"


def _people_and_products(size: Size, now: datetime) -> None:
    people = size.buyers + 1 + size.sellers
    kind = f"CASE WHEN n <= {size.buyers} THEN 'buyer' WHEN n = {size.operator} THEN 'operator' ELSE 'member' END"
    _insert(
        User, f"generate_series(1, {people}) n", id="n", email=f"{kind} || n || '@many.example'",
        name="(ARRAY['王芳', '李雷', '张伟', '陈静'])[1 + mod(n, 4)] || n", customer_id="md5(n::text)",
        company="(ARRAY['蓝天实业', '青山数据', '远航物流'])[1 + mod(n, 3)] || n", is_operator=f"n = {size.operator}",
        password=_text("!"), joined_at=now - timedelta(days=800),
    )  # fmt: skip
    sellers = f"generate_series(1, {size.sellers}) n"
    _insert(
        Seller, sellers, id="n", name="'青榭软件' || n", name_en="'Qingxie Software ' || n", slug="'seller-' || n",
        contact_email="'service' || n || '@many.example'", created_at=now,
    )  # fmt: skip
    _insert(Member, sellers, id="n", seller_id="n", user_id=f"{size.buyers + 1} + n")
    _insert(
        SigningKey, sellers, id="n", seller_id="n", interface_class=_text("base"), key_id="md5('k' || n)",
        sealed=_text(seal(KEY)), hint=_text("…"), created_at=now,
    )  # fmt: skip
    _insert(
        AccessKey, sellers, id="n", seller_id="n", access_key="'TPMANY' || lpad(n::text, 14, '0')", sealed=_text(seal(SK)),
        created_at=now,
    )  # fmt: skip
    _insert(
        Address, sellers, id="n", seller_id="n", url="'https://seller' || n || '.many.example/produce'",
        protocol=_text("saas_v2"), created_at=now, last_success_at=now,
        breaker="CASE WHEN n BETWEEN 11 AND 15 THEN 'open' ELSE 'closed' END",
        opened_at=f"CASE WHEN n BETWEEN 11 AND 15 THEN TIMESTAMPTZ '{now.isoformat()}' END",
        trial_at=f"CASE WHEN n BETWEEN 11 AND 15 THEN TIMESTAMPTZ '{now.isoformat()}' END",
    )  # fmt: skip
    Category.objects.create(pk=1, slug="many", name="企业软件", name_en="Business software")
    products = f"generate_series(1, {2 * size.sellers}) n"
    _insert(
        Product, products, id="n", seller_id="(n + 1) / 2", category_id="1", product_type=_text("SAAS"), slug="'product-' || n",
        name="(ARRAY['企业云笺', '砺石分析', '蓝鲸客服', '云杉财务', '远山报表'])[1 + mod(n, 5)] || n",
        name_en="(ARRAY['Leaf', 'Whetstone', 'Whale Desk', 'Spruce', 'Ridge'])[1 + mod(n, 5)] || ' ' || n",
        picture=_text(PICTURE), summary=_text("好用"), summary_en=_text("Useful"), description=_text("好用"), description_en=_text("Useful"),
        status=_text("on_sale"), listed_at=now, created_at=now,
    )  # fmt: skip
    _insert(Binding, products, id="n", product_id="n", address_id="(n + 1) / 2")
    _insert(Spec, products, id="n", product_id="n", name=_text("标准版"), name_en=_text("Standard"))
    _insert(Sku, products, id="n", spec_id="n", code="'SKU' || n")
    # Product 2 is charged by use; its services show what was reported.
    _insert(
        Offer, products, id="n", sku_id="n", product_id="'OFFI' || lpad(n::text, 18, '0')", currency=_text("CNY"),
        charging_mode="CASE WHEN n = 2 THEN 'ON_DEMAND' ELSE 'PERIOD' END",
        period_type="CASE WHEN n = 2 THEN '' ELSE 'month' END", price_minor=f"CASE WHEN n = 2 THEN 0 ELSE {PRICE} END",
        period_numbers="CASE WHEN n = 2 THEN '[]'::jsonb ELSE '[1, 12]'::jsonb END",
        usage_unit="CASE WHEN n = 2 THEN '次' ELSE '' END", usage_unit_en="CASE WHEN n = 2 THEN 'calls' ELSE '' END",
        usage_price="CASE WHEN n = 2 THEN 0.01 ELSE 0 END",
    )  # fmt: skip


def _stories(size: Size, now: datetime) -> None:
    """``k`` counts from the newest. A renewal is about the subscription of an earlier order, its ``base``."""
    _run(
        f"""
        CREATE TEMP TABLE o ON COMMIT DROP AS
        SELECT s.*, 'CS' || to_char(at AT TIME ZONE 'UTC', 'YYMMDDHH24MI')
          || translate(lpad(upper(to_hex(n)), 7, '0'), '0123456789ABCDEF', 'ABCDEFGHJKLMNPQR') AS number,
          story IN ('renewal_paid', 'refreshed', 'renewed') AS renews,
          CASE WHEN mod(base, 10) = 1 THEN 1 ELSE 2 + mod(base, {size.sellers - 1}) END AS seller,
          CASE WHEN mod(base, 100) = 1 THEN 1 ELSE 2 + mod(base::bigint * 7919, {size.buyers - 1})::int END AS buyer,
          0 AS product
        FROM (SELECT n, {size.orders} - n AS k, %s - {size.orders - 1} * 0 * interval '1 day'
            - ({size.orders} - n) * (interval '730 days' / {size.orders}) AS at, story,
            CASE WHEN story IN ('renewal_paid', 'refreshed') THEN 5 * ({size.orders} - n) + 1
              WHEN story = 'renewed' THEN n - 1 ELSE n END AS base
          FROM (SELECT n, CASE
              WHEN {size.orders} - n < 300 THEN 'unpaid'
              WHEN {size.orders} - n < {UNDER_WAY}
                THEN (ARRAY{list(STORIES)})[1 + ({size.orders} - n - 300) / 100]
              WHEN mod(n, 5) = 2 THEN 'renewed'
              WHEN mod(n, 25) = 3 THEN 'cancelled'
              WHEN mod(n, 50) = 9 THEN 'given_up'
              ELSE 'delivered' END AS story
            FROM generate_series(1, {size.orders}) n) a) s
        """,
        now,
    )
    # Of the two products of each seller; the one by use is bought by every fortieth buyer of seller 1, and never renewed.
    _run(
        "UPDATE o SET product = 2 * seller - CASE WHEN mod(base, 5) = 1 AND mod(base, 40) <> 21 THEN 1 ELSE mod(base / 20, 2) END"
    )
    _run("ANALYZE o")


ENDED = "story IN ('renewed', 'delivered')"
PAID = "story NOT IN ('unpaid', 'cancelled')"
HOLDS = "story IN ('delivered', 'given_up', 'created', 'creating')"
"""Stories whose order has a subscription of its own, with the number of the order as its key."""


STATUS = (
    f"CASE WHEN {ENDED} THEN 'completed' WHEN story = 'given_up' THEN 'refunded'"
    " WHEN story IN ('unpaid', 'cancelled') THEN story ELSE 'processing' END"
)


def _orders() -> None:
    _insert(
        Order, "o", id="n", number="number", order_type="CASE WHEN renews THEN 'RENEW' ELSE 'NEW' END", buyer_id="buyer",
        status=STATUS,
        total_minor=f"{PRICE}", currency=_text("CNY"), placed_at="at", pay_before="at + interval '1 day'",
        paid_at=f"CASE WHEN {PAID} THEN at END",
        ended_at=f"CASE WHEN {ENDED} OR story IN ('given_up', 'cancelled') THEN at + interval '2 minutes' END",
    )  # fmt: skip
    _insert(
        OrderLine, "o JOIN catalog_product p ON p.id = o.product", id="n", order_id="n", number="number || '-000001'",
        seller_id="seller", product_id="product", offer_id="product", charging_mode=_text("PERIOD"), status=STATUS,
        period_type=_text("month"), period_number="1", amount_minor=f"{PRICE}", sku_code="'SKU' || product",
        subscription_id=f"CASE WHEN renews THEN base WHEN {HOLDS} THEN n END",
        product_name="p.name", product_name_en="p.name_en", spec_name=_text("标准版"), spec_name_en=_text("Standard"),
        agreed_at="at",
    )  # fmt: skip
    _insert(
        Move, f"o WHERE {PAID}", lifecycle=_text("order"), subject="n::text", event=_text("pay"), before=_text("unpaid"),
        after=_text("processing"), at="at", actor=_text("buyer"),
    )  # fmt: skip
    _insert(
        Move, f"o WHERE {ENDED}", lifecycle=_text("order"), subject="n::text", event=_text("complete"),
        before=_text("processing"), after=_text("completed"), at="at + interval '2 minutes'", actor=_text("market"),
    )  # fmt: skip
    _insert(
        SalesDay, f"o WHERE {PAID} GROUP BY seller, 2, 4", seller_id="seller",
        day="(at AT TIME ZONE 'Asia/Shanghai')::date", currency=_text("CNY"), part="mod(n, 4)",
        lines="count(*)", amount_minor=f"{PRICE} * count(*)",
    )  # fmt: skip


# Those that a renewal under way is about are always active.
FROZEN = "mod(n, 7) = 0 AND story = 'delivered' AND (n > 5000 OR mod(n, 5) <> 1)"
RELEASED = "mod(n, 7) = 1 AND story = 'delivered' AND (n > 5000 OR mod(n, 5) <> 1)"


def _subscriptions(now: datetime) -> None:
    at = f"TIMESTAMPTZ '{now.isoformat()}'"
    access = seal(
        msgspec.json.encode(AppInfo(front_end_url="https://app.many.example/", user_name="u", password="p")).decode()
    )
    _insert(
        Subscription, f"o WHERE {HOLDS}", id="n", buyer_id="buyer", seller_id="seller", product_id="product",
        offer_id="product", order_line_number="number || '-000001'",
        instance_id="CASE WHEN story IN ('delivered', 'created') THEN 'instance-' || n ELSE '' END",
        status=f"CASE WHEN {FROZEN} THEN 'frozen' WHEN {RELEASED} THEN 'released' WHEN story = 'given_up' THEN 'failed'"
        " WHEN story = 'delivered' THEN 'active' ELSE 'opening' END",
        sealed_access=f"CASE WHEN story = 'delivered' THEN '{access}' ELSE '' END", created_at="at",
        started_at="CASE WHEN story = 'delivered' THEN at END",
        expires_at=f"CASE WHEN {FROZEN} THEN {at} - interval '3 days' WHEN {RELEASED} THEN at + interval '30 days'"
        f" WHEN story = 'delivered' AND product <> 2 THEN {at} + (1 + mod(n, 300)) * interval '1 day' END",
    )  # fmt: skip
    for event, before, after, whose in (
        ("open", "opening", "active", "story = 'delivered'"), ("freeze", "active", "frozen", f"({FROZEN}) OR ({RELEASED})"),
        ("release", "frozen", "released", RELEASED),
    ):  # fmt: skip
        _insert(
            Move, f"o WHERE {whose}", lifecycle=_text("subscription"), subject="n::text", event=_text(event),
            before=_text(before), after=_text(after), at="at + interval '1 minute'", actor=_text("market"),
        )  # fmt: skip
    timers = "o WHERE story = 'delivered'"
    for kind, whose, due in (
        (END_OF_PERIOD, f"NOT ({FROZEN}) AND NOT ({RELEASED}) AND product <> 2", f"{at} + (1 + mod(n, 300)) * interval '1 day'"),
        (END_OF_RETENTION, FROZEN, f"{at} + interval '12 days'"),
    ):  # fmt: skip
        _insert(
            Job, f"{timers} AND {whose}", kind=_text(kind), key="n::text", due_at=due,
            payload="jsonb_build_object('subscription', n)",
        )  # fmt: skip


def _calls(size: Size, now: datetime) -> None:
    """Key 3n: the first call of an order; 3n + 1: the query after it; 3n + 2: the freeze at its end."""
    done = Done(
        instances=(
            InstanceInfo(
                instance_id="x", app=AppInfo(front_end_url="https://app.many.example/", user_name="u", password="p")
            ),
        )
    )
    first = Create(order_id="CS", order_line_id="CS-000001", business_id="")
    refresh = Refresh(
        instance_id="x",
        scene=Scene.RENEWAL,
        order_id="CS",
        order_line_id="CS-000001",
        expires_at=now + timedelta(days=400),
    )
    freeze = SetStatus(instance_id="x", status=InstanceStatus.FREEZE)
    at = f"TIMESTAMPTZ '{now.isoformat()}'"
    shared = {
        "seller_id": "seller", "address_id": "seller", "product_id": "product", "protocol": _text("saas_v2"),
        "created_at": "at", "first_at": "at",
    }  # fmt: skip
    ends = {"state": "3", "due_at": "at", "attempts": "1", "ended_at": "at + interval '1 minute'"}
    done_well = {
        "outcome": _text("done"),
        "last_verdict": _text("done"),
        "sealed_answer": _text(seal(msgspec.json.encode(done).decode())),
    }
    of_order = {
        "order_number": "number", "order_line_number": "number || '-000001'",
        "subscription_id": "CASE WHEN renews THEN base ELSE n END",
        "instance_id": "CASE WHEN story IN ('creating', 'given_up') THEN '' ELSE 'instance-' || base END",
    }  # fmt: skip
    _insert(
        Call, f"o WHERE {ENDED} OR story IN ('created', 'refreshed')", **shared, **of_order, **ends, **done_well, id="3 * n",
        kind="CASE WHEN renews THEN 'Refresh' ELSE 'Create' END", give_up_at="at + interval '1 hour'",
        activity="CASE WHEN renews THEN 'refreshInstance' ELSE 'newInstance' END",
        command=f"CASE WHEN renews THEN {_json(calls.dump(refresh))} ELSE {_json(calls.dump(first))} END",
    )  # fmt: skip
    create = {"kind": _text("Create"), "activity": _text("newInstance"), "command": _json(calls.dump(first))}
    _insert(
        Call, "o WHERE story = 'given_up'", **shared, **of_order, **create, id="3 * n", state="3", due_at="at", attempts="3",
        ended_at="at + interval '1 hour'", outcome=_text("gave_up"), give_up_at="at + interval '1 hour'",
        last_verdict="(ARRAY['timeout', 'connect', '000005'])[1 + mod(n, 3)]", maybe_acted="mod(n, 2) = 0",
    )  # fmt: skip
    # Of each four one is due, fails and waits, is over its seller's limit, was left behind by a dead worker.
    _insert(
        Call, "o WHERE story = 'creating'", **shared, **of_order, **create, id="3 * n", give_up_at=f"{at} + interval '1 hour'",
        state="(ARRAY[0, 0, 2, 1])[1 + mod(k, 4)]", hold="CASE WHEN mod(k, 4) = 2 THEN 'busy' ELSE '' END",
        due_at=f"{at} + CASE WHEN mod(k, 4) = 1 THEN interval '10 minutes' ELSE interval '0' END",
        last_verdict="CASE WHEN mod(k, 4) = 1 THEN 'timeout' ELSE '' END", attempts="CASE WHEN mod(k, 2) = 1 THEN 1 ELSE 0 END",
        lease_owner="CASE WHEN mod(k, 4) = 3 THEN 'dead' ELSE '' END",
        lease_until=f"CASE WHEN mod(k, 4) = 3 THEN {at} - interval '1 day' END", attempt_at="at",
    )  # fmt: skip
    _insert(
        Call, "o WHERE story = 'delivered'", **shared, **of_order, **ends, **done_well, id="3 * n + 1", kind=_text("Query"),
        activity=_text("queryInstance"), command=_json(calls.dump(Query(instance_ids=("x",)))),
    )  # fmt: skip
    _insert(
        Call, f"o WHERE ({FROZEN}) OR ({RELEASED})", **shared, **ends, id="3 * n + 2", kind=_text("SetStatus"),
        activity=_text("updateInstanceStatus"), command=_json(calls.dump(freeze)), outcome=_text("done"),
        last_verdict=_text("done"), subscription_id="n", order_line_number="number || '-000001'", instance_id="'instance-' || n",
    )  # fmt: skip
    seller = f"1 + mod(n, {size.sellers})"
    _insert(
        Call, f"generate_series(1, {size.due}) n", id=f"{3 * size.orders + 2} + n", seller_id=seller, address_id=seller,
        protocol=_text("saas_v2"), kind=_text("SetStatus"), activity=_text("updateInstanceStatus"), command=_json(calls.dump(freeze)),
        due_at=f"{at} - n * interval '1 second'", created_at=now, instance_id="'other-' || n",
    )  # fmt: skip
    said = "x" * 150
    _insert(
        Attempt, "production_call c CROSS JOIN generate_series(1, c.attempts) nth WHERE c.state <> 1", call_id="c.id",
        number="nth", started_at="c.created_at", milliseconds="20 + mod(c.id, 400)", method=_text("POST"),
        url=_text("https://seller.many.example/produce?signature=x"), request_headers=_json([["Host", "seller.many.example"]]),
        request_body=_text(said), status="200", response_headers=_json([["Content-Type", "application/json"]]),
        response_body=_text(said), verdict="c.last_verdict", worker=_text("w1"),
    )  # fmt: skip
    _insert(
        Delivery, f"o WHERE {HOLDS}", id="n", line_id="n", subscription_id="n",
        call_id="3 * n + CASE WHEN story = 'delivered' THEN 1 ELSE 0 END", created_at="at",
        status="CASE WHEN story = 'delivered' THEN 'done' WHEN story = 'given_up' THEN 'gave_up' ELSE 'creating' END",
        step="CASE WHEN story = 'delivered' THEN 1 ELSE 0 END",
    )  # fmt: skip
    hours = "generate_series(0, 14 * 24 - 1) h CROSS JOIN unnest(ARRAY['newInstance', 'queryInstance', 'refreshInstance']) a"
    _insert(
        Tally, f"{hours} CROSS JOIN unnest(ARRAY['done', 'timeout']) v", worker=_text("w1"), activity="a", verdict="v",
        hour=f"date_trunc('hour', {at}) - h * interval '1 hour'", attempts="100", seconds="10",
    )  # fmt: skip


def _notices(size: Size) -> None:
    """To the buyer of what ended, to the seller's person of what was paid, to the operator of each fiftieth; few are read."""
    facts = "jsonb_build_object('product', '企业云笺', 'order', number)"
    for kind, whose, user, ident, link in (
        ("order_completed", ENDED, "buyer", "3 * n", "'/orders/' || number || '/'"),
        ("seller_new_order", PAID, f"{size.buyers + 1} + seller", "3 * n + 1", "'/seller/orders/' || number || '-000001/'"),
        ("operator_gave_up", "mod(n, 50) = 9", str(size.operator), "3 * n + 2", "'/console/orders/' || number || '/'"),
    ):  # fmt: skip
        more = "|| jsonb_build_object('line', number, 'amount', '¥100.00', 'reason', '–', 'seller', '青榭软件')"
        _insert(
            Notice, f"o WHERE {whose}", id=ident, user_id=user, kind=_text(kind), facts=f"{facts} {more}", link=link,
            created_at="at", read_at="CASE WHEN mod(n, 10) = 0 THEN at END", once=f"'{kind}/' || number || '/' || {user}",
        )  # fmt: skip
    _insert(
        Mail, "notifications_notice m JOIN identity_user u ON u.id = m.user_id", id="m.id", notice_id="m.id", address="u.email",
        status=f"CASE WHEN m.id > {3 * (size.orders - 20)} THEN 'waiting' WHEN mod(m.id / 3, 200) = 1 THEN 'failed' ELSE 'sent' END",
        attempts="1", sent_at="m.created_at",
    )  # fmt: skip
    _insert(
        Job, "notifications_mail m WHERE status = 'waiting'", kind=_text(DELIVER), key="m.id::text", due_at="m.sent_at",
    )  # fmt: skip


def _money(size: Size, now: datetime) -> None:
    """Accounts: 1 cash, 2 clearing, then the sellers', then the buyers'. Transfers: a top-up for each buyer, two an order."""
    buyers, sellers = size.buyers, size.sellers
    _insert(
        Account, f"generate_series(1, {2 + sellers + buyers}) n", id="n", currency=_text("CNY"),
        kind=f"CASE WHEN n = 1 THEN 'cash' WHEN n = 2 THEN 'clearing' WHEN n <= {2 + sellers} THEN 'seller' ELSE 'buyer' END",
        seller_id=f"CASE WHEN n BETWEEN 3 AND {2 + sellers} THEN n - 2 END",
        user_id=f"CASE WHEN n > {2 + sellers} THEN n - {2 + sellers} END",
    )  # fmt: skip
    topped, account_of = 10**10, f"{2 + sellers} + buyer"
    _insert(
        Transfer, f"generate_series(1, {buyers}) n", id="n", reason=_text("top_up"), reference="'BANK-' || n",
        actor=_text("operator"), at=now - timedelta(days=799),
    )  # fmt: skip
    shared = {"order_number": "number", "actor": _text("market")}
    _insert(
        Transfer,
        f"o WHERE {PAID}",
        **shared,
        id=f"{buyers} + 2 * n - 1",
        reason=_text("payment"),
        reference="number",
        at="at",
    )
    ends = f"({ENDED} OR story = 'given_up')"
    _insert(
        Transfer, f"o WHERE {ends}", **shared, id=f"{buyers} + 2 * n",
        reason="CASE WHEN story = 'given_up' THEN 'refund' ELSE 'earned' END",
        reference="number || CASE WHEN story = 'given_up' THEN '' ELSE '-000001' END", at="at + interval '2 minutes'",
    )  # fmt: skip
    sides = "CROSS JOIN (VALUES (-1), (1)) AS side(sign)"
    _insert(
        Entry, f"generate_series(1, {buyers}) n {sides}", id="2 * n + (sign - 1) / 2", transfer_id="n",
        account_id=f"CASE WHEN sign = 1 THEN {2 + sellers} + n ELSE 1 END", amount_minor=f"sign * {topped}::bigint",
    )  # fmt: skip
    _insert(
        Entry, f"o {sides} WHERE {PAID}", id=f"2 * ({buyers} + 2 * n - 1) + (sign - 1) / 2", transfer_id=f"{buyers} + 2 * n - 1",
        account_id=f"CASE WHEN sign = 1 THEN 2 ELSE {account_of} END", amount_minor=f"sign * {PRICE}",
        balance_after_minor=f"CASE WHEN sign = -1 THEN {topped}::bigint END",
    )  # fmt: skip
    _insert(
        Entry, f"o {sides} WHERE {ends}", id=f"2 * ({buyers} + 2 * n) + (sign - 1) / 2", transfer_id=f"{buyers} + 2 * n",
        account_id=f"CASE WHEN sign = -1 THEN 2 WHEN story = 'given_up' THEN {account_of} ELSE 2 + seller END",
        amount_minor=f"sign * {PRICE}",
    )  # fmt: skip
    _run(
        "UPDATE payments_account a SET balance_minor = e.total"
        " FROM (SELECT account_id, SUM(amount_minor) AS total FROM payments_entry GROUP BY account_id) e"
        " WHERE e.account_id = a.id AND a.kind = 'buyer'"
    )


def _work(size: Size, now: datetime) -> None:
    """Timers of the unpaid, what is stuck, a backlog of events, two workers."""
    _insert(Job, "o WHERE story = 'unpaid'", kind=_text(UNPAID_TIMEOUT), key="number", due_at="at + interval '1 day'",
            payload="jsonb_build_object('order', number)")  # fmt: skip
    soon = now + timedelta(days=1)
    _insert(
        Job, "generate_series(1, 20) n", kind=_text("stuck"), key="n::text", due_at=soon, error=_text("Traceback: late")
    )
    events = {"name": _text("Nothing"), "due_at": soon, "created_at": now}
    _insert(Event, "generate_series(1, 20) n", **events, error=_text("Traceback: late"))
    _insert(Event, f"generate_series(1, {size.events}) n", **events)
    for n in (1, 2):
        WorkerProcess.objects.create(name=f"w{n}", started_at=now, seen_at=datetime.now(UTC) + timedelta(days=1))


def _count_on() -> None:
    """Keys that the market gives from here on come after those that were given here."""
    for model in (
        *GROWING,
        User,
        Seller,
        Member,
        SigningKey,
        AccessKey,
        Address,
        Category,
        Product,
        Binding,
        Spec,
        Sku,
        Offer,
        Account,
    ):
        table = model._meta.db_table
        _run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM {table}))")
