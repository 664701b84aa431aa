"""Unsubscribe a service: what can be paid back of it, of which orders, and what happens to it then, before anybody confirms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

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
from tradepost.market.invoices.queries import standing_over
from tradepost.market.metering.package_queries import packages_of_service
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.refund_models import OPEN_REFUNDS, Refund
from tradepost.market.orders.refund_requests import MOST_PROOFS
from tradepost.market.orders.refund_terms import Why
from tradepost.market.orders.refund_words import WORDS
from tradepost.market.orders.refunds import what_may
from tradepost.market.product_types.deliverable import by_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.refund_rules import rules_now
from tradepost.market.web.seller_contact import contact_of

from .at_its_end import if_untouched

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, pk: int) -> HttpResponse:
    found = buyer_subscription(person(request), pk)
    if found is None:
        raise Http404
    if request.method != "POST":
        return page(request, found, None)
    try:
        refund = carry_out(person(request), _command(request, found), rules=rules_now(), now=now_of(request))
    except Refused as refused:
        return page(request, found, refused)
    return redirect("storefront:refund", pk=refund.pk)


def _command(request: HttpRequest, found: Subscription) -> Unsubscribe:
    back = whole_number(request.POST.get("back", ""))
    return Unsubscribe(
        subscription=found.pk,
        way=request.POST.get("way", "")[:32],
        back_minor=-1 if back is None else back,
        agreed=request.POST.get("agreed") == "on",
        idempotency_key=request.POST.get("once", "")[:40],
    )


def page(
    request: HttpRequest, found: Subscription, refused: Refused | None, *, kept: Sequence[Proof] = ()
) -> HttpResponse:
    """All ways that are open, with what each pays back; ``refused``: why the one that was chosen was not done."""
    settings = config()
    offers = what_may(found, rules_now(), now=now_of(request), stalled=stalled_orders(found))
    asked = Refund.objects.filter(subscription=found, status__in=OPEN_REFUNDS).first()
    waiting = open_changes(found)
    context = {
        "subscription": found,
        "product": found.product,
        "ends_usage": found.offer.charging.postpaid,
        **_usage(request, found),
        "wraps": by_cloud(found.product.product_type),
        "deleted_by": deleted_by(found),
        "by_market": product_type(found.product.product_type).by_market,
        "contact": contact_of(found.seller, found.product, service=found.pk),
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
        "why": WORDS[offers.why] if offers.why else "",
        "why_code": offers.why,
        "since": offers.since,
        "untouched": if_untouched(found, now=now_of(request)),
        "has_policy": has_policy(found),
        "living": found.status in LIVING,
        "asked": asked,
        "waiting": waiting[0] if waiting else None,
        "invoiced": standing_over(found) if offers.why is Why.INVOICED else [],
        "once": ids.hex_id(),
        "per_year": settings.no_reason_per_year,
        "refused": refused,
        "way": request.POST.get("way", ""),
        "typed": {name: request.POST.get(name, "") for name in ("amount", "reason", "shows_phone")},
        "phone": person(request).phone,
        "appeal_days": settings.refund_appeal_days,
        "kept": kept,
        "proof_fields": range(MOST_PROOFS - len(kept)),
        "most_mb": f"{settings.proof_most_bytes / 1_048_576:g}",
    }  # fmt: skip
    return render(request, "storefront/unsubscribe.html", context, status=refused.status if refused else 200)


def _usage(request: HttpRequest, found: Subscription) -> dict[str, Any]:
    """What a pay-per-use service still costs, what its buyer owes, and which packages lose their use."""
    if not found.offer.charging.postpaid:
        return {}
    zone = timezone.get_default_timezone()
    owed = arrears.owed(person(request), found.offer.currency)
    return {
        "last": last_charge(found, zone=ZoneInfo(str(zone)), now=now_of(request)),
        "owed": owed if owed.minor else None,
        "packages": [one for one in packages_of_service(found, now=now_of(request)) if not one.over and one.left],
        "max_age_days": config().usage_max_age_days,
    }
