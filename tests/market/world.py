"""A small market with somebody in every role, what each may not see of the others, and one request of any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache as counts
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests import factories
from tests.factories.buying import ACCESS
from tests.factories.companies import handed_in
from tests.factories.people import NOW
from tests.market import every_address as table
from tests.market.debugging.answering import answer, call_of, tried
from tests.market.every_address import ADDRESSES, ANYBODY, OPERATOR, STRANGER, Address
from tradepost.market.base import clock
from tradepost.market.base.work import State
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.debugging.saved import on_call_ended
from tradepost.market.identity import domains, keys, members
from tradepost.market.identity.menus import VIEWER
from tradepost.market.identity.models import Member, SigningKey, Throttle, User
from tradepost.market.licenses.deliver import deliver_license
from tradepost.market.licenses.request import request_license
from tradepost.market.notifications.models import Mail, Notice
from tradepost.market.notifications.tell import tell
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Address as ProductionAddress
from tradepost.protocols.open_api.upload import TextUpload

PASSWORD, LICENSE, SIGNING_KEY = "Geheim-4711-xyz", "the license of X alone", "the signing key of A alone"

BANK_ACCOUNT = "6222020200112230055"
MACHINE_LICENSE = "the license of X's machine alone"


class World:
    """Buyer X, who bought from seller A, and everybody who must not see that."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {
            table.BUYER: factories.make_buyer(email="xaver@x-company.example", phone="13911112222"),
            table.OTHER_BUYER: factories.make_buyer(email="yves@y-company.example"),
            table.OWNER: factories.make_buyer(email="owner@a.example", balance="0"),
            table.VIEWER: factories.make_buyer(email="viewer@a.example", balance="0"),
            table.TRADER: factories.make_buyer(email="trader@a.example", balance="0"),
            table.OTHER_OWNER: factories.make_buyer(email="owner@b.example", balance="0"),
            OPERATOR: factories.make_operator(email="operator@market.example"),
        }
        seller = factories.make_seller(member=self.users[table.OWNER], signing_key=SIGNING_KEY)
        factories.make_member(seller, self.users[table.VIEWER], VIEWER)
        group = factories.make_group(seller, trade="write")
        factories.make_member(seller, self.users[table.TRADER], group)
        other = factories.make_seller(member=self.users[table.OTHER_OWNER])
        factories.make_product(other)
        product = factories.make_product(seller)
        offer, buyer = factories.make_offer(product), self.users[table.BUYER]
        order = factories.make_order(buyer, offer=offer, paid=True)
        held = factories.make_subscription(
            order, instance_id="instance-of-x-7", access=replace(ACCESS, password=PASSWORD), license_text=LICENSE
        )
        unpaid = factories.make_order(buyer, offer=offer)
        call = factories.make_call(order, subscription=held, state=State.WAITING, last_verdict="timeout", attempts=1)
        operation = factories.make_operation(order, subscription=held, call=call)
        applied = request_license(held, "machine-of-x-7", actor="x", now=NOW)
        deliver_license(seller.pk, TextUpload(event_id=applied.event_id, characters=MACHINE_LICENSE), now=NOW)
        owner = Member.objects.get(seller=seller, user=self.users[table.OWNER])
        invited = members.invite(
            seller, "new@a.example", groups=[group], by=owner, most=50, valid=timedelta(days=7), now=clock.now()
        )
        current = SigningKey.objects.get(seller=seller)
        staged = keys.stage_signing_key(seller, "base", replaces=current.key_id, by=None, now=NOW)
        attribute = factories.make_attribute(seller, name="属性：只有 A 知道")
        domain = domains.register_domain(seller, "api.a.example", sandbox=True, most=50, now=NOW)
        certifying, rejected = handed_in(seller, sealed_account=BANK_ACCOUNT)
        access = keys.create_access_key(seller, by=self.users[table.OWNER], now=NOW)
        drafted, proven = factories.make_picture(seller), factories.make_proof(seller)
        run, case = self._debugged(call.address)
        tell(
            buyer, "order_completed", once=order.number, link=f"/orders/{order.number}/", now=NOW,
            facts={"order": order.number, "product": product.name},
        )  # fmt: skip
        self.facts: Mapping[str, str] = {
            "order": order.number, "line": f"{order.number}-000001", "unpaid": unpaid.number, "slug": product.slug, "seller_slug": seller.slug,
            "product": str(product.pk), "subscription": str(held.pk), "notice": str(Notice.objects.get(user=buyer).pk),
            "mail": str(Mail.objects.get(notice__user=buyer).pk), "seller": str(seller.pk), "buyer": str(buyer.pk),
            "address": str(call.address_id), "call": str(call.pk), "operation": str(operation.pk), "access_key": access.key_id, "email": buyer.email,
            "submission": str(certifying.pk), "rejected": str(rejected.pk),
            "member": str(Member.objects.get(seller=seller, user=self.users[table.VIEWER]).pk), "group": str(group.pk),
            "empty_group": str(factories.make_group(seller, tools="read").pk), "invitation": str(invited.invitation.pk),
            "token": invited.token, "license_request": str(applied.pk), "picture": drafted.sha256,
            "staged_key": staged.key_id, "domain": str(domain.pk), "attribute": str(attribute.pk),
            "proof": proven.sha256,
            "run": str(run.pk), "case": str(case.pk),
        }  # fmt: skip
        of_the_trade = ANYBODY - {STRANGER, table.OTHER_BUYER, table.OTHER_OWNER}
        # Secret → who may read it on a page that they may see.
        self.secrets: Mapping[str, frozenset[str]] = {
            order.number: of_the_trade, unpaid.number: of_the_trade, "instance-of-x-7": of_the_trade,
            buyer.email: frozenset({table.BUYER, OPERATOR}), buyer.phone: frozenset({table.BUYER, OPERATOR}),
            call.address.url: table.A_MEMBERS | {OPERATOR}, access.key_id: table.A_MEMBERS | {OPERATOR},
            "viewer@a.example": table.A_MEMBERS | {OPERATOR}, "new@a.example": ANYBODY, group.name: table.A_MEMBERS,
            invited.token: ANYBODY, staged.secret: frozenset(), domain.host: table.A_MEMBERS, attribute.name: table.A_MEMBERS, domain.token: table.A_MEMBERS,
            PASSWORD: frozenset({table.BUYER}), LICENSE: frozenset({table.BUYER}),
            BANK_ACCOUNT: frozenset({OPERATOR}), MACHINE_LICENSE: frozenset({table.BUYER}), "machine-of-x-7": frozenset({table.BUYER}), SIGNING_KEY: frozenset(), access.secret: frozenset(),
        }  # fmt: skip
        self.sessions = {role: self._session(user) for role, user in self.users.items()}
        self.before = self.after = rows()

    @staticmethod
    def _debugged(address: ProductionAddress) -> tuple[DebugRun, DebugCase]:
        """A test call that succeeded, and the case that it is."""
        run = answer(tried(address, "queryInstance"), now=NOW, reacts=False)
        on_call_ended(
            CallEnded(call=call_of(run).pk, kind="Query", outcome="done", purpose="debug", owner=run.pk), now=NOW
        )
        return DebugRun.objects.get(), DebugCase.objects.get()

    @staticmethod
    def _session(user: User) -> str:
        client = Client()
        client.force_login(user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    def ask(self, role: str, method: str, pattern: str) -> HttpResponse:
        """One request of this role with a client that remembers nothing of earlier ones."""
        client = Client(headers={"accept-language": "en"}, raise_request_exception=True)
        if role != STRANGER:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        row = ADDRESSES[pattern]
        path, data = self.path(pattern, row), {k: v.format_map(self.facts) for k, v in row.data.items()}
        counts.clear()  # of the counts that limit how often one may ask
        # What is allowed may change things: the next role must find the world as it was.
        with transaction.atomic():
            wrote = Wrote()
            with connection.execute_wrapper(wrote):
                answer: HttpResponse = client.get(path) if method == "GET" else client.post(path, data)  # type: ignore[assignment]
            self.after = rows() if wrote.anything else self.before
            transaction.set_rollback(True)
        return answer

    def path(self, pattern: str, row: Address) -> str:
        found, kwargs = routes()[pattern], {name: value.format_map(self.facts) for name, value in row.kwargs.items()}
        [(template, names)] = [one for one in found if set(one[1]) == set(kwargs)]
        assert set(names) == set(kwargs)
        return "/" + template % kwargs


class Wrote:
    """Whether any statement was more than a question: to read every table after each of a thousand requests takes long."""

    READS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")

    def __init__(self) -> None:
        self.anything = False

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        self.anything |= not str(sql).startswith(self.READS)
        return execute(sql, params, many, context)


@contextmanager
def standing(blocker: Any) -> Iterator[World]:
    """One world for the tests of a module, each of which takes back what it does; in a transaction that is rolled back."""
    with blocker.unblock():
        with transaction.atomic():
            yield World()
            transaction.set_rollback(True)
        connection.close()


@cache
def routes() -> dict[str, list[tuple[str, list[str]]]]:
    """Every pattern of the market as written → how to fill it in."""
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for pattern, parts in _walk(get_resolver().url_patterns, ()):
        template, names = "", list[str]()
        for part in parts:
            [(text, args), *_] = part
            template, names = template + text, names + args
        ways = found.setdefault(pattern, [])
        if (template, names) not in ways:  # the same once more is never come to: ours stands before allauth's
            ways.append((template, names))
    return found


def _walk(patterns, above) -> Iterator[tuple[str, tuple]]:
    from django.utils.regex_helper import normalize

    for one in patterns:
        parts = (*above, normalize(one.pattern.regex.pattern))
        written = str(one.pattern)
        if isinstance(one, URLResolver):
            yield from ((written + rest, found) for rest, found in _walk(one.url_patterns, parts))
        else:
            assert isinstance(one, URLPattern)
            yield written, parts


def rows() -> dict[str, list[tuple]]:
    """Everything that the market knows; sessions aside, and the counts of tries, which every stranger moves."""
    models = [model for model in apps.get_models() if model not in {Session, Throttle}]
    return {model.__name__: list(model._default_manager.order_by("pk").values_list()) for model in models}
