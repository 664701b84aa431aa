"""A small market with a user in every role, secrets that roles must not see of each other, and a request by any of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache as counts
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from tests import factories
from tests.factories import approvals, assets
from tests.factories.buying import ACCESS
from tests.factories.companies import handed_in, owner_of
from tests.factories.exports import make_export
from tests.factories.images import servers_of
from tests.factories.licenses import deliver_text
from tests.factories.metering import item as usage
from tests.factories.metering import make_metered, make_package, package, push
from tests.factories.people import NOW
from tests.factories.pictures import PDF, picture_file
from tests.factories.transfers import announce, came, show
from tests.market import every_address as table
from tests.market import world_parts
from tests.market.debugging.answering import answer, call_of, tried
from tests.market.engine import end, lease
from tests.market.every_address import ADDRESSES, ANYBODY, OPERATOR, STRANGER, Address
from tests.market.routes import routes
from tests.market.service_desk.asking import make_complaint, pass_to_seller, problem_mail, raise_new_demand
from tests.market.supervision.supervising import deliveries_of
from tests.market.world_parts import enterprise_of, handed_over_of, joint_of, settled_of, web_checked_of
from tests.market.written import WrittenTables, rows
from tradepost.market.assets.asset_models import Asset, AssetVersion
from tradepost.market.assets.contested import blocking_of
from tradepost.market.assets.models import Proof
from tradepost.market.assets.proofs import use_proofs
from tradepost.market.assets.scan_contract import fingerprint_of
from tradepost.market.audit.models import Outcome
from tradepost.market.audit.record import Act, record
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX
from tradepost.market.base.secrets import unseal
from tradepost.market.base.values import replace
from tradepost.market.base.work import State
from tradepost.market.billing.charge import charge
from tradepost.market.billing.models import Charge
from tradepost.market.catalog.models import Offer, Product, SynonymGroup
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.debugging.saved import on_call_ended
from tradepost.market.fulfilment.activating import take_code
from tradepost.market.fulfilment.models import Drift
from tradepost.market.fulfilment.order_paid import on_order_paid
from tradepost.market.identity import domains, keys, members
from tradepost.market.identity.buyer_key_models import BuyerKey
from tradepost.market.identity.buyer_keys import CreateBuyerKey, create_buyer_key, disable_buyer_key
from tradepost.market.identity.menus import VIEWER
from tradepost.market.identity.models import Member, Seller, SigningKey, User
from tradepost.market.licenses.code_models import LicenseCode
from tradepost.market.licenses.request import request_license
from tradepost.market.metering import collect
from tradepost.market.metering.models import Record
from tradepost.market.notifications import endpoints, receivers
from tradepost.market.notifications.models import Notice, NoticeDelivery, Receiver
from tradepost.market.notifications.owners import Owner
from tradepost.market.notifications.tell import send_notice
from tradepost.market.orders.events import OrderPaid
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_requests import proofs_owner
from tradepost.market.payments import unmatched
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.probes import manual
from tradepost.market.probes.judging import judge
from tradepost.market.probes.models import WorkItem
from tradepost.market.probes.watch import watch_of
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Address as ProductionAddress
from tradepost.market.review import appeals
from tradepost.market.service_desk.complaints import Subject
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Fault, Unreachable

PASSWORD, LICENSE, SIGNING_KEY = "Geheim-4711-xyz", "the license of X alone", "the signing key of A alone"

ZONE = ZoneInfo("Asia/Shanghai")
BANK_ACCOUNT = "6222020200112230055"
WHY_X_APPEALS = "why X appeals about A's delivery"
MACHINE_LICENSE = "the license of X's machine alone"

PROGRAM = "program-of-x-7"
"""Name of an access key of X."""


class World:
    """Buyer X, who bought from seller A, and all roles that must not see that."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {
            table.BUYER: factories.make_buyer(email="xaver@x-company.example", phone="13911112222"),
            table.OTHER_BUYER: factories.make_buyer(email="yves@y-company.example"),
            table.OWNER: factories.make_buyer(email="owner@a.example", balance="0"),
            table.VIEWER: factories.make_buyer(email="viewer@a.example", balance="0"),
            table.TRADER: factories.make_buyer(email="trader@a.example", balance="0"),
            table.OTHER_OWNER: factories.make_buyer(email="owner@b.example", balance="0"),
            OPERATOR: approvals.make_approver(email="operator@market.example"),
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
        announced, shown_intent, nobodys = self._transfers(buyer)
        repayment = announce(self.users[table.OWNER], 500, seller=seller, now=clock.now())
        subscription = factories.make_subscription(
            order, instance_id="instance-of-x-7", access=replace(ACCESS, password=PASSWORD), license_text=LICENSE
        )
        unpaid = factories.make_order(buyer, offer=offer)
        program, disabled = (
            create_buyer_key(buyer, CreateBuyerKey(name=name, rights=["read"], days=365), now=NOW)
            for name in (PROGRAM, f"{PROGRAM} (disabled)")
        )
        disable_buyer_key(buyer, BuyerKey.objects.get(access_key=disabled.key_id).pk, now=NOW)
        refund, appealed_refund, shown = self._refunds(subscription, buyer, offer)
        title = factories.make_invoice_title(buyer, name="X's own company")
        asked_invoice = factories.make_invoice(unpaid, remark="what X wants on it")
        invoice = factories.make_invoice(
            order, status="done", wish="correct", wish_reason="why X wants it corrected", wished_at=NOW
        )
        letter = factories.make_letter(invoice)
        settled = settled_of(order, self.users[table.OWNER], BANK_ACCOUNT)
        call = factories.make_call(
            order, subscription=subscription, state=State.WAITING, last_verdict="timeout", attempts=1
        )
        operation = factories.make_operation(order, subscription=subscription, call=call)
        applied = request_license(subscription, "machine-of-x-7", actor="x", now=NOW)
        deliver_text(seller.pk, applied.event_id, MACHINE_LICENSE, now=NOW)
        owner = Member.objects.get(seller=seller, user=self.users[table.OWNER])
        invited = members.invite(
            seller, "new@a.example", groups=[group], by=owner, most=50, valid=timedelta(days=7), now=clock.now()
        )
        current = SigningKey.objects.get(seller=seller)
        staged = keys.stage_signing_key(seller, "base", replaces=current.key_id, by=None, now=NOW)
        attribute = factories.make_attribute(seller, name="属性：只有 A 知道")
        domain = domains.register_domain(seller, "api.a.example", outbound=SANDBOX, most=50, now=NOW)
        asset = assets.make_asset(seller, name="Agent that only A knows")
        version, begun = assets.make_version(asset, label="1.0"), assets.begin_upload(asset, 10, label="2.0")
        refused, contested = self._files_refused(asset, proof=factories.make_proof(seller).sha256)
        run_of_a, appealed = web_checked_of(seller, proof=factories.make_proof(seller).sha256)
        proving = leased_jobs.start(
            domains.PROVE, str(domain.pk), payload={"domain": domain.pk}, now=NOW, seller_id=seller.pk
        )
        certifying, rejected = handed_in(seller, sealed_account=BANK_ACCOUNT)
        access = keys.create_access_key(seller, by=self.users[table.OWNER], now=NOW)
        drafted, proven = factories.make_picture(seller), factories.make_proof(seller)
        run, case = self._debugged(call.address)
        slot = manual.probe_now(product, by="owner@a.example", watch=watch_of(config(), ZONE), now=NOW)
        [probed] = manual.runs_of(slot)
        assert probed.call is not None
        end(lease(probed.call, now=NOW), Unreachable(fault=Fault.NOT_JSON, detail="only A may read this"), now=NOW)
        judge([probed.call.pk], watch=watch_of(config(), ZONE), now=NOW)
        drift = Drift.objects.create(
            subscription=subscription, seller=seller, what="access", repair="take_access", facts={"fields": ["memo"]},
            found_at=NOW, seen_at=NOW,
        )  # fmt: skip
        acted = record(
            Act(name="product_freeze", actor=None, actor_text="ops@host", details={"reason": "only operators read this"}),
            Outcome.DONE, now=NOW,
        )  # fmt: skip
        metered = make_metered(packages=(package(),), seller=seller, buyer=buyer)
        bought = make_package(metered)
        push(seller, [usage(metered, NOW, sn="of-a-record-of-a"), 7], now=NOW + timedelta(hours=1))
        collection = collect.close("hour", now=NOW + timedelta(hours=2))
        assert collection is not None
        charge(collection, now=NOW + timedelta(hours=2))
        item = WorkItem.objects.create(kind="failed_orders", product=product, occasion="2026-11-01", opened_at=NOW)
        send_notice(
            buyer, "order_completed", once=order.number, link=f"/orders/{order.number}/", now=NOW,
            facts={"order": order.number, "product": product.name},
        )  # fmt: skip
        desk_facts, grievance = self._desk(buyer, seller, product)
        delivered = deliveries_of(seller, buyer, WHY_X_APPEALS, asset=str(version.pk))
        handed_over, kept_keys = handed_over_of(seller, buyer)
        code, untaken = self._codes(seller, buyer)
        of_its_enterprise, kept_by_it = enterprise_of(buyer)
        joint = joint_of(buyer, seller, of_its_enterprise)
        self.facts: Mapping[str, str] = {
            **world_parts.invited_operator_of(self.users[OPERATOR]), **world_parts.opening_of(self.users[OPERATOR]),
            "coded": str(code.subscription_id), "untaken": str(untaken.subscription_id), "license_code": str(code.pk), "coded_product": str(code.product_id),
            "buyer_key": str(BuyerKey.objects.get(access_key=program.key_id).pk), "disabled_key": str(BuyerKey.objects.get(access_key=disabled.key_id).pk), "order": order.number, "line": f"{order.number}-000001", "unpaid": unpaid.number, "slug": product.slug, "seller_slug": seller.slug,
            "product": str(product.pk), "category": str(product.category_id), "synonyms": str(SynonymGroup.objects.order_by("pk")[0].pk), "subscription": str(subscription.pk), "notice": str(Notice.objects.get(user=buyer, kind="order_completed").pk),
            "mail": str(NoticeDelivery.objects.get(notice__user=buyer, notice__kind="order_completed").pk), "seller": str(seller.pk), "buyer": str(buyer.pk),
            "address": str(call.address_id), "call": str(call.pk), "operation": str(operation.pk), "access_key": access.key_id, "email": buyer.email,
            "submission": str(certifying.pk), "rejected": str(rejected.pk),
            "member": str(Member.objects.get(seller=seller, user=self.users[table.VIEWER]).pk), "group": str(group.pk),
            "empty_group": str(factories.make_group(seller, tools="read").pk), "invitation": str(invited.invitation.pk),
            "token": invited.token, "license_request": str(applied.pk), "picture": drafted.sha256,
            "staged_key": staged.key_id, "domain": str(domain.pk), "attribute": str(attribute.pk),
            "asset": str(asset.pk), "asset_version": str(version.pk), "refused_version": str(refused.pk),
            "appealed_version": str(contested.pk), "upload": str(begun.pk), "upload_token": begun.token,
            "proof": proven.sha256, **self._notices(buyer, seller),
            "run": str(run.pk), "case": str(case.pk), "probe_run": str(probed.pk), "work_item": str(item.pk),
            "web_task": str(run_of_a.task_id), "web_scan": str(run_of_a.pk), "appealed_scan": str(appealed.pk), "leased job": str(proving.pk), "drift": str(drift.pk), "audit": str(acted.pk),
            "invoice": str(invoice.pk), "letter": letter.code, "asked_invoice": str(asked_invoice.pk), "invoice_title": str(title.pk),
            **desk_facts, **settled, **delivered, **of_its_enterprise, **joint, **handed_over,
            "refund": str(refund.pk), "appealed_refund": str(appealed_refund.pk), "refund_file": shown.sha256,
            "transfer": announced.number, "intent": str(announced.pk), "shown_intent": str(shown_intent.pk), "unmatched": str(nobodys.pk),
            "repayment": repayment.number,
            **world_parts.money_of(buyer, self.users[OPERATOR]),
            "export": str(make_export(buyer, "storefront:orders", "/orders/").pk), "sellers_export": str(make_export(self.users[table.OWNER], "seller_center:orders", "/seller/orders/", seller=seller).pk), "operators_export": str(make_export(self.users[OPERATOR], "console:refunds", "/console/refunds/").pk),
            "usage_record": str(Record.objects.get().pk),
            **servers_of(seller, buyer),
            "metered": str(metered.pk), "package": str(bought.pk), "charge": str(Charge.objects.get().pk),
        }  # fmt: skip
        of_the_trade = ANYBODY - {STRANGER, table.OTHER_BUYER, table.OTHER_OWNER}
        # Secret → roles that may read it on a page that they may see.
        self.secrets: Mapping[str, frozenset[str]] = {
            order.number: of_the_trade, unpaid.number: of_the_trade, "instance-of-x-7": of_the_trade,
            buyer.email: frozenset({table.BUYER, OPERATOR}), buyer.phone: frozenset({table.BUYER, OPERATOR}),
            call.address.url: table.A_MEMBERS | {OPERATOR}, access.key_id: table.A_MEMBERS | {OPERATOR},
            "viewer@a.example": table.A_MEMBERS | {OPERATOR}, "new@a.example": ANYBODY, group.name: table.A_MEMBERS,
            run_of_a.findings.get().where: table.A_MEMBERS | {OPERATOR},
            invited.token: ANYBODY, staged.secret: frozenset(), domain.host: table.A_MEMBERS, attribute.name: table.A_MEMBERS, domain.token: table.A_MEMBERS,
            asset.name: table.A_MEMBERS | {OPERATOR}, version.sha256: table.A_MEMBERS | {OPERATOR}, begun.token: frozenset(),
            announced.number: frozenset({table.BUYER, OPERATOR}), shown_intent.number: frozenset({table.BUYER, OPERATOR}), nobodys.provider_no: frozenset({OPERATOR}),
            repayment.number: table.A_TRADE | {OPERATOR},
            **dict.fromkeys((title.name, asked_invoice.remark, invoice.wish_reason, invoice.receiver_email), table.A_TRADE | {table.BUYER, OPERATOR}),
            **kept_by_it, **kept_keys, WHY_X_APPEALS: table.A_TRADE | {table.BUYER, OPERATOR},
            grievance: table.A_TRADE | {table.BUYER, OPERATOR},
            refund.reason: table.A_TRADE | {table.BUYER, OPERATOR},
            PASSWORD: frozenset({table.BUYER}), LICENSE: frozenset({table.BUYER}),
            BANK_ACCOUNT: frozenset({OPERATOR}), "receiver-0@c.example": ANYBODY, "receiver-1@c.example": table.A_MEMBERS | {OPERATOR}, self.facts["hook_secret"]: frozenset(), MACHINE_LICENSE: frozenset({table.BUYER}), "machine-of-x-7": table.A_TRADE | {table.BUYER}, code.code: table.A_TRADE | {table.BUYER, OPERATOR}, untaken.code: table.A_TRADE | {OPERATOR}, SIGNING_KEY: frozenset(), access.secret: frozenset(), program.secret: frozenset(), PROGRAM: frozenset({table.BUYER}),
        }  # fmt: skip
        self.sessions = {role: self._session(user) for role, user in self.users.items()}
        self.before = self.after = rows()

    @staticmethod
    def _codes(seller: Seller, buyer: User) -> tuple[LicenseCode, LicenseCode]:
        """Make two codes that X bought, one taken and one not."""
        product = factories.make_product(seller, product_type="LICENSE_CODE", bound=False)
        orders = [factories.make_order(buyer, offer=factories.make_offer(product), paid=True) for _ in range(2)]
        on_order_paid.many([OrderPaid(order=order.number) for order in orders], NOW)
        codes = LicenseCode.objects.filter(product=product).order_by("pk")
        subscription = codes[0].subscription
        assert subscription is not None
        take_code(subscription, actor="x", now=NOW)
        return codes[0], codes[1]

    def _transfers(self, buyer: User) -> tuple[Intent, Intent, ProviderFact]:
        """Make two transfers that X announced, one with a proof; and unmatched money."""
        announced, proved = (
            announce(buyer, now=clock.now()),
            show(announce(buyer, 20_000, now=clock.now()), content=picture_file()),
        )
        came_in = unmatched.record(came("NOBODYS-MONEY-1"), by=self.users[OPERATOR], now=NOW)
        return announced, proved, came_in

    @staticmethod
    def _refunds(subscription: Subscription, buyer: User, offer: Offer) -> tuple[Refund, Refund, Proof]:
        """Make two refund requests of X to A: one with a document that waits for A, and one that waits for an operator."""
        other_subscription = factories.make_subscription(factories.make_order(buyer, offer=offer, paid=True))
        refund = factories.make_refund(subscription, reason="why X wants the money back")
        document = factories.make_proof(subscription.seller, content=PDF + b"shown by X", name="chat.pdf")
        use_proofs(proofs_owner(refund, "buyer"), [document.sha256], seller=subscription.seller)
        return (
            refund,
            factories.make_refund(other_subscription, status="appealed", reason="why X wants that back, too"),
            document,
        )

    @staticmethod
    def _desk(buyer: User, seller: Seller, product: Product) -> tuple[dict[str, str], str]:
        """Make a demand of X that was passed to A, one that waits for an operator, and a complaint of X about A with a
        document."""
        demand, open_demand = raise_new_demand(buyer=buyer), raise_new_demand()
        document, text = (
            factories.make_proof(seller, content=PDF + b"of X", name="silence.pdf"),
            "why X complains about A",
        )
        about = Subject(seller=seller, product=product)
        complaint = make_complaint(buyer, seller, about=about, reason="support", text=text, proofs=(document.sha256,))
        return {
            "demand": str(demand.demand.pk), "demand_token": demand.token, "open_demand": str(open_demand.demand.pk),
            "customer_demand": str(pass_to_seller(seller, demand.demand).pk), "complaint": str(complaint.pk),
            "complaint_file": document.sha256, "problem_mail": str(problem_mail().pk),
        }, text  # fmt: skip

    @staticmethod
    def _notices(buyer: User, seller: Seller) -> dict[str, str]:
        """Make an unconfirmed receiver and a webhook each for the buyer and the seller, and a message of the seller."""
        rules = receivers.Rules(sms=True, most=20, valid=timedelta(days=3000), a_day=20)
        added_receivers: dict[Owner, Receiver] = {}
        hooks: dict[Owner, endpoints.NewEndpoint] = {}
        owners: list[User | Seller] = [buyer, seller]
        for n, owner in enumerate(owners):
            added_receivers[owner] = receivers.add_receiver(
                owner, name=f"Receiver {n}", email=f"receiver-{n}@c.example", phone=f"1380013800{n}", language="en",
                rules=rules, wall=clock.wall(), now=clock.now(),
            )  # fmt: skip
            hooks[owner] = endpoints.add_webhook(
                owner,
                name="Hook",
                url=f"https://hooks-{n}.c.example/",
                language="en",
                outbound=PUBLIC,
                most=20,
                now=NOW,
            )
        delivery = NoticeDelivery.objects.get(receiver=added_receivers[buyer], channel="mail")
        return {
            "receiver": str(added_receivers[buyer].pk), "sellers_receiver": str(added_receivers[seller].pk),
            "receiver_token": unseal(delivery.sealed_link).split("/")[-2],
            "endpoint": str(hooks[buyer].endpoint.pk), "sellers_endpoint": str(hooks[seller].endpoint.pk),
            "sellers_delivery": str(NoticeDelivery.objects.get(receiver=added_receivers[seller], channel="mail").pk),
            "hook_secret": hooks[seller].secret,
        }  # fmt: skip

    @staticmethod
    def _debugged(address: ProductionAddress) -> tuple[DebugRun, DebugCase]:
        """Make a successful test call and its saved case."""
        run = answer(tried(address, "queryInstance"), now=NOW, reacts=False)
        on_call_ended(
            CallEnded(call=call_of(run).pk, kind="Query", outcome="done", purpose="debug", owner=run.pk), now=NOW
        )
        return DebugRun.objects.get(), DebugCase.objects.get()

    @staticmethod
    def _files_refused(asset: Asset, *, proof: str) -> tuple[AssetVersion, AssetVersion]:
        """Make two files with a high finding; the seller appeals against one."""
        refused = [assets.make_version(asset, assets.package(**{f"../{n}": b"a"}), label=f"{n}.0") for n in (3, 4)]
        reasons = {fingerprint_of(finding): "it is no path" for finding in blocking_of(refused[1])}
        appeals.appeal_file(refused[1], reasons, [proof], by=owner_of(asset.seller), settings=config(), now=NOW)
        return refused[0], refused[1]

    @staticmethod
    def _session(user: User) -> str:
        client = Client()
        client.force_login(user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    def ask(self, role: str, method: str, pattern: str) -> HttpResponse:
        """Send one request as this role, with a new client."""
        client = Client(headers={"accept-language": "en"}, raise_request_exception=True)
        if role != STRANGER:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        row = ADDRESSES[pattern]
        path, data = self.path(pattern, row), {k: v.format_map(self.facts) for k, v in row.data.items()}
        counts.clear()  # the rate limits
        # Permitted acts change rows: the next role must find the world unchanged.
        with transaction.atomic():
            written_tables = WrittenTables()
            with connection.execute_wrapper(written_tables):
                answer: HttpResponse = client.get(path) if method == "GET" else client.post(path, data)  # type: ignore[assignment]
            self.after = self.before | rows(written_tables.tables) if written_tables.tables else self.before
            transaction.set_rollback(True)
        return answer

    def path(self, pattern: str, row: Address) -> str:
        ways, kwargs = routes()[pattern], {name: value.format_map(self.facts) for name, value in row.kwargs.items()}
        [(template, names)] = [way for way in ways if set(way[1]) == set(kwargs)]
        assert set(names) == set(kwargs)
        return "/" + template % kwargs


@contextmanager
def shared_world(blocker: Any, make: type[World] = World) -> Iterator[World]:
    """One world for the tests of a module, in a transaction that is rolled back. Each test must undo its changes."""
    with blocker.unblock():
        with transaction.atomic():
            yield make()
            transaction.set_rollback(True)
        connection.close()
