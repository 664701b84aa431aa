"""A buyer who entered name, address and phone into every form of the market, and about whom others wrote."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from django.core.cache import cache as counts
from django.test import Client
from django.urls import Resolver404, resolve

from tests.factories import NOW, make_buyer, make_call, make_invoice, make_order
from tests.factories.organisations import make_enterprise_member
from tests.factories.pictures import PDF
from tests.market import every_address as table
from tests.market.engine import react
from tests.market.every_address import ADDRESSES, Address
from tests.market.typed_fields import TypedForm, TypedForms
from tests.market.world import World
from tradepost.market.assets.models import Proof, ProofUse
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.files import Files
from tradepost.market.base.table_files import write_workbook
from tradepost.market.exports.models import Export
from tradepost.market.exports.order import folder as export_folder
from tradepost.market.identity.models import User
from tradepost.market.metering.models import RefusedRecord
from tradepost.market.orders.models import Order
from tradepost.market.organisations.import_members import folder as import_folder
from tradepost.market.organisations.models import ImportRun, Member
from tradepost.market.production.models import Attempt, Call
from tradepost.market.service_desk.complaint_models import Complaint
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Buyer, Create, Purchase

NAME, REAL_NAME, STREET = "诸葛明月", "诸葛孔亮", "枫林路 77 号 3 单元"
OTHER_STREET = "翠竹街 9 号"
"""Entered in an order; no invoice names it."""
EMAIL, PHONE = "xaver@x-company.example", "13911112222"
SPELT_PHONE = "+86 139-1111 2222"
SHORT = f"{NAME} {STREET}"
ALL_TEXTS = f"{NAME}, {STREET}, {SPELT_PHONE}, {EMAIL.upper()}"
TYPED = {SHORT, ALL_TEXTS, EMAIL, PHONE}
OF_COMPANIES = re.compile(r"enterprise/new/|enterprise/<slug:code>/(?!settings/directory/)")
"""Addresses where an administrator names the enterprise, its departments, groups and other people. These remain after
the erasure."""
LEAVES = (
    "account/logout",
    "profile/erasure",
    "account/password",
    "account/email",
    "i18n/",
    "/leave/",
    "/dissolve/",
    "/exit/",
)
"""Forms that remove the person or the session, so that no later form could be filled in."""
ABOUT_BUYERS = (
    "complaint", "demand", "refund", "orders/", "supervision", "deliveries", "invoices", "accounts", "queue", "services",
    "operations", "enterprises",
)  # fmt: skip
"""Pages of other people on which they write about a buyer."""


class RichWorld(World):
    """``typed``: the addresses that accepted a text of the buyer."""

    def __init__(self) -> None:
        super().__init__()
        self.buyer = self.users[table.BUYER]
        self.typed: set[str] = set()
        self._name_the_account()
        self._fill_in(table.BUYER, "", "")
        for about in ABOUT_BUYERS:
            self._fill_in(table.OWNER, "seller/", about)
            self._fill_in(table.OPERATOR, "console/", about)
        self._name_the_account()  # an earlier form changed it
        self._ask_for_an_invoice()
        self._upload_files()
        self._call_sellers()
        for member in Member.objects.filter(user=self.buyer, role=Member.Role.ADMIN, removed_at=None):
            other = make_enterprise_member(member, make_buyer(balance="0"))
            Member.objects.filter(pk=other.pk).update(role=Member.Role.ADMIN)
        react(now=clock.now())
        react(now=clock.now())

    def _name_the_account(self) -> None:
        User.objects.filter(pk=self.buyer.pk).update(name=NAME, certified_name=REAL_NAME, phone=SPELT_PHONE)
        self.buyer.refresh_from_db()

    def _ask_for_an_invoice(self) -> None:
        """Give the market a postal address through an invoice application."""
        order = make_order(self.buyer, paid=True)
        make_invoice(order, status="done", receiver_name=NAME, receiver_phone=PHONE, receiver_address=STREET)

    def _upload_files(self) -> None:
        """Upload documents of the buyer, exports of others, and a table of members; as text, as a workbook and as a
        PDF.
        """
        store = Files(config().files)
        complaint = Complaint.objects.filter(buyer=self.buyer).first()
        assert complaint is not None
        for number, content in enumerate((PDF + ALL_TEXTS.encode(), make_workbook(ALL_TEXTS), ALL_TEXTS.encode())):
            proof = Proof.objects.create(
                seller=complaint.seller, sha256=store.put(content), kind="application/pdf", name=f"{NAME} {number}.pdf",
                bytes=9, by=self.buyer, created_at=NOW,
            )  # fmt: skip
            ProofUse.objects.create(owner=f"complaint:{complaint.pk}", proof=proof)
            for user in (self.buyer, self.users[table.OPERATOR], self.users[table.OWNER]):
                Export.objects.create(
                    user=user, site="console", listing=f"console:{number}", title="t", path="/", format="csv", language="en",
                    name="a.csv", status="done", sha256=export_folder(config().files).put(content + str(user.pk).encode()),
                    created_at=NOW,
                )  # fmt: skip
        for member in Member.objects.filter(user=self.buyer):
            ImportRun.objects.create(
                enterprise=member.enterprise, by=self.users[table.OTHER_BUYER], file_name=f"{NAME}.csv", status="done", size=9,
                sha256=import_folder(config().files).put(f"{member.pk},{ALL_TEXTS}".encode()), created_at=NOW, ended_at=NOW,
            )  # fmt: skip

    def _fill_in(self, role: str, site: str, about: str) -> None:
        """Fill in each form on the pages of the role, once for each address that accepts it."""
        filled_in: set[str] = set()
        for pattern, row in ADDRESSES.items():
            if (
                role not in row.get
                or row.gateway
                or not pattern.startswith(site)
                or about not in pattern
                or pattern.endswith((".csv", ".json"))
            ):
                continue
            path = self.path(pattern, row)
            for form in self._forms(role, path):
                if form.target not in filled_in and not any(part in form.target for part in LEAVES):
                    filled_in.add(form.target)
                    self._send(role, form)

    def _client(self, role: str) -> Client:
        counts.clear()
        client = Client(headers={"accept-language": "en"}, raise_request_exception=False)
        if role != table.STRANGER:
            client.force_login(self.users[role])
        return client

    def _forms(self, role: str, path: str) -> list[TypedForm]:
        answer: Any = self._client(role).get(path)
        page = answer.get("Content-Type", "").startswith("text/html") and not answer.streaming
        return TypedForms(answer.content.decode(), path).forms if page else []

    def _send(self, role: str, form: TypedForm) -> None:
        """Send all texts; if that is refused, only the long ones."""
        try:
            route = resolve(form.target).route
        except Resolver404:
            return
        if OF_COMPANIES.match(route):
            return
        for data in self._variants(form, ADDRESSES.get(route)):
            typed = any(value in TYPED for value in data.values() if isinstance(value, str))
            if typed and self._client(role).post(form.target, data).status_code < 400:
                self.typed.add(route)
                return

    def _variants(self, form: TypedForm, row: Address | None) -> Iterator[dict[str, Any]]:
        """Return the forms to try: every text; only the long ones; and each text alone with the data of the table of
        addresses.
        """
        yield dict(_filled(form, {"text", "textarea", "tel", "email"}))
        yield dict(_filled(form, {"textarea"}))
        if row is None:
            return
        usual = dict(_filled(form, set())) | {name: value.format_map(self.facts) for name, value in row.data.items()}
        texts = [entered for entered in form.fields if entered.kind in {"text", "textarea"}]
        yield from (usual | {entered.name: ALL_TEXTS if entered.kind == "textarea" else SHORT} for entered in texts)

    def _call_sellers(self) -> None:
        """Make attempts in which programs spelled the person in various ways."""
        bearer = base64.urlsafe_b64encode(
            json.dumps({"sub": EMAIL, "name": NAME}, ensure_ascii=False).encode()
        ).decode()
        buyer = Buyer(customer_id=self.buyer.customer_id, customer_name=REAL_NAME, email=EMAIL, mobile_phone=PHONE)
        purchase = Purchase(product_id="P", extend_params=(("where", OTHER_STREET), ("who", NAME)))
        for order in Order.objects.filter(buyer=self.buyer).order_by("pk")[:3]:
            command = Create(order_id=order.number, order_line_id="", business_id="", buyer=buyer, purchase=purchase)
            service = Subscription.objects.filter(buyer=self.buyer).first()
            for subscription in (service, None):
                make_call(order, command=command, subscription=subscription)
            order.lines.update(extend_params=[{"name": "where", "value": OTHER_STREET}])
        RefusedRecord.objects.update(raw=json.dumps({"user": NAME, "mail": EMAIL, "phone": SPELT_PHONE}))
        for number, call in enumerate(Call.objects.order_by("pk"), 90):
            Attempt.objects.create(
                call=call, number=number, started_at=NOW, method="POST", verdict="done",
                url=f"https://x.example/?n={quote(NAME)}&m={quote(EMAIL, safe='')}&p={quote(SPELT_PHONE)}",
                request_headers=[["Authorization", f"Bearer {bearer}"]],
                request_body=json.dumps({"name": NAME, "to": STREET}),
                response_body=f"<p>{html.escape(NAME)} &#35832;&#33883;&#26126;&#26376; {SPELT_PHONE}</p>",
                detail=f"refused {NAME}", findings=[{"path": "x", "said": EMAIL.upper()}],
            )  # fmt: skip
            Call.objects.filter(pk=call.pk).update(last_detail=f"no {NAME} {SPELT_PHONE}")


def make_workbook(text: str) -> bytes:
    """Return a workbook as an export writes it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "book.xlsx"
        write_workbook(path, ["a"], [[text]])
        return path.read_bytes()


def _filled(form: TypedForm, kinds: set[str]) -> Iterator[tuple[str, Any]]:
    for entered in (*form.hidden, *form.fields):
        value: Any = entered.values if len(entered.values) > 1 else (entered.values or [""])[0]
        match entered.kind:
            case kind if kind not in kinds or entered in form.hidden:
                yield entered.name, value
            case "email":
                yield entered.name, EMAIL
            case "tel":
                yield entered.name, PHONE
            case _ if any(word in entered.name for word in ("phone", "mobile")):
                yield entered.name, PHONE
            case _ if "email" in entered.name:
                yield entered.name, EMAIL
            case "textarea":
                yield entered.name, ALL_TEXTS
            case _:
                yield entered.name, value if value and not _is_text(value) else SHORT
    if form.button[0]:
        yield form.button


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not value.replace(".", "").isdigit()
