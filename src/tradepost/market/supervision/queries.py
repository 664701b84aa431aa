"""What is read of supervised deliveries: a buyer's, a seller's, and what operators decide; with what was said and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import QuerySet
from msgspec import Struct

from tradepost.market.assets.models import Proof, ProofUse
from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.models import Order
from tradepost.market.product_types.flows.contract import Node

from . import step
from .act import proofs_owner
from .appeal import proofs_owner as appeal_owner
from .models import Appeal, CancelRequest, Supervision, Visit

_WITH = ("line__order", "line__product", "buyer", "seller")


def of_buyer(user: User, *, after: str = "", size: int = 20) -> Page[Supervision]:
    return page(Supervision.objects.filter(buyer=user).select_related(*_WITH), after=after, size=size)


def of_seller(seller: Seller, *, status: str = "", after: str = "", size: int = 25) -> Page[Supervision]:
    """``status``: ``mine`` where the seller must act."""
    found = Supervision.objects.filter(seller=seller).select_related(*_WITH)
    if status == "mine":
        found = found.filter(status=Supervision.Status.RUNNING, owner="seller")
    elif status:
        found = found.filter(status=status)
    return page(found, after=after, size=size)


def waiting_for_seller(seller: Seller) -> Count:
    return count_up_to(Supervision.objects.filter(seller=seller, status=Supervision.Status.RUNNING, owner="seller"))


def of_all(*, status: str = "", after: str = "", size: int = 25) -> Page[Supervision]:
    found = Supervision.objects.select_related(*_WITH)
    return page(found.filter(status=status) if status else found, after=after, size=size)


def find(pk: int, *, buyer: User | None = None, seller: Seller | None = None) -> Supervision | None:
    """One; only the buyer's, or the seller's own, where one is named."""
    found: QuerySet[Supervision] = Supervision.objects.select_related(
        *_WITH, "line__version", "subscription__product"
    ).filter(pk=pk)
    if buyer is not None:
        found = found.filter(buyer=buyer)
    if seller is not None:
        found = found.filter(seller=seller)
    return found.first()


class Shown(Struct, frozen=True):
    """An act or an appeal with its documents."""

    visit: Visit | None
    appeal: Appeal | None
    node: Node | None
    proofs: Sequence[Proof]

    @property
    def at(self) -> datetime:
        return self.visit.at if self.visit is not None else self._asked_at

    def entries(self, language: str) -> list[tuple[str, str]]:
        """What else was said, each with the name of its field in the form where it was: a carrier, a parcel number."""
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
        """Words, other things that were said, or documents; an appeal always has words."""
        return self.visit is None or bool(self.visit.words or self.visit.entries or self.proofs)

    @property
    def _asked_at(self) -> datetime:
        if self.appeal is None:
            raise LookupError("either an act or an appeal")
        return self.appeal.opened_at


def story(supervision: Supervision, *, most: int = 200) -> list[Shown]:
    """All that was said and shown, the oldest first."""
    visits = list(Visit.objects.filter(supervision=supervision).order_by("-number")[:most])[::-1]
    appeals = list(Appeal.objects.filter(supervision=supervision).order_by("-pk")[:most])
    proofs = _proofs([*map(proofs_owner, visits), *map(appeal_owner, appeals)])
    nodes = step.flow_of(supervision).by_code
    found = [Shown(one, None, nodes.get(one.node), proofs.get(proofs_owner(one), ())) for one in visits]
    found += [Shown(None, one, None, proofs.get(appeal_owner(one), ())) for one in appeals]
    return sorted(found, key=lambda one: one.at)


def _proofs(owners: Sequence[str]) -> Mapping[str, list[Proof]]:
    found: dict[str, list[Proof]] = {}
    for use in ProofUse.objects.filter(owner__in=owners).select_related("proof").order_by("pk"):
        found.setdefault(use.owner, []).append(use.proof)
    return found


def proof_shown(supervision: Supervision, sha256: str) -> Proof | None:
    """A document that one of the two sides showed in it."""
    return next((proof for one in story(supervision) for proof in one.proofs if proof.sha256 == sha256), None)


def cancel_requests(supervision: Supervision, *, most: int = 20) -> list[CancelRequest]:
    """The latest first."""
    found = list(CancelRequest.objects.filter(supervision=supervision).order_by("-pk")[:most])
    for one in found:
        one.supervision = supervision
    return found


def open_appeal(supervision: Supervision) -> Appeal | None:
    return Appeal.objects.filter(supervision=supervision, decision="").first()


def of_order(order: Order) -> list[Supervision]:
    """Of its lines."""
    return list(Supervision.objects.filter(line__order=order).select_related("line").order_by("pk"))


def of_subscription(subscription: int) -> Supervision | None:
    return Supervision.objects.filter(subscription=subscription).first()
