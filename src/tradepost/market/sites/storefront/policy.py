"""The buyer's choice for the end of a service: grace period, automatic renewal, or deletion."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.fulfilment.expiry_policy import SetExpiryPolicy, has_policy, renewal_choices, set_expiry_policy
from tradepost.market.orders.auto_renew import duration_of, plan_of, rule_of
from tradepost.market.orders.durations import Duration
from tradepost.market.payments.queries import balance
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import service_end_of
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_form

from .at_its_end import next_attempt

AtExpiry = Subscription.AtExpiry


@buyer_form
def policy(request: HttpRequest, pk: int) -> HttpResponse:
    service = buyer_subscription(person(request), pk)
    if service is None:
        raise Http404
    if request.method != "POST":
        return _page(request, service, None)
    try:
        subscription = set_expiry_policy(
            person(request), _command(request, service), rule=rule_of(config().orders), now=now_of(request)
        )  # fmt: skip
    except Refused as refused:
        return _page(request, service, refused)
    messages.success(request, _saved_message(AtExpiry(subscription.at_expiry), deleted_by(service)))
    return redirect("storefront:subscription", pk=pk)


def _saved_message(policy: Subscription.AtExpiry, deleting_party: DeletedBy) -> str:
    if policy == AtExpiry.RENEW:
        return _("Saved. The service renews automatically.")
    if deleting_party is DeletedBy.IMAGE:
        return _("Saved. The period image ends with its paid period. Your server and its data are kept.")
    if policy == AtExpiry.KEEP:
        return _("Saved. The service is not renewed automatically. You can still renew it for some time after it ends.")
    if deleting_party is DeletedBy.NOBODY:
        return _("Saved. The service closes when the paid period ends.")
    return _("Saved. The service is deleted with its data when the paid time ends.")


def _command(request: HttpRequest, service: Subscription) -> SetExpiryPolicy:
    """Build the command. Closing at once requires a confirmation."""
    at_expiry = request.POST.get("at_expiry", "")
    newly_ends = at_expiry == AtExpiry.END and service.at_expiry != AtExpiry.END
    if newly_ends and request.POST.get("understood") != "on":
        raise Refused(
            "policy.understood",
            _("Confirm that you understand: this cannot be undone."),
            400,
            field="understood",
        )
    return SetExpiryPolicy(
        subscription=service.pk, at_expiry=at_expiry, duration=read_duration(request.POST.get("duration", ""))
    )


def read_duration(text: str) -> Duration | None:
    """Parse a duration such as ``month/1``; None for other text. The verb checks whether it is offered."""
    period_type, _slash, number = text.partition("/")
    periods = whole_number(number, digits=4)
    return Duration(period_type, periods) if period_type and periods else None


def _page(request: HttpRequest, service: Subscription, refused: Refused | None) -> HttpResponse:
    now, offered = now_of(request), renewal_choices(service)
    auto_renewal = plan_of(service) if service.at_expiry == AtExpiry.RENEW else None
    end = service.expires_at
    typed = read_duration(request.POST.get("duration", ""))
    context = {
        "subscription": service,
        "product": service.product,
        "seller": service.seller,
        "possible": has_policy(service),
        "durations": list(offered.items()),
        "picked": request.POST.get("at_expiry") or service.at_expiry,
        "duration": typed or (duration_of(service) if service.auto_periods else next(iter(offered), None)),
        "trial": service.offer.trial,
        "over": end is not None and end <= now,
        "ending": service_end_of(service, renewing=True),
        "wraps": runs_in_cloud(service.product.product_type),
        "deleted_by": deleted_by(service),
        "first_try": next_attempt(service, auto_renewal, now=now),
        "tried": auto_renewal,
        "balance": balance(person(request), service.offer.currency),
        "errors": {refused.field: refused.message} if refused else {},
        "refused": refused,
    }
    return render(request, "storefront/policy.html", context)
