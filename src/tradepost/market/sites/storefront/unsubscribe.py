"""Unsubscribe from a service: possible refunds with their orders and consequences, before the confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from tradepost.market.assets.models import Proof
from tradepost.market.base import ids
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.numbers import whole_number
from tradepost.market.billing import arrears
from tradepost.market.billing.last_charge import last_charge
from tradepost.market.fulfilment.deletion import deleted_by
from tradepost.market.fulfilment.expiry_policy import has_policy
from tradepost.market.fulfilment.pay_back import stalled_orders
from tradepost.market.fulfilment.unsubscribe import Unsubscribe
from tradepost.market.fulfilment.unsubscribe import unsubscribe as carry_out
from tradepost.market.invoices.queries import live_items
from tradepost.market.metering.package_queries import packages_of_service
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.refund_models import OPEN_REFUNDS, Refund
from tradepost.market.orders.refund_requests import MAX_PROOFS
from tradepost.market.orders.refund_terms import RefusalReason
from tradepost.market.orders.refund_words import REASON_TEXTS
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_form
from tradepost.market.web.refund_rules import rules_now
from tradepost.market.web.seller_contact import contact_of

from .at_its_end import default_outcome


@buyer_form
def unsubscribe(request: HttpRequest, pk: int) -> HttpResponse:
    service = buyer_subscription(person(request), pk)
    if service is None:
        raise Http404
    if request.method != "POST":
        return page(request, service, None)
    try:
        refund = carry_out(person(request), _command(request, service), rules=rules_now(), now=now_of(request))
    except Refused as refused:
        return page(request, service, refused)
    return redirect("storefront:refund", pk=refund.pk)


def _command(request: HttpRequest, service: Subscription) -> Unsubscribe:
    refund_minor = whole_number(request.POST.get("back", ""))
    return Unsubscribe(
        subscription=service.pk,
        way=request.POST.get("way", "")[:32],
        back_minor=-1 if refund_minor is None else refund_minor,
        agreed=request.POST.get("agreed") == "on",
        idempotency_key=request.POST.get("once", "")[:40],
    )


def page(
    request: HttpRequest, service: Subscription, refused: Refused | None, *, proofs: Sequence[Proof] = ()
) -> HttpResponse:
    """Render the possible ways with their refunds. ``refused``: why the chosen way was not possible."""
    settings = config()
    offers = possible_refunds(service, rules_now(), now=now_of(request), stalled=stalled_orders(service))
    refund = Refund.objects.filter(subscription=service, status__in=OPEN_REFUNDS).first()
    waiting = open_changes(service)
    context = {
        "subscription": service,
        "product": service.product,
        "ends_usage": service.offer.charging.postpaid,
        **_usage(request, service),
        "wraps": runs_in_cloud(service.product.product_type),
        "deleted_by": deleted_by(service),
        "by_market": product_type(service.product.product_type).by_market,
        "contact": contact_of(service.seller, service.product, service=service.pk),
        "ways": [
            (
                terms,
                [
                    (line, line.line.rpartition("-")[0], Money(line.paid_minor, terms.currency), Money(line.back_minor, terms.currency))
                    for line in terms.lines
                ],
            )
            for terms in offers.ways
        ],
        "why": REASON_TEXTS[offers.why] if offers.why else "",
        "why_code": offers.why,
        "since": offers.since,
        "untouched": default_outcome(service, now=now_of(request)),
        "has_policy": has_policy(service),
        "living": service.status in LIVE_STATUSES,
        "asked": refund,
        "waiting": waiting[0] if waiting else None,
        "invoiced": live_items(service) if offers.why is RefusalReason.INVOICED else [],
        "once": ids.hex_id(),
        "per_year": settings.orders.no_reason_per_year,
        "refused": refused,
        "way": request.POST.get("way", ""),
        "typed": {name: request.POST.get(name, "") for name in ("amount", "reason", "shows_phone")},
        "phone": person(request).phone,
        "appeal_days": settings.orders.refund_appeal_days,
        "kept": proofs,
        "proof_fields": range(MAX_PROOFS - len(proofs)),
        "most_mb": f"{settings.assets.proof_most_bytes / 1_048_576:g}",
    }  # fmt: skip
    return render(request, "storefront/unsubscribe.html", context)


def _usage(request: HttpRequest, service: Subscription) -> dict[str, Any]:
    """Return the remaining costs of a pay-per-use service, its buyer's debt, and packages that become useless."""
    if not service.offer.charging.postpaid:
        return {}
    zone = timezone.get_default_timezone()
    owed = arrears.debt_of(person(request), service.offer.currency)
    return {
        "last": last_charge(service, zone=ZoneInfo(str(zone)), now=now_of(request)),
        "owed": owed if owed.minor else None,
        "packages": [
            package
            for package in packages_of_service(service, now=now_of(request))
            if not package.over and package.left
        ],
        "max_age_days": config().metering.usage_max_age_days,
    }
