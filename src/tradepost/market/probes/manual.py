"""Probe one product now: for its seller, an operator, the shell. It says how the server answers, and is counted nowhere."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product

from . import opening
from .models import ProbeRun, ProbeSlot, Verdict
from .scope import cases_of_product
from .watch import Watch


def probe_now(product: Product, *, by: str, watch: Watch, now: datetime) -> ProbeSlot:
    """Ask every saved case of the product once. Raises ``Refused`` for one that is not sold, has no case, or is probed by
    hand already; nothing was sent then."""
    with transaction.atomic():
        held = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        wanted = list(cases_of_product(held, watch=watch))
        if not wanted:
            raise Refused(
                "probe.no_cases",
                _("Nothing is probed: the product is not sold, no address serves it, or no case is saved there."),
                HTTPStatus.CONFLICT,
            )
        if ProbeRun.objects.filter(
            slot__product=product, slot__half=ProbeSlot.Half.BY_HAND, verdict=Verdict.OPEN
        ).exists():
            raise Refused(
                "probe.under_way", _("It is being probed already: wait for the answers."), HTTPStatus.CONFLICT
            )
        day = now.astimezone(watch.zone).date()
        slot = ProbeSlot.objects.create(date=day, half=ProbeSlot.Half.BY_HAND, product=product, actor=by, opened_at=now)
        opening.ask_once(slot, wanted, now=now)
    return slot


def runs_of(slot: ProbeSlot) -> list[ProbeRun]:
    return list(ProbeRun.objects.filter(slot=slot).select_related("slot", "address", "call").order_by("pk"))
