"""Required cases of a product that are missing or no longer valid."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.production.models import Address

from .models import DebugCase
from .required import Purpose, RequiredCase, SoldProduct, required
from .standing import CaseState, case_state, current_keys, key_for


class MissingCase(Struct, frozen=True, kw_only=True):
    """A required case that is missing or invalid. ``address``: where to debug it; None if the seller has no address for
    its protocol."""

    protocol: str
    activity: str
    variant: str
    standing: CaseState
    title: str
    words: str
    address: int | None


class CaseInventory(Struct, frozen=True):
    """The valid and the lacking cases of a product at an address."""

    saved: tuple[DebugCase, ...]
    lacks: tuple[MissingCase, ...]
    unchecked: tuple[str, ...] = ()
    """Titles of required calls of the seller's program to the market's APIs. Pages show them; nothing is refused
    without them."""


def inventory_of(
    address: Address, sold: SoldProduct, *, purpose: Purpose = Purpose.SUBMIT, listed: SoldProduct | None = None
) -> CaseInventory:
    """Return the state of a product's required cases at this address."""
    addresses_by_protocol = {
        seller_address.protocol: seller_address
        for seller_address in Address.objects.filter(seller_id=address.seller_id, url=address.url, removed_at=None)
    }
    keys = current_keys(address.seller_id)
    cases = {
        (row.address_id, row.activity, row.variant): row
        for row in DebugCase.objects.filter(
            address__in=[seller_address.pk for seller_address in addresses_by_protocol.values()]
        ).select_related("address")
    }
    saved_cases: list[DebugCase] = []
    lacks: list[MissingCase] = []
    requirements = required(address.protocol, sold, purpose=purpose, listed=listed)
    for required_case in requirements.cases:
        case_address = addresses_by_protocol.get(required_case.protocol)
        case = (
            cases.get((case_address.pk, required_case.case.activity, required_case.case.variant))
            if case_address
            else None
        )
        state = case_state(case, case_address, key_for(case_address, keys)) if case_address else CaseState.MISSING
        if case is not None and state is CaseState.SAVED:
            saved_cases.append(case)
        else:
            lacks.append(_missing_case(required_case, case_address, state))
    return CaseInventory(
        tuple(saved_cases),
        tuple(lacks),
        tuple(proof.title.in_language(get_language()) for proof in requirements.proofs),
    )


def lacking_cases(
    address: Address, sold: SoldProduct, *, purpose: Purpose = Purpose.SUBMIT, listed: SoldProduct | None = None
) -> Sequence[MissingCase]:
    """Return the lacking cases in the order of the protocol; empty if all required cases are valid."""
    return inventory_of(address, sold, purpose=purpose, listed=listed).lacks


def _missing_case(required_case: RequiredCase, address: Address | None, state: CaseState) -> MissingCase:
    title = required_case.case.title.in_language(get_language())
    name = f"{required_case.case.activity} · {title}"
    words = {
        CaseState.MISSING: _("%(case)s is not debugged yet."),
        CaseState.OTHER_KEY: _("%(case)s was debugged with an earlier signing key. Replay it."),
        CaseState.OTHER_URL: _("%(case)s was debugged at another address. Replay it."),
        CaseState.FAILED: _("The last attempt of %(case)s failed. Correct the error, then replay the case."),
    }[state]
    if address is None:
        words = _("%(case)s is not debugged yet: register the same address for this protocol first.")
    return MissingCase(
        protocol=required_case.protocol,
        activity=required_case.case.activity,
        variant=required_case.case.variant,
        standing=state,
        title=title,
        words=words % {"case": name},
        address=address.pk if address else None,
    )
