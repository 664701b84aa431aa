"""Supervised deliveries for tests: a product delivered by people, bought and paid, and acts of its three parties."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.factories import NOW, make_buyer, make_offer, make_operator, make_order, make_product, make_seller
from tests.factories.licenses import deliver_text
from tests.factories.people import make_address, make_member
from tests.factories.pictures import PDF
from tests.factories.products import ONCE
from tests.market.engine import answer, give_up, react
from tests.market.licenses.coded import activate_codes
from tradepost.market.assets.models import Proof
from tradepost.market.assets.proofs import store_proof
from tradepost.market.base.config import config
from tradepost.market.base.files import Files
from tradepost.market.base.models import Job
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import Price
from tradepost.market.identity.models import Seller, User
from tradepost.market.licenses.models import LicenseCode, LicenseRequest
from tradepost.market.payments import ledger
from tradepost.market.product_types.flows.contract import Act, Party
from tradepost.market.production.models import Call
from tradepost.market.supervision.act import ActForm, act
from tradepost.market.supervision.appeal import appeal
from tradepost.market.supervision.clocks import Clocks
from tradepost.market.supervision.models import Supervision
from tradepost.market.supervision.queries import steps_of
from tradepost.market.supervision.timers import TIMER, handle_timer
from tradepost.protocols.commands import AppInfo, Done, InstanceInfo

CLOCKS = Clocks(
    accept_days=10, return_days=10, returned_days=15, remind_days=3, stale_days=180, stale_repeat_days=7, appeal_workdays=3,
    zone=ZoneInfo("Asia/Shanghai"),
)  # fmt: skip
DAY = timedelta(days=1)
PRICE = 500_000
SPOKEN = {"SAAS": "saas_v2", "LICENSE": "license_online"}
"""The protocol by which the seller's server of a kind is called; other kinds have none."""


MILESTONES = {
    f"milestone_{n}{suffix}": said
    for n, (zh, en, weight) in enumerate(
        [("设计", "Design", "50"), ("实施", "Build", "30"), ("培训", "Training", "20")], 1
    )
    for suffix, said in (("", zh), ("_en", en), ("_weight", weight))
}
"""Milestones of a product: three, which share its price by 50, 30 and 20."""


def supervised(
    kind: str = "MANUAL_SERVICE", *, now: datetime = NOW, price: Price = ONCE, seller: Seller | None = None,
    answers: Mapping[str, str] | None = None, **fields: str,
) -> Supervision:  # fmt: skip
    """Make a delivery that was just paid, with the owner of its seller in the market. ``fields`` and ``answers``: of
    the product.
    """
    if seller is None:
        seller = make_seller()
        make_member(seller, make_buyer())
    spoken = SPOKEN.get(kind)
    address = make_address(seller, protocol=spoken, now=now) if spoken else None
    product = make_product(
        seller, product_type=kind, prices=(price,), bound=spoken is not None, address=address,
        answers={**(answers or {}), **fields},
    )  # fmt: skip
    make_order(make_buyer(), offer=make_offer(product), paid=True, now=now)
    react(now=now)
    return Supervision.objects.select_related("buyer", "seller", "line__order").latest("pk")


def reload(supervision: Supervision) -> Supervision:
    return Supervision.objects.select_related("buyer", "seller", "line__order", "subscription").get(pk=supervision.pk)


def person(supervision: Supervision, party: Party) -> User:
    if party is Party.BUYER:
        return supervision.buyer
    if party is Party.SELLER:
        return User.objects.filter(memberships__seller=supervision.seller).order_by("pk")[0]
    return User.objects.filter(operator_role="owner").first() or make_operator()


def shown_document(supervision: Supervision, party: Party, *, now: datetime = NOW) -> str:
    """Return a document that a party showed."""
    proof = store_proof(
        PDF, name="done.pdf", seller=supervision.seller, by=person(supervision, party), files=Files(config().files),
        most_bytes=100_000, a_day=50, now=now, of_buyer=party is Party.BUYER,
    )  # fmt: skip
    return proof.sha256


WORDS = {
    Act.DEMAND: {"words": "Please set it up.", "name": "Lan", "phone": "13800138000", "address": "Nanjing Road 1"},
    Act.REFUSE: {"words": "Which version?"}, Act.DELIVER: {"words": "It runs."}, Act.REJECT: {"words": "It does not."},
    Act.SHIP_BACK: {"carrier": "SF", "parcel": "SF0987654321"},
    Act.SHIP: {"carrier": "SF", "parcel": "SF1234567890"}, Act.SEND_BACK: {"words": "Blurred."},
}  # fmt: skip


def form_of(
    supervision: Supervision, party: Party, act_name: Act, *, now: datetime = NOW, visit: int | None = None,
    proofs: bool | None = None, **values: str,
) -> ActForm:  # fmt: skip
    """Return a filled-in form of this act."""
    with_proof = act_name is Act.DELIVER if proofs is None else proofs
    return ActForm(
        visit=reload(supervision).visit if visit is None else visit,
        values=WORDS.get(act_name, {}) | values,
        proofs=(shown_document(supervision, party, now=now),) if with_proof else (),
    )


def perform(
    supervision: Supervision, party: Party, act_name: Act, *, now: datetime = NOW, visit: int | None = None,
    proofs: bool | None = None, **values: str,
) -> Supervision:  # fmt: skip
    words = form_of(supervision, party, act_name, now=now, visit=visit, proofs=proofs, **values)
    act(supervision.pk, party, act_name, words, by=person(supervision, party), clocks=CLOCKS, now=now)
    react(now=now)
    return reload(supervision)


def walk(supervision: Supervision, *acts: tuple[Party, Act], now: datetime = NOW) -> Supervision:
    for party, act_name in acts:
        supervision = perform(supervision, party, act_name, now=now)
    return reload(supervision)


def seller_opens(supervision: Supervision, now: datetime) -> None:
    """The seller's server opens the service after the delivery was accepted."""
    create = Call.objects.get(order_line_number=supervision.line.number, kind="Create")
    answer(create, now=now)
    react(now=now)
    query = Call.objects.get(order_line_number=supervision.line.number, kind="Query")
    app = AppInfo(front_end_url="https://app.example/", user_name="u", password="p")  # no account
    answer(query, Done(instances=(InstanceInfo(instance_id=f"i-{create.pk}", app=app),)), now=now)
    react(now=now)


def instance_opens(supervision: Supervision, *, now: datetime = NOW) -> Supervision:
    """The seller's server opens the service, which is in use while it is supervised."""
    answer(Call.objects.get(order_line_number=supervision.line.number, kind="Create"), now=now)
    react(now=now)
    return reload(supervision)


def license_comes(supervision: Supervision, *, now: datetime = NOW) -> None:
    """The seller's server promises a license, and sends it."""
    answer(Call.objects.filter(kind="GetLicenseAsync").latest("pk"), now=now)
    react(now=now)
    own = LicenseRequest.objects.filter(subscription=supervision.subscription_id).latest("pk")
    deliver_text(own.seller_id, own.event_id, f"license {own.pk}", now=now)
    react(now=now)


def license_is_refused(_supervision: Supervision, *, now: datetime = NOW) -> None:
    give_up(Call.objects.filter(kind="GetLicenseAsync").latest("pk"), now=now)
    react(now=now)


def code_is_activated(supervision: Supervision, *, now: datetime = NOW) -> None:
    code = LicenseCode.objects.get(subscription=supervision.subscription_id)
    activate_codes(code.seller_id, code.code, now=now)


B, S, OP = Party.BUYER, Party.SELLER, Party.OPERATOR
TO_ACCEPT = ((B, Act.DEMAND), (S, Act.CONFIRM), (S, Act.DELIVER))


def proof_of(supervision: Supervision) -> Proof:
    """Return the proof that its seller showed at the delivery."""
    return next(proof for step in steps_of(supervision) for proof in step.proofs)


def run_timer(supervision: Supervision, now: datetime) -> datetime | None:
    """Run its timer as the worker does."""
    next_due = handle_timer({"supervision": supervision.pk}, now, clocks=CLOCKS)
    react(now=now)
    return next_due


def timer(supervision: Supervision) -> datetime | None:
    return Job.objects.filter(kind=TIMER, key=str(supervision.pk)).values_list("due_at", flat=True).first()


def money(supervision: Supervision) -> tuple[int, int, int]:
    """Return the buyer's balance, the amount held for the order, and the seller's earnings."""
    order = supervision.line.order
    buyer = ledger.buyer_account(supervision.buyer, "CNY").balance.minor
    seller = ledger.seller_account(supervision.seller, "CNY").balance.minor
    return buyer, ledger.money_in_clearing(order.number), seller


def deliveries_of(seller: Seller, buyer: User, reason: str, *, asset: str) -> dict[str, str]:
    """Make, for the small market, two services that this seller delivers to this buyer: one to be accepted, one in
    dispute; and a package (``asset``: its version) that the buyer may download.
    """
    small = replace(ONCE, amount=Decimal(50))
    offer = make_offer(make_product(seller, product_type="MANUAL_SERVICE", prices=(small,), bound=False))
    for _ in range(2):
        make_order(buyer, offer=offer, paid=True)
    react(now=NOW)
    [first, second] = Supervision.objects.order_by("pk")
    for delivery in (first, second):
        walk(delivery, *TO_ACCEPT)
    appeal(second.pk, Party.BUYER, reason, (), by=buyer, clocks=CLOCKS, now=NOW)
    package = make_product(
        seller, product_type="LICENSE_PACKAGE", prices=(small,), bound=False, answers={"asset": asset}
    )
    make_order(buyer, offer=make_offer(package), paid=True)
    react(now=NOW)
    return {
        "handed": str(Supervision.objects.latest("pk").pk), "supervision": str(first.pk), "disputed": str(second.pk), "supervision_file": proof_of(first).sha256,
    }  # fmt: skip
