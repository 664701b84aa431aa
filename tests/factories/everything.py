"""Everything that a market does, as calls that can be made again and again: each page, API, reaction, timer and sweep.

Over the market of ``many``. Who runs one rolls back what it wrote. The table of pages is ``tests/market/every_address.py``,
those of reactions and timers are ``wiring``'s: what is added there is here by itself, or fails with what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from django.core.cache import cache
from django.test import Client

from tests.market import every_address as table
from tests.market.auth_centre_addresses import ELSEWHERE_AT_THE_AUTH_CENTRE
from tests.market.every_address import ADDRESSES, Address
from tradepost.market import wiring
from tradepost.market.applications import run as syncs
from tradepost.market.base import clock, jobs, outbox, retention, work
from tradepost.market.base.events import name_of
from tradepost.market.base.models import Event, Job
from tradepost.market.base.outbox import Batched
from tradepost.market.billing import arrears, charge, stops
from tradepost.market.fulfilment.timers import AUTO_RENEW, EARN, LIFE
from tradepost.market.identity import buyer_keys
from tradepost.market.identity.domains import RECHECK
from tradepost.market.identity.models import User
from tradepost.market.invoices.patience import CLOCK as INVOICE_CLOCK
from tradepost.market.metering import collect
from tradepost.market.notifications import deliver, sending
from tradepost.market.notifications.digest import DIGEST
from tradepost.market.notifications.reactions import QUIET
from tradepost.market.open_api import throttle
from tradepost.market.orders import best_sellers
from tradepost.market.orders.events import OrderCancelled
from tradepost.market.orders.place import UNPAID_TIMEOUT
from tradepost.market.orders.refund_requests import CLOCK
from tradepost.market.organisations import password_files
from tradepost.market.payments import intents, kept_sums
from tradepost.market.probes import slots
from tradepost.market.product_types.flows.contract import Act, Party
from tradepost.market.production import clock_steps, upkeep
from tradepost.market.production.attempts import Ended
from tradepost.market.production.breaker import Rule
from tradepost.market.production.claim import ClaimedCall, claim_calls
from tradepost.market.production.models import Call
from tradepost.market.production.record import record
from tradepost.market.review.overdue import OVERDUE
from tradepost.market.service_desk import complaints, customer_demands, fetch_mails
from tradepost.market.supervision import cancel
from tradepost.market.supervision import timers as supervision_timers
from tradepost.market.supervision.act import Said
from tradepost.market.supervision.act import act as act_on
from tradepost.market.supervision.appeal import decide as decide_on
from tradepost.market.supervision.models import Appeal
from tradepost.market.web.supervision_view import clocks_now
from tradepost.protocols.commands import CallResult, Done, Fault, Pending, Unreachable
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.order_query import PATH
from tradepost.protocols.open_api.signing import sign

from . import server_facts
from .event_facts import happened, of_seller, one
from .list_ways import MORE
from .many import AK, SK, Size
from .many.enterprises import facts_of_enterprises
from .many.joined import facts_of_joint
from .many.metered import PACKAGE
from .many.service_desk import DEMAND_TOKEN, OF_THE_BUYER, OPEN
from .many.shop import TOKEN
from .settled_facts import facts_of_settlement, of_settlement
from .visitor import HOST, Visitor

BATCH = 256
RULE, LEASE = Rule(5, timedelta(seconds=60)), timedelta(seconds=60)

ELSEWHERE = {
    "console/audit/export/": [HTTPStatus.UNPROCESSABLE_ENTITY],  # of which days must be said
    "enterprise/<slug:code>/enter/": [HTTPStatus.FOUND],  # to the auth centre
    "seller/enter/": [HTTPStatus.FOUND],  # who acts for a company is led to it
    "complaints/new/": [HTTPStatus.FOUND, HTTPStatus.OK],  # to the list, where nothing is named
    "account/security/two-step/": [HTTPStatus.FOUND],  # the buyer has it on
    **ELSEWHERE_AT_THE_AUTH_CENTRE,
    **server_facts.ELSEWHERE_OF_SERVERS,
    "services/<int:pk>/manifests/<int:number>.json": [
        HTTPStatus.NOT_FOUND
    ],  # the largest buyer's service is no container
    "demands/<int:pk>/": [HTTPStatus.FOUND],  # to the page that is followed
    "seller/debug/": [HTTPStatus.FOUND],  # to the first case
    "seller/debug/<int:pk>/": [HTTPStatus.FOUND],
    "seller/company/draft/<slug:kind>/": [HTTPStatus.FOUND],
}
LEFT_OUT = {
    "console/clock/": "moves the clock of a sandbox: it belongs to the process, not to the database",
    **dict.fromkeys(
        (f"account/{page}" for page in ("log", "inact", "signup", "reauth", "email", "confirm", "password", "^")),
        "these pages know one person only; a session and a password are no matter of how many orders there are",
    ),
    "i18n/setlang/": "asks no database",
    "enterprise/<slug:code>/applications/<int:pk>/groups/": "writes a row for each member of the group",
}
"""Addresses that are left out, and why."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a market does. ``act`` gets what ``prepare`` gave; that is not of interest itself."""

    name: str
    act: Callable[[Any], object]
    prepare: Callable[[], Any] = lambda: None


def everything(size: Size, *, now: datetime) -> Iterator[Deed]:
    """``now``: with which the market was filled."""
    facts = facts_of(size)
    yield from pages(size, facts)
    yield from apis(facts)
    yield from reactions(size, now)
    yield from timers(size, now)
    yield from engine(now)


def facts_of(size: Size) -> Mapping[str, str]:
    """What the addresses are filled in with: things of buyer 1 and seller 1, the largest."""
    order, number, subscription = one(
        "SELECT o.id, o.number, o.id FROM orders_order o JOIN subscriptions_subscription s ON s.id = o.id"
        " WHERE o.buyer_id = 1 AND s.seller_id = 1 AND s.status = 'active' AND s.expires_at IS NOT NULL"
        " ORDER BY o.id DESC LIMIT 1"
    )
    [unpaid] = one("SELECT number FROM orders_order WHERE buyer_id = 1 AND status = 'unpaid' ORDER BY id DESC LIMIT 1")
    [notice] = one("SELECT id FROM notifications_notice WHERE user_id = 1 ORDER BY id DESC LIMIT 1")
    return {
        "order": number, "order_key": str(order), "tail": number[-7:], "line": f"{number}-000001", "unpaid": unpaid,
        "slug": "product-1", "seller_slug": "seller-1", "product": "1", "subscription": str(subscription), "instance": f"instance-{order}",
        "notice": str(notice), "mail": str(notice), "seller": "1", "buyer": "1", "address": "1", "category": str(one("SELECT id FROM catalog_category WHERE slug = 'many'")[0]), "call": str(3 * order), "operation": str(order),
        "license_request": "1", "buyer_key": "1", "disabled_key": "2", "api_service": str(subscription), "app_key": "1", "model_service": str(subscription), "model_file": "0" * 64, "container_service": str(subscription), "coded": str(subscription), "coded_product": "1", "untaken": str(subscription), "license_code": of_seller("licenses_licensecode", "id", "subscription_id IS NOT NULL"), "run": "4", "case": "4", "access_key": AK, "email": "buyer1@many.example", "signing_key": one("SELECT key_id FROM identity_signingkey WHERE id = 1")[0],
        "operator": str(size.operator), "domain": "1", "attribute": "1", "staged_key": "staged", "member": str(size.sellers + 1), "group": "1",
        "empty_group": "2", "invitation": "1", "token": TOKEN, "submission": of_seller("review_submission", "id", "status = 'pending'"),
        "rejected": of_seller("review_submission", "id", "status = 'rejected'"), "picture": of_seller("assets_picture", "sha256"),
        "proof": of_seller("assets_proof", "sha256"), "receiver": "1", "sellers_receiver": "2", "receiver_token": "receiver-token", "endpoint": "1", "sellers_endpoint": "2",
        "sellers_delivery": one("SELECT min(id) FROM notifications_noticedelivery WHERE seller_id = 1")[0],
        "web_task": "1", "web_scan": "1", "appealed_scan": "1",
        "work_item": "1", "leased job": "1", "drift": "1", "audit": "1", "probe_run": of_seller("probes_proberun", "id"),
        "asset": of_seller("assets_asset", "id"),
        "asset_version": of_seller("assets_asset", "(SELECT max(v.id) FROM assets_assetversion v WHERE v.asset_id = assets_asset.id)"),
        "usage_product": str(one("SELECT product_id FROM billing_producthour LIMIT 1")[0]),
        "used_instance": one("SELECT s.instance_id FROM billing_charge c JOIN subscriptions_subscription s"
                             " ON s.id = c.subscription_id WHERE c.id = 10")[0],
        **server_facts.of_servers(), "usage_record": "10", "charge": "10", "package": str(one(f"SELECT {PACKAGE}")[0]), "metered": str(one("SELECT subscription_id FROM billing_charge WHERE id = 10")[0]),
        "invoice": of_seller("invoices_invoice", "id", "buyer_id = 1 AND status = 'done'"), **facts_of_settlement(), **facts_of_enterprises(), **facts_of_joint(),
        "letter": f"L{of_seller('invoices_invoice', 'id', "buyer_id = 1 AND status = 'done'"):0>23}",
        "asked_invoice": of_seller("invoices_invoice", "id", "status = 'review'"),
        "invoice_title": one("SELECT id FROM invoices_invoicetitle WHERE buyer_id = 1")[0],
        "supervision": of_seller("supervision_supervision", "id", "buyer_id = 1 AND status = 'running' AND owner = 'buyer'"),
        "disputed": of_seller("supervision_supervision", "id", "status = 'appealed'"), "supervision_file": "0" * 64, "handed": of_seller("supervision_supervision", "id", "buyer_id = 1 AND status = 'running'"),
        "refund": of_seller("orders_refund", "id", "buyer_id = 1 AND status = 'refunded'"),
        "demand": str(OF_THE_BUYER), "open_demand": str(OPEN), "demand_token": DEMAND_TOKEN, "problem_mail": "1", "customer_demand": str(OF_THE_BUYER),
        "complaint": str(OF_THE_BUYER), "complaint_file": "0" * 64,
        "appealed_refund": of_seller("orders_refund", "id", "status = 'appealed'"), "refund_file": "0" * 64,
        "refused_version": of_seller("assets_asset", "(SELECT max(v.id) FROM assets_assetversion v WHERE v.asset_id = assets_asset.id)"),
        "appealed_version": of_seller("assets_asset", "(SELECT max(v.id) FROM assets_assetversion v WHERE v.asset_id = assets_asset.id)"),
        "transfer": one("SELECT number FROM payments_intent WHERE user_id = 1 AND status = 'pending' ORDER BY id DESC LIMIT 1")[0],
        "intent": str(one("SELECT max(id) FROM payments_intent WHERE status = 'pending'")[0]),
        "shown_intent": str(one("SELECT max(id) FROM payments_intent WHERE status = 'in_review'")[0]),
        "unmatched": str(one("SELECT max(id) FROM payments_providerfact WHERE status = 'unmatched'")[0]),
        "upload": of_seller("assets_upload", "id", "status = 'open'"), "upload_token": of_seller("assets_upload", "token"),
    }  # fmt: skip


# --- pages --------------------------------------------------------------------------------------------------------------


def pages(size: Size, facts: Mapping[str, str]) -> Iterator[Deed]:
    """Each address, read and posted to, by one who may: the largest buyer, the largest seller's person, the operator."""
    people = {table.BUYER: 1, table.OWNER: size.member(1), table.OPERATOR: size.operator}
    clients = {role: Visitor(pk) for role, pk in people.items()}
    for pattern, row in ADDRESSES.items():
        if row.gateway or any(pattern.startswith(left_out) for left_out in LEFT_OUT):
            continue
        path = _path(pattern, row, facts)
        if readers := [role for role in clients if role in row.get]:
            yield _read(readers[-1] if pattern.startswith("console") else readers[0], clients, path, path, pattern)
            for query in MORE.get(pattern, ()):
                yield _read(readers[0], clients, f"{path}?{query.format_map(facts)}", f"{path}?{query}", pattern)
        if writers := [role for role in clients if role in row.post]:
            data = {name: value.format_map(facts) for name, value in row.data.items()}
            yield _write(clients[writers[0]], path, pattern, data)


def _read(role: str, clients: Mapping[str, Visitor], path: str, shown: str, pattern: str) -> Deed:
    def act(_: object) -> None:
        clients[role].come_back()
        answer: Any = clients[role].get(path)
        allowed = {HTTPStatus.OK, *ELSEWHERE.get(pattern, ())}
        if pattern.endswith(("license.txt", "/file", "/file/", "/files/<str:sha256>/")):
            allowed.add(HTTPStatus.NOT_FOUND)
        if answer.status_code not in allowed:
            raise LookupError(f"{path}: {answer.status_code}")

    return Deed(f"GET /{pattern}" + (f"?{shown.partition('?')[2]}" if "?" in shown else ""), act)


def _write(client: Visitor, path: str, pattern: str, data: Mapping[str, str]) -> Deed:
    def act(_: object) -> None:
        cache.clear()  # of the counts that limit how often one may ask
        client.come_back()
        answer = client.post(path, data)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise LookupError(f"{path}: {answer.status_code}")

    return Deed(f"POST /{pattern}", act)


def _path(pattern: str, row: Address, facts: Mapping[str, str]) -> str:
    kwargs = {name: value.format_map(facts) for name, value in row.kwargs.items()}
    return "/" + re.sub(r"<\w+:(\w+)>", lambda found: kwargs[found[1]], pattern)


def apis(facts: Mapping[str, str]) -> Iterator[Deed]:
    client = Client(headers={"host": HOST})

    def ask(_: object) -> None:
        throttle.rate_limit.cache_clear()
        request = Request(
            "GET", f"http://{HOST}{PATH}?orderId={facts['order']}", (("Content-Type", "application/json"),)
        )
        signed = sign(request, ak=AK, sk=SK, now=clock.wall())  # a signature ages by real time
        answer = client.get(f"{PATH}?orderId={facts['order']}", headers=dict(signed.headers))
        if b"MKT.0000" not in answer.content:
            raise LookupError(answer.content.decode())

    yield Deed("API order query", ask)


# --- reactions and timers -----------------------------------------------------------------------------------------------


def reactions(size: Size, now: datetime) -> Iterator[Deed]:
    """Each reaction to a batch of events; one that takes them one by one gets the first."""
    for entry in wiring.REACTIONS.entries:
        events = [entry.event(**facts) for facts in happened(entry.event, size, now)]
        for reaction in entry.reactions:
            name = f"{entry.event.__name__} → {name_of(reaction).removeprefix('tradepost.market.')}"
            if isinstance(reaction, Batched):
                yield Deed(name, partial(_react, partial(reaction.many, events, now)))
            else:
                yield Deed(name, partial(_react, partial(reaction, events[0], now)))


def _react(act: Callable[[], object], _prepared: object) -> None:
    act()


def deliveries(size: Size, now: datetime) -> Iterator[Deed]:
    """How a delivery by people ends, with its money: accepted, ended early, for less, paid back."""
    open_one = "status = 'running' AND owner = '{owner}' AND node = 'accept'"
    accepted, by_seller = (
        int(of_seller("supervision_supervision", "id", open_one.format(owner=owner))) for owner in ("buyer", "seller")
    )
    disputed = int(of_seller("supervision_supervision", "id", "status = 'appealed'"))
    somebody, clocks = User.objects.get(pk=size.member(1)), clocks_now()
    accepting = Said(visit=4)

    def for_less(_: object) -> None:
        cancel.ask(by_seller, "Late.", amount_minor=1, ends=False, now=now)
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
    yield Deed("delivery goes on for less", for_less)
    for decision in (Appeal.Decision.REFUND, Appeal.Decision.ACCEPT):
        decided = partial(decide_on, disputed, decision, "So.", by=somebody, clocks=clocks, now=now)
        yield Deed(f"delivery decided: {decision.value}", partial(_react, decided))


def timers(size: Size, now: datetime) -> Iterator[Deed]:
    """The task of each timer, at the moments at which it does something."""
    [unpaid] = one("SELECT number FROM orders_order WHERE status = 'unpaid' ORDER BY id LIMIT 1")
    active, ends = one("SELECT id, expires_at FROM subscriptions_subscription WHERE status = 'active' AND expires_at IS NOT"
                        " NULL ORDER BY id DESC LIMIT 1")  # fmt: skip
    frozen, over = one(
        "SELECT id, release_at FROM subscriptions_subscription WHERE status = 'frozen' ORDER BY id LIMIT 1"
    )
    renewed, at = one("SELECT subscription_id, next_at FROM orders_autorenewal ORDER BY id DESC LIMIT 1")
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
        QUIET: [("", {}, now)],
        slots.TIMER: [(f" ({phase})", _slot(phase, now), now) for phase in ("open", "close", "judge", "day")],
        DIGEST: [("", {"user": 1, "receiver": 0, "address": "buyer1@many.example"}, now)],
        CLOCK: [("", {"refund": int(of_seller("orders_refund", "id", "status = 'seller_review'"))}, now)],
        INVOICE_CLOCK: [
            ("", {"invoice": int(of_seller("invoices_invoice", "id", "status = 'review'"))}, now + timedelta(days=90))
        ],
        intents.WAITS: [
            ("", {"intent": int(one("SELECT max(id) FROM payments_intent WHERE status = 'pending'")[0])}, now)
        ],
        supervision_timers.TIMER: [
            (
                "",
                {"supervision": int(of_seller("supervision_supervision", "id", "status = 'running'"))},
                now + timedelta(days=4),
            )
        ],
        intents.WAITS: [("", {"intent": one("SELECT max(id) FROM payments_intent WHERE status = 'pending'")[0]}, now)],
        fetch_mails.TIMER: [("", {}, now)],
        buyer_keys.EXPIRY: [("", {"key": 1}, now)],
        complaints.TIMER: [("", {"complaint": OF_THE_BUYER}, now)],
        customer_demands.TIMER: [("", {"customer_demand": OF_THE_BUYER}, now)],
        OVERDUE: [("", {"submission": int(of_seller("review_submission", "id", "status = 'pending'"))}, now)],
        RECHECK: [("", {"domain": 1}, now)],
        collect.TIMER: [("", {"cycle": "hour"}, now)],
        charge.TIMER: [("", {"collection": 1, "after": 0}, now), (" (tally)", {"collection": 1, "after": None}, now)],
        arrears.TIMER: [("", {"arrears": 1}, now)],
        stops.TIMER: [("", {"service": int(one("SELECT subscription_id FROM billing_charge WHERE id = 10")[0])}, now)],
        **server_facts.moments_of_servers(now),
        best_sellers.NIGHTLY: [("", {}, now)],
        syncs.RETRY: [("", {"binding": 1}, now)],
        password_files.END: [("", {"file": 1}, now + timedelta(days=9))],
        **of_settlement(now),
        retention.NIGHTLY: [("", {}, now + timedelta(days=500))],
    }
    for kind, task in wiring.TASKS.items():
        if kind not in moments:
            raise LookupError(f"say in {__name__} when the timer {kind} does something")
        for words, payload, at in moments[kind]:
            yield Deed(f"timer {kind}{words}", partial(_react, partial(task, payload, at)))


def _slot(phase: str, now: datetime) -> dict[str, Any]:
    """Of yesterday, whose slots were opened; of tomorrow, where one is to be opened: today's may be over."""
    day = now.date() + timedelta(days=1 if phase == "open" else -1)
    return {"half": "am", "date": day.isoformat(), "phase": phase, "cursor": 0}


# --- the engine ---------------------------------------------------------------------------------------------------------


def engine(now: datetime) -> Iterator[Deed]:
    """What each worker does again and again."""

    def claim(limit: int = BATCH) -> list[ClaimedCall]:
        claimed = claim_calls(now=now, wall=now, owner="w1", limit=limit, per_seller=16, duration=LEASE)
        if not claimed:
            raise LookupError("nothing was due")
        return claimed

    def ended() -> list[Ended]:
        results: tuple[CallResult, ...] = (
            Done(), Pending(), Unreachable(fault=Fault.CONNECT, detail="refused"), Done(), Done(), Done(),
        )  # fmt: skip
        return [Ended(call, results[n % len(results)]) for n, call in enumerate(claim())]

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
        Job, now=now, wall=now, limit=deliver.BATCH, owner="w1", duration=sending.LEASE, only=deliver.OURS
    ))  # fmt: skip
    yield Deed("recover", lambda _: upkeep.recover(now=now, wall=now, rule=RULE))
    yield Deed("sweep", lambda _: upkeep.sweep(now=now, per_seller=16))
    yield Deed("arrive", lambda _: upkeep.arrive("w1", wall=now))
    yield Deed("beat", lambda _: upkeep.beat("w1", wall=now, in_flight=1, claimed=1, recorded=1))
    yield Deed("bury the dead", lambda _: upkeep.bury_the_dead(wall=now + timedelta(days=2)))
    yield Deed(
        "disown",
        lambda _: upkeep.disown("dead", known=frozenset(), claimed_before=now, duration=LEASE, wall=now - LEASE),
    )
    yield Deed("step of a sandbox's clock", lambda _: clock_steps.look(now - timedelta(days=900), wiring.TIMERS))
    yield Deed("move sums on", lambda _: kept_sums.move_on())
