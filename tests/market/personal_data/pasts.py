"""A person with data in every part of the market, to test the copy and the erasure of personal data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from tests import factories
from tests.factories import NOW
from tests.factories.organisations import make_admin, make_enterprise_member
from tests.market.engine import react
from tests.market.service_desk.asking import make_complaint, raise_new_demand
from tradepost.market.assets.models import Proof, ProofUse
from tradepost.market.base.config import config
from tradepost.market.base.files import Files
from tradepost.market.base.models import LeasedJob, Move
from tradepost.market.exports.models import Export
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.organisations.models import Member
from tradepost.market.payments.models import Account
from tradepost.market.production.models import Attempt, Call
from tradepost.market.subscriptions.models import Subscription

NAME, EMAIL, PHONE, STREET = "诸葛明月", "zhuge@private.example", "+86 139 5550 1234", "枫林路 77 号"
KNOWN_AS = "卧龙先生"
"""The name in the enterprise."""
PAPER = b"%PDF-1.7 of a person\n%%EOF\n"


def make_subject() -> User:
    return factories.make_buyer(email=EMAIL, name=NAME, phone=PHONE, balance="0", language="en")


def with_everything(user: User) -> None:
    """Give the user a completed history: orders, a service, calls, an invoice, a complaint with a document, an
    enterprise, notices.
    """
    seller = factories.make_seller(member=factories.make_buyer(balance="0"))
    buyer_account, _ = Account.objects.get_or_create(kind="buyer", user=user, currency="CNY")
    Account.objects.filter(pk=buyer_account.pk).update(balance_minor=10_000_00)
    offer = factories.make_offer(factories.make_product(seller, address=factories.make_address(seller)))
    order = factories.make_order(user, offer=offer, paid=True)
    Account.objects.filter(pk=buyer_account.pk).update(balance_minor=0)
    order.lines.update(extend_params=[{"name": "contact", "value": f"{NAME} {PHONE}"}])
    service = factories.make_subscription(order)
    call = factories.make_call(order, subscription=service)
    Call.objects.filter(pk=call.pk).update(command={**call.command, "customerName": NAME}, last_detail=f"no {EMAIL}")
    Attempt.objects.create(
        call=call, number=1, started_at=NOW, method="GET", url=f"https://x.example/?name={NAME}&m={EMAIL}",
        request_body=f"mobilePhone={PHONE}", response_body=json.dumps({"to": NAME}), verdict="done",
    )  # fmt: skip
    Subscription.objects.filter(pk=service.pk).update(status="released")
    type(order).objects.filter(pk=order.pk).update(status="completed")
    invoice = factories.make_invoice(order, status="done", receiver_name=NAME, receiver_address=STREET)
    type(invoice).objects.filter(pk=invoice.pk).update(receiver_email=EMAIL)
    complaint = make_complaint(user, seller, text=f"{NAME}, {PHONE}: nobody answers")
    react(now=NOW)
    type(complaint).objects.filter(pk=complaint.pk).update(status="upheld", decision=f"{NAME} is right", ended_at=NOW)
    files = Files(config().files)
    proof = Proof.objects.create(
        seller=seller,
        sha256=files.put(PAPER),
        kind="application/pdf",
        name=f"{NAME}.pdf",
        bytes=9,
        by=user,
        created_at=NOW,
    )
    ProofUse.objects.create(owner=f"complaint:{complaint.pk}", proof=proof)
    founder = make_admin(name="蓝天制造")
    own = make_enterprise_member(founder, user)
    Member.objects.filter(pk=own.pk).update(profile={"mobile": PHONE, "email": EMAIL})
    raise_new_demand(contact=NAME, email=EMAIL, phone=PHONE)
    Export.objects.create(
        user=user, site="storefront", listing="orders", title="t", path="/orders/", format="csv", language="en",
        name="orders.csv", status="done", sha256=files.put(b"x"), created_at=NOW,
    )  # fmt: skip
    Move.objects.create(
        lifecycle="order", subject=str(order.pk), event="pay", before="unpaid", after="paid", at=NOW, actor=EMAIL,
        note=f"{NAME} said so",
    )  # fmt: skip
    LeasedJob.objects.create(
        kind="x",
        key="1",
        payload={"mail": EMAIL},
        words=NAME,
        due_at=NOW,
        created_at=NOW,
        state=3,
        outcome="done",
        ended_at=NOW,
    )
    Notice.objects.create(
        user=seller.members.get().user, kind="seller_complaint", facts={"buyer": NAME}, once="x", created_at=NOW
    )


def tables_with_texts(*texts: str) -> set[str]:
    """Return the tables in which a text dump of the database contains one of the texts."""
    tables = set()
    forms = {form for text in texts for form in (text, json.dumps(text)[1:-1])}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            rows = "\n".join(str(value) for row in cursor.fetchall() for value in row)
            tables |= {table for form in forms if form.lower() in rows.lower()}
    return tables


def files_with(content: bytes) -> Iterator[Path]:
    for path in Path(config().files).rglob("*"):
        if path.is_file() and content in path.read_bytes():
            yield path
