"""Queries for the supervised deliveries of buyers and sellers, and for operators' decisions, with texts and
documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import QuerySet
from msgspec import Struct

from tradepost.market.assets.models import Proof, ProofUse
from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import Within, any_time, between
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.models import Order
from tradepost.market.product_types.flows.contract import Node

from . import step
from .act import proofs_owner
from .appeal import proofs_owner as appeal_owner
from .models import Appeal, CancelRequest, Supervision, Visit

_RELATIONS = ("line__order", "line__product", "buyer", "seller")


def deliveries_of_buyer(user: User, *, within: Within = any_time, after: str = "", size: int = 20) -> Page[Supervision]:
    return page(
        within(Supervision.objects.filter(buyer=user), "opened_at").select_related(*_RELATIONS), after=after, size=size
    )


def deliveries_of_seller(
    seller: Seller, *, status: str = "", within: Within = any_time, after: str = "", size: int = 25
) -> Page[Supervision]:
    """Return a page of the seller's deliveries. ``status``: ``mine`` for those where the seller has to act."""
    rows = within(Supervision.objects.filter(seller=seller), "opened_at").select_related(*_RELATIONS)
    if status == "mine":
        rows = rows.filter(status=Supervision.Status.RUNNING, owner="seller")
    elif status:
        rows = rows.filter(status=status)
    return page(rows, after=after, size=size)


def waiting_for_seller(seller: Seller) -> Count:
    return count_up_to(Supervision.objects.filter(seller=seller, status=Supervision.Status.RUNNING, owner="seller"))


def all_deliveries(
    *, status: str = "", since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = 25
) -> Page[Supervision]:
    rows = between(Supervision.objects.all(), "opened_at", since, until).select_related(*_RELATIONS)
    return page(rows.filter(status=status) if status else rows, after=after, size=size)


def find_delivery(pk: int, *, buyer: User | None = None, seller: Seller | None = None) -> Supervision | None:
    """Return a delivery, optionally only if it belongs to the given buyer or seller."""
    supervisions: QuerySet[Supervision] = Supervision.objects.select_related(
        *_RELATIONS, "line__version", "subscription__product"
    ).filter(pk=pk)
    if buyer is not None:
        supervisions = supervisions.filter(buyer=buyer)
    if seller is not None:
        supervisions = supervisions.filter(seller=seller)
    return supervisions.first()


class Step(Struct, frozen=True):
    """An act or an appeal, with its documents."""

    visit: Visit | None
    appeal: Appeal | None
    node: Node | None
    proofs: Sequence[Proof]

    @property
    def at(self) -> datetime:
        return self.visit.at if self.visit is not None else self._asked_at

    def entries(self, language: str) -> list[tuple[str, str]]:
        """Return the other entries of the act, each with the label of its form field, such as carrier or parcel
        number."""
        if self.visit is None:
            return []
        moves = self.node.moves if self.node is not None else ()
        names = {
            entry.code: entry.label.in_language(language)
            for move in moves
            if (move.act, move.by) == (self.visit.act, self.visit.party)
            for entry in move.entries
        }
        return [(names.get(code, code), text) for code, text in self.visit.entries.items()]

    @property
    def says_something(self) -> bool:
        """Whether there are texts, other entries or documents. An appeal always has a text."""
        return self.visit is None or bool(self.visit.words or self.visit.entries or self.proofs)

    @property
    def _asked_at(self) -> datetime:
        if self.appeal is None:
            raise LookupError("either an act or an appeal")
        return self.appeal.opened_at


def steps_of(supervision: Supervision, *, max_count: int = 200) -> list[Step]:
    """Return all acts and appeals, oldest first."""
    visits = list(Visit.objects.filter(supervision=supervision).order_by("-number")[:max_count])[::-1]
    appeals = list(Appeal.objects.filter(supervision=supervision).order_by("-pk")[:max_count])
    proofs = _proofs([*map(proofs_owner, visits), *map(appeal_owner, appeals)])
    nodes = step.flow_of(supervision).by_code
    steps = [Step(row, None, nodes.get(row.node), proofs.get(proofs_owner(row), ())) for row in visits]
    steps += [Step(None, row, None, proofs.get(appeal_owner(row), ())) for row in appeals]
    return sorted(steps, key=lambda row: row.at)


def _proofs(owners: Sequence[str]) -> Mapping[str, list[Proof]]:
    by_owner: dict[str, list[Proof]] = {}
    for use in ProofUse.objects.filter(owner__in=owners).select_related("proof").order_by("pk"):
        by_owner.setdefault(use.owner, []).append(use.proof)
    return by_owner


def proof_in_delivery(supervision: Supervision, sha256: str) -> Proof | None:
    """Return a document from one of the parties in this delivery."""
    return next((proof for step in steps_of(supervision) for proof in step.proofs if proof.sha256 == sha256), None)


def cancel_requests(supervision: Supervision, *, max_count: int = 20) -> list[CancelRequest]:
    """Return refund requests, latest first."""
    requests = list(CancelRequest.objects.filter(supervision=supervision).order_by("-pk")[:max_count])
    for request in requests:
        request.supervision = supervision
    return requests


def open_appeal(supervision: Supervision) -> Appeal | None:
    return Appeal.objects.filter(supervision=supervision, decision="").first()


def deliveries_of_order(order: Order) -> list[Supervision]:
    """Return the deliveries of an order's lines."""
    return list(Supervision.objects.filter(line__order=order).select_related("line").order_by("pk"))


def delivery_of_subscription(subscription: int) -> Supervision | None:
    return Supervision.objects.filter(subscription=subscription).first()
