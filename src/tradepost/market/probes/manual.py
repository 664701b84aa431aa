"""Probe a product manually, for its seller, an operator or the shell. The result is shown but not counted."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product

from . import opening
from .models import ProbeRun, ProbeSlot, Verdict
from .scope import cases_of_product
from .watch import Watch


def probe_now(product: Product, *, by: str, watch: Watch, now: datetime) -> ProbeSlot:
    """Call every saved case of the product once.

    Raises ``Refused`` and sends nothing if the product is not on sale, has no cases, or is being probed manually.
    """
    with transaction.atomic():
        locked_product = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        cases = list(cases_of_product(locked_product, watch=watch))
        if not cases:
            raise Refused(
                "probe.no_cases",
                _(
                    "There is nothing to probe: the product is not on sale, it has no production address, or the "
                    "address has no saved cases."
                ),
                HTTPStatus.CONFLICT,
            )
        open_runs = ProbeRun.objects.filter(
            slot__product=product, slot__half=ProbeSlot.Half.BY_HAND, verdict=Verdict.OPEN
        )
        open_runs.filter(Q(call=None) | ~Q(call__outcome="")).update(verdict=Verdict.UNKNOWN, ended_at=now)
        if open_runs.exists():
            raise Refused(
                "probe.under_way", _("A probe is already running. Wait for its results."), HTTPStatus.CONFLICT
            )
        day = now.astimezone(watch.zone).date()
        slot = ProbeSlot.objects.create(date=day, half=ProbeSlot.Half.BY_HAND, product=product, actor=by, opened_at=now)
        opening.probe_once(slot, cases, now=now)
    return slot


def runs_of(slot: ProbeSlot) -> list[ProbeRun]:
    return list(ProbeRun.objects.filter(slot=slot).select_related("slot", "address", "call").order_by("pk"))
