"""Everything that a market does, as calls that can be repeated: pages, APIs, reactions, timers and sweeps, with ``many``.

The caller rolls back each call. Pages come from ``every_address.py``, reactions and timers from ``wiring``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from django.core.cache import cache
from django.test import Client
from django.urls import resolve

from tests.market import every_address as table
from tests.market.every_address import ADDRESSES, Address
from tradepost.market import wiring
from tradepost.market.applications import run as syncs
from tradepost.market.approvals import requests as approvals
from tradepost.market.base import clock, jobs, outbox, retention, work
from tradepost.market.base.events import name_of
from tradepost.market.base.models import Event, Job
from tradepost.market.base.outbox import Batched
from tradepost.market.billing import arrears, charge, stops
from tradepost.market.fulfilment.timers import AUTO_RENEW, EARN, LIFE
from tradepost.market.identity import buyer_keys
from tradepost.market.identity.domains import RECHECK
from tradepost.market.identity.models import User
from tradepost.market.invoices.deadlines import TIMER_KIND as INVOICE_CLOCK
from tradepost.market.metering import collect
from tradepost.market.notifications import deliver, sending
from tradepost.market.notifications.digest import DIGEST
from tradepost.market.notifications.reactions import QUIET_JOB
from tradepost.market.open_api import throttle
from tradepost.market.orders import best_sellers
from tradepost.market.orders.events import OrderCancelled
from tradepost.market.orders.place import UNPAID_TIMEOUT
from tradepost.market.orders.refund_requests import RESPONSE_TIMER
from tradepost.market.organisations import password_files
from tradepost.market.payments import intents, kept_sums
from tradepost.market.probes import slots
from tradepost.market.product_types.flows.contract import Act, Party
from tradepost.market.production import clock_steps, upkeep
from tradepost.market.production.attempts import EndedAttempt
from tradepost.market.production.breaker import Rule
from tradepost.market.production.claim import ClaimedCall, claim_calls
from tradepost.market.production.models import Call
from tradepost.market.production.record import record
from tradepost.market.review.overdue import OVERDUE
from tradepost.market.service_desk import complaints, customer_demands, fetch_mails
from tradepost.market.supervision import cancel
from tradepost.market.supervision import timers as supervision_timers
from tradepost.market.supervision.act import ActForm
from tradepost.market.supervision.act import act as act_on
from tradepost.market.supervision.appeal import decide as decide_on
from tradepost.market.supervision.models import Appeal
from tradepost.market.web.pages import registry
from tradepost.market.web.supervision_view import clocks_now
from tradepost.protocols.commands import CallResult, Done, Fault, Pending, Unreachable
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.order_query import PATH
from tradepost.protocols.open_api.signing import sign

from . import server_facts
from .answers import OTHER_STATUSES, SKIPPED
from .event_facts import event_fields, fetch_row, newest_of, of_seller
from .list_ways import MORE_QUERIES
from .many import AK, SK, Size
from .many.decided import facts_of_decided, moments_of_decided
from .many.enterprises import facts_of_enterprises
from .many.joined import facts_of_joint
from .many.metered import PACKAGE
from .many.service_desk import DEMAND_TOKEN, OF_THE_BUYER, OPEN
from .many.shop import TOKEN
from .settled_facts import moments_of_settlement, settlement_facts
from .visitor import HOST, Visitor

BATCH = 256
RULE, LEASE = Rule(5, timedelta(seconds=60)), timedelta(seconds=60)

EXPORTS = {"export": "storefront", "sellers_export": "seller_center", "operators_export": "console"}


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a market does. ``act`` gets the result of ``prepare``, which is not measured."""

    name: str
    act: Callable[[Any], object]
    prepare: Callable[[], Any] = lambda: None


def everything(size: Size, *, now: datetime) -> Iterator[Deed]:
    """Yield every deed. ``now`` is the time with which the market was filled."""
    facts = facts_of(size)
    yield from pages(size, facts)
    yield from apis(facts)
    yield from reactions(size, now)
    yield from timers(size, now)
    yield from engine(now)


def facts_of(size: Size) -> Mapping[str, str]:
    """Return values for the parts of addresses: rows of buyer 1 and seller 1, the largest."""
    order, number, subscription = fetch_row(
        "SELECT o.id, o.number, o.id FROM orders_order o JOIN subscriptions_subscription s ON s.id = o.id"
        " WHERE o.buyer_id = 1 AND s.seller_id = 1 AND s.status = 'active' AND s.expires_at IS NOT NULL"
        " ORDER BY o.id DESC LIMIT 1"
    )
    [unpaid] = fetch_row(
        "SELECT number FROM orders_order WHERE buyer_id = 1 AND status = 'unpaid' ORDER BY id DESC LIMIT 1"
    )
    [notice] = fetch_row("SELECT id FROM notifications_notice WHERE user_id = 1 ORDER BY id DESC LIMIT 1")
    return {
        "order": number, "order_key": str(order), "tail": number[-7:], "line": f"{number}-000001", "unpaid": unpaid,
        "slug": "product-1", "seller_slug": "seller-1", "product": "1", "subscription": str(subscription), "instance": f"instance-{order}",
        "notice": str(notice), "mail": str(notice), "seller": "1", "buyer": "1", "address": "1", "category": str(fetch_row("SELECT id FROM catalog_category WHERE slug = 'many'")[0]), "call": str(3 * order), "operation": str(order),
        "license_request": "1", "buyer_key": "1", "disabled_key": "2", "api_service": str(subscription), "app_key": "1", "model_service": str(subscription), "model_file": "0" * 64, "container_service": str(subscription), "coded": str(subscription), "coded_product": "1", "untaken": str(subscription), "license_code": of_seller("licenses_licensecode", "id", "subscription_id IS NOT NULL"), "run": "4", "case": "4", "access_key": AK, "email": "buyer1@many.example", "signing_key": fetch_row("SELECT key_id FROM identity_signingkey WHERE id = 1")[0],
        "operator": str(size.operator), "domain": "1", "attribute": "1", "staged_key": "staged", "member": str(size.sellers + 1), "group": "1",
        "empty_group": "2", "invitation": "1", "token": TOKEN, "submission": of_seller("review_submission", "id", "status = 'pending'"),
        "rejected": of_seller("review_submission", "id", "status = 'rejected'"), "picture": of_seller("assets_picture", "sha256"),
        "proof": of_seller("assets_proof", "sha256"), "receiver": "1", "sellers_receiver": "2", "receiver_token": "receiver-token", "endpoint": "1", "sellers_endpoint": "2",
        "sellers_delivery": fetch_row("SELECT min(id) FROM notifications_noticedelivery WHERE seller_id = 1")[0],
        "web_task": "1", "web_scan": "1", "appealed_scan": "1",
        "work_item": "1", "leased job": "1", "drift": "1", "audit": "1", "probe_run": of_seller("probes_proberun", "id"),
        "asset": of_seller("assets_asset", "id"),
        "asset_version": of_seller("assets_asset", "(SELECT max(v.id) FROM assets_assetversion v WHERE v.asset_id = assets_asset.id)"),
        "usage_product": str(fetch_row("SELECT product_id FROM billing_producthour LIMIT 1")[0]),
        "used_instance": fetch_row("SELECT s.instance_id FROM billing_charge c JOIN subscriptions_subscription s"
                             " ON s.id = c.subscription_id WHERE c.id = 10")[0],
        **server_facts.server_facts(), "usage_record": "10", "charge": "10", "package": str(fetch_row(f"SELECT {PACKAGE}")[0]), "metered": str(fetch_row("SELECT subscription_id FROM billing_charge WHERE id = 10")[0]),
        "invoice": of_seller("invoices_invoice", "id", "buyer_id = 1 AND status = 'done'"), **settlement_facts(), **facts_of_enterprises(), **facts_of_joint(),
        "letter": f"L{of_seller('invoices_invoice', 'id', "buyer_id = 1 AND status = 'done'"):0>23}",
        "asked_invoice": of_seller("invoices_invoice", "id", "status = 'review'"),
        "invoice_title": fetch_row("SELECT id FROM invoices_invoicetitle WHERE buyer_id = 1")[0],
        "supervision": of_seller("supervision_supervision", "id", "buyer_id = 1 AND status = 'running' AND owner = 'buyer'"),
        "disputed": of_seller("supervision_supervision", "id", "status = 'appealed'"), "supervision_file": "0" * 64, "handed": of_seller("supervision_supervision", "id", "buyer_id = 1 AND status = 'running'"),
        "refund": of_seller("orders_refund", "id", "buyer_id = 1 AND status = 'refunded'"),
        "demand": str(OF_THE_BUYER), "open_demand": str(OPEN), "demand_token": DEMAND_TOKEN, "problem_mail": "1", "customer_demand": str(OF_THE_BUYER),
        "complaint": str(OF_THE_BUYER), "complaint_file": "0" * 64,
        "appealed_refund": of_seller("orders_refund", "id", "status = 'appealed'"), "refund_file": "0" * 64,
        "refused_version": of_seller("assets_asset", "(SELECT max(v.id) FROM assets_assetversion v WHERE v.asset_id = assets_asset.id)"),
        "appealed_version": of_seller("assets_asset", "(SELECT max(v.id) FROM assets_assetversion v WHERE v.asset_id = assets_asset.id)"),
        "transfer": fetch_row("SELECT number FROM payments_intent WHERE user_id = 1 AND status = 'pending' ORDER BY id DESC LIMIT 1")[0],
        "intent": str(fetch_row("SELECT max(id) FROM payments_intent WHERE status = 'pending'")[0]),
        "shown_intent": str(fetch_row("SELECT max(id) FROM payments_intent WHERE status = 'in_review'")[0]),
        "booking": str(fetch_row("SELECT min(id) FROM payments_transfer WHERE reason = 'top_up'")[0]), **facts_of_decided(size),
        "unmatched": str(fetch_row("SELECT max(id) FROM payments_providerfact WHERE status = 'unmatched'")[0]),
        **{name: fetch_row(f"SELECT max(id) FROM exports_export WHERE site = '{site}' AND user_id IN (1, {size.member(1)}, {size.operator})")[0] for name, site in EXPORTS.items()},
        "synonyms": str(fetch_row("SELECT min(id) FROM catalog_synonymgroup")[0]),
        "upload": of_seller("assets_upload", "id", "status = 'open'"), "upload_token": of_seller("assets_upload", "token"),
    }  # fmt: skip


# --- pages --------------------------------------------------------------------------------------------------------------


def pages(size: Size, facts: Mapping[str, str]) -> Iterator[Deed]:
    """Read and write each address as a person who may: the largest buyer, the largest seller's member, the operator."""
    people = {table.BUYER: 1, table.OWNER: size.member(1), table.OPERATOR: size.operator}
    clients = {role: Visitor(pk) for role, pk in people.items()}
    for pattern, row in ADDRESSES.items():
        if row.gateway or any(pattern.startswith(left_out) for left_out in SKIPPED):
            continue
        path = path_of(pattern, row, facts)
        if readers := [role for role in clients if role in row.get]:
            yield _read(readers[-1] if pattern.startswith("console") else readers[0], clients, path, path, pattern)
            for query in (*MORE_QUERIES.get(pattern, ()), *_declared_queries(path, MORE_QUERIES.get(pattern, ()))):
                yield _read(readers[0], clients, f"{path}?{query.format_map(facts)}", f"{path}?{query}", pattern)
        if writers := [role for role in clients if role in row.post]:
            data = {name: value.format_map(facts) for name, value in row.data.items()}
            yield _write(clients[writers[0]], path, pattern, data)


def _declared_queries(path: str, known: Sequence[str]) -> list[str]:
    """Return further queries for a declared list: its oldest rows, and those of a week."""
    entry = registry.entry(resolve(path).view_name)
    if entry is None:
        return []
    queries = ["order=oldest"] if entry.listing.sorts else []
    if any(item.kind == "time" for item in entry.listing.filters):
        queries.append("last=7d")
    return [item for item in queries if item not in known]


def _read(role: str, clients: Mapping[str, Visitor], path: str, shown: str, pattern: str) -> Deed:
    def act(_: object) -> None:
        clients[role].restore_session()
        response: Any = clients[role].get(path)
        allowed = {HTTPStatus.OK, *OTHER_STATUSES.get(pattern, ())}
        if pattern.endswith(("license.txt", "/file", "/file/", "/files/<str:sha256>/")):
            allowed.add(HTTPStatus.NOT_FOUND)
        if response.status_code not in allowed:
            raise LookupError(f"{path}: {response.status_code}")

    return Deed(f"GET /{pattern}" + (f"?{shown.partition('?')[2]}" if "?" in shown else ""), act)


def _write(client: Visitor, path: str, pattern: str, data: Mapping[str, str]) -> Deed:
    def act(_: object) -> None:
        cache.clear()  # reset the counts of rate limits
        client.restore_session()
        response = client.post(path, data)
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise LookupError(f"{path}: {response.status_code}")

    return Deed(f"POST /{pattern}", act)


def path_of(pattern: str, row: Address, facts: Mapping[str, str]) -> str:
    kwargs = {name: value.format_map(facts) for name, value in row.kwargs.items()}
    return "/" + re.sub(r"<\w+:(\w+)>", lambda found: kwargs[found[1]], pattern)


def apis(facts: Mapping[str, str]) -> Iterator[Deed]:
    client = Client(headers={"host": HOST})

    def ask(_: object) -> None:
        throttle.rate_limit.cache_clear()
        request = Request(
            "GET", f"http://{HOST}{PATH}?orderId={facts['order']}", (("Content-Type", "application/json"),)
        )
        signed = sign(request, ak=AK, sk=SK, now=clock.wall())  # the age of a signature is measured in real time
        answer = client.get(f"{PATH}?orderId={facts['order']}", headers=dict(signed.headers))
        if b"MKT.0000" not in answer.content:
            raise LookupError(answer.content.decode())

    yield Deed("API order query", ask)


# --- reactions and timers -----------------------------------------------------------------------------------------------


def reactions(size: Size, now: datetime) -> Iterator[Deed]:
    """Run each reaction on a batch of events, or on the first event if it does not take batches."""
    for entry in wiring.REACTIONS.entries:
        events = [entry.event(**facts) for facts in event_fields(entry.event, size, now)]
        for reaction in entry.reactions:
            name = f"{entry.event.__name__} → {name_of(reaction).removeprefix('tradepost.market.')}"
            if isinstance(reaction, Batched):
                yield Deed(name, partial(_react, partial(reaction.many, events, now)))
            else:
                yield Deed(name, partial(_react, partial(reaction, events[0], now)))


def _react(act: Callable[[], object], _prepared: object) -> None:
    act()


def deliveries(size: Size, now: datetime) -> Iterator[Deed]:
    """End a delivery by people in each way: accepted, ended early, continued for less money, refunded."""
    open_one = "status = 'running' AND owner = '{owner}' AND node = 'accept'"
    accepted, by_seller = (
        int(of_seller("supervision_supervision", "id", open_one.format(owner=owner))) for owner in ("buyer", "seller")
    )
    disputed = int(of_seller("supervision_supervision", "id", "status = 'appealed'"))
    somebody, clocks = User.objects.get(pk=size.member(1)), clocks_now()
    accepting = ActForm(visit=4)

    def refund_a_part(_: object) -> None:
        cancel.request_refund(by_seller, "Late.", amount_minor=1, ends=False, now=now)
        cancel.agree(by_seller, "", by=somebody, clocks=clocks, now=now)

    yield Deed(
        "delivery accepted",
        partial(
            _react, partial(act_on, accepted, Party.BUYER, Act.ACCEPT, accepting, by=somebody, clocks=clocks, now=now)
        ),
    )
    yield Deed(
        "delivery ended early",
        partial(_react, partial(cancel.agree, by_seller, "No.", by=somebody, clocks=clocks, now=now)),
    )
    yield Deed("delivery goes on for less", refund_a_part)
    for decision in (Appeal.Decision.REFUND, Appeal.Decision.ACCEPT):
        decided = partial(decide_on, disputed, decision, "So.", by=somebody, clocks=clocks, now=now)
        yield Deed(f"delivery decided: {decision.value}", partial(_react, decided))


def timers(size: Size, now: datetime) -> Iterator[Deed]:
    """Run the task of each timer at the moments at which it does something."""
    [unpaid] = fetch_row("SELECT number FROM orders_order WHERE status = 'unpaid' ORDER BY id LIMIT 1")
    active, ends = fetch_row("SELECT id, expires_at FROM subscriptions_subscription WHERE status = 'active' AND expires_at IS NOT"
                        " NULL ORDER BY id DESC LIMIT 1")  # fmt: skip
    frozen, over = fetch_row(
        "SELECT id, release_at FROM subscriptions_subscription WHERE status = 'frozen' ORDER BY id LIMIT 1"
    )
    renewed, at = fetch_row("SELECT subscription_id, next_at FROM orders_autorenewal ORDER BY id DESC LIMIT 1")
    moments: dict[str, list[tuple[str, dict[str, Any], datetime]]] = {
        UNPAID_TIMEOUT: [("", {"order": unpaid}, now)],
        LIFE: [
            (" (reminds)", {"subscription": active}, ends - timedelta(days=1)),
            (" (begins its grace)", {"subscription": active}, ends + timedelta(hours=1)),
            (" (freezes)", {"subscription": active}, ends + timedelta(days=1, hours=1)),
            (" (releases)", {"subscription": frozen}, over + timedelta(hours=1)),
        ],
        EARN: [("", {"subscription": active}, ends)],
        AUTO_RENEW: [("", {"subscription": renewed}, at)],
        QUIET_JOB: [("", {}, now)],
        slots.TIMER: [(f" ({phase})", _slot(phase, now), now) for phase in ("open", "close", "judge", "day")],
        DIGEST: [("", {"user": 1, "receiver": 0, "address": "buyer1@many.example"}, now)],
        RESPONSE_TIMER: [("", {"refund": int(of_seller("orders_refund", "id", "status = 'seller_review'"))}, now)],
        INVOICE_CLOCK: [
            ("", {"invoice": int(of_seller("invoices_invoice", "id", "status = 'review'"))}, now + timedelta(days=90))
        ],
        intents.TIMER_KIND: [
            ("", {"intent": int(fetch_row("SELECT max(id) FROM payments_intent WHERE status = 'pending'")[0])}, now)
        ],
        supervision_timers.TIMER: [
            (
                "",
                {"supervision": int(of_seller("supervision_supervision", "id", "status = 'running'"))},
                now + timedelta(days=4),
            )
        ],
        approvals.REQUEST_TIMER: [("", {"request": newest_of("approvals_request")}, now)],
        intents.TIMER_KIND: [
            ("", {"intent": fetch_row("SELECT max(id) FROM payments_intent WHERE status = 'pending'")[0]}, now)
        ],
        fetch_mails.TIMER: [("", {}, now)],
        buyer_keys.EXPIRY: [("", {"key": 1}, now)],
        complaints.TIMER: [("", {"complaint": OF_THE_BUYER}, now)],
        customer_demands.TIMER: [("", {"customer_demand": OF_THE_BUYER}, now)],
        OVERDUE: [("", {"submission": int(of_seller("review_submission", "id", "status = 'pending'"))}, now)],
        RECHECK: [("", {"domain": 1}, now)],
        collect.TIMER: [("", {"cycle": "hour"}, now)],
        charge.TIMER: [("", {"collection": 1, "after": 0}, now), (" (tally)", {"collection": 1, "after": None}, now)],
        arrears.TIMER: [("", {"arrears": 1}, now)],
        stops.TIMER: [
            ("", {"service": int(fetch_row("SELECT subscription_id FROM billing_charge WHERE id = 10")[0])}, now)
        ],
        **server_facts.moments_of_servers(now),
        best_sellers.NIGHTLY_TIMER: [("", {}, now)],
        syncs.RETRY: [("", {"binding": 1}, now)],
        password_files.END: [("", {"file": 1}, now + timedelta(days=9))],
        **moments_of_settlement(now),
        **moments_of_decided(now),
        retention.NIGHTLY: [("", {}, now + timedelta(days=500))],
    }
    for kind, task in wiring.TASKS.items():
        if kind not in moments:
            raise LookupError(f"say in {__name__} when the timer {kind} does something")
        for words, payload, at in moments[kind]:
            yield Deed(f"timer {kind}{words}", partial(_react, partial(task, payload, at)))


def _slot(phase: str, now: datetime) -> dict[str, Any]:
    """Return a slot of yesterday, or of tomorrow to open one: today's may be over."""
    day = now.date() + timedelta(days=1 if phase == "open" else -1)
    return {"half": "am", "date": day.isoformat(), "phase": phase, "cursor": 0}


# --- the engine ---------------------------------------------------------------------------------------------------------


def engine(now: datetime) -> Iterator[Deed]:
    """Run what each worker repeats."""

    def claim(limit: int = BATCH) -> list[ClaimedCall]:
        claimed = claim_calls(now=now, wall=now, owner="w1", limit=limit, per_seller=16, duration=LEASE)
        if not claimed:
            raise LookupError("nothing was due")
        return claimed

    def ended() -> list[EndedAttempt]:
        results: tuple[CallResult, ...] = (
            Done(), Pending(), Unreachable(fault=Fault.CONNECT, detail="refused"), Done(), Done(), Done(),
        )  # fmt: skip
        return [EndedAttempt(call, results[n % len(results)]) for n, call in enumerate(claim())]

    def publish() -> None:
        outbox.publish_all([OrderCancelled(order="CS", by="buyer") for _ in range(BATCH)], now=now)

    yield Deed("claim", lambda _: claim())
    yield Deed("record", lambda batch: record(batch, now=now, owner="w1", rule=RULE), ended)
    yield Deed("dispatch", lambda _: outbox.dispatch(wiring.REACTIONS, now=now), publish)
    yield Deed("timers that are due", lambda _: jobs.run_due(wiring.TASKS, now=now, limit=5))
    yield Deed(
        "is anything due", lambda _: [work.peek(m, now=now) or work.until_next(m, now=now) for m in (Call, Event, Job)]
    )
    yield Deed("mails that are due", lambda _: work.claim(
        Job, now=now, wall=now, limit=deliver.BATCH_SIZE, owner="w1", duration=sending.LEASE, only=deliver.MAIL_JOBS
    ))  # fmt: skip
    yield Deed("recover", lambda _: upkeep.recover(now=now, wall=now, rule=RULE))
    yield Deed("sweep", lambda _: upkeep.release_due_calls(now=now, per_seller=16))
    yield Deed("arrive", lambda _: upkeep.register("w1", wall=now))
    yield Deed("beat", lambda _: upkeep.heartbeat("w1", wall=now, in_flight=1, claimed=1, recorded=1))
    yield Deed("bury the dead", lambda _: upkeep.end_dead_workers(wall=now + timedelta(days=2)))
    yield Deed(
        "disown",
        lambda _: upkeep.end_unknown_leases(
            "dead", known=frozenset(), claimed_before=now, duration=LEASE, wall=now - LEASE
        ),
    )
    yield Deed("step of a sandbox's clock", lambda _: clock_steps.read_queues(now - timedelta(days=900), wiring.TIMERS))
    yield Deed("move sums on", lambda _: kept_sums.advance_sums())
