"""What a product lacks before it may be sold: each required case that is not saved, or no longer counts, by its names."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.production.models import Address

from .models import DebugCase
from .required import Purpose, RequiredCase, Sold, required
from .standing import Standing, current_keys, key_for, standing_of


class Lack(Struct, frozen=True, kw_only=True):
    """One case that blocks. ``address``: where it is debugged; None where no address of the seller speaks its protocol there."""

    protocol: str
    activity: str
    variant: str
    standing: Standing
    title: str
    words: str
    address: int | None


class Stock(Struct, frozen=True):
    """Required cases of a product at an address: those that count, and those that lack."""

    saved: tuple[DebugCase, ...]
    lacks: tuple[Lack, ...]
    unchecked: tuple[str, ...] = ()
    """What the seller's program must have done at the market's own APIs, in words. This market asks for no evidence of it
    yet: pages say so, and nothing is refused for it."""


def stock(address: Address, sold: Sold, *, purpose: Purpose = Purpose.SUBMIT, listed: Sold | None = None) -> Stock:
    """How the required cases of a product at this address stand."""
    beside = {
        one.protocol: one
        for one in Address.objects.filter(seller_id=address.seller_id, url=address.url, removed_at=None)
    }
    keys = current_keys(address.seller_id)
    cases = {
        (one.address_id, one.activity, one.variant): one
        for one in DebugCase.objects.filter(address__in=[one.pk for one in beside.values()]).select_related("address")
    }
    saved: list[DebugCase] = []
    lacks: list[Lack] = []
    wanted = required(address.protocol, sold, purpose=purpose, listed=listed)
    for one in wanted.cases:
        at = beside.get(one.protocol)
        case = cases.get((at.pk, one.case.activity, one.case.variant)) if at else None
        standing = standing_of(case, at, key_for(at, keys)) if at else Standing.MISSING
        if case is not None and standing is Standing.SAVED:
            saved.append(case)
        else:
            lacks.append(_lack(one, at, standing))
    return Stock(tuple(saved), tuple(lacks), tuple(proof.title.in_language(get_language()) for proof in wanted.proofs))


def missing(
    address: Address, sold: Sold, *, purpose: Purpose = Purpose.SUBMIT, listed: Sold | None = None
) -> Sequence[Lack]:
    """What blocks, in the order of the protocol; empty when every required case counts."""
    return stock(address, sold, purpose=purpose, listed=listed).lacks


def _lack(one: RequiredCase, at: Address | None, standing: Standing) -> Lack:
    title = one.case.title.in_language(get_language())
    name = f"{one.case.activity} · {title}"
    words = {
        Standing.MISSING: _("%(case)s is not debugged yet."),
        Standing.OTHER_KEY: _("%(case)s was debugged with an earlier signing key. Replay it."),
        Standing.OTHER_URL: _("%(case)s was debugged at another address. Replay it."),
        Standing.FAILED: _("%(case)s failed when it was tried last. Mend it, then replay it."),
    }[standing]
    if at is None:
        words = _("%(case)s is not debugged yet: register the same address for this protocol first.")
    return Lack(
        protocol=one.protocol,
        activity=one.case.activity,
        variant=one.case.variant,
        standing=standing,
        title=title,
        words=words % {"case": name},
        address=at.pk if at else None,
    )
