"""Try out in a sandbox: renew, freeze, upgrade and release purchased services, and see the server's responses."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment import sandbox
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.sandbox import SandboxAct, Target
from tradepost.market.fulfilment.sandbox_acts import Act, SandboxService, sandbox_services
from tradepost.market.fulfilment.unheard import unsent_freezes
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Member
from tradepost.market.orders.place import chosen_values
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.production import seller_queries
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.operations import failure_reason
from tradepost.market.web.templatetags.ui import amount

from .frame import SellerRequest, or_404, seller_page, show
from .messages import last_result


class ChangeForm(forms.Form):
    """The target of a change; the verb checks whether it is possible."""

    offer = forms.IntegerField(min_value=1)
    quantity = forms.IntegerField(min_value=1, max_value=1_000_000)


@require_safe
@seller_page(menu=Menu.TOOLS)
def try_out(request: SellerRequest) -> HttpResponse:
    _require_sandbox()
    page = sandbox_services(request.seller, after=request.GET.get("after", ""))
    unsent = unsent_freezes(row.subscription for row in page.rows)
    own = set(Member.objects.filter(seller=request.seller).values_list("user", flat=True))
    on_sale = [p for p in seller_queries.seller_products(request.seller) if p.status == Product.Status.ON_SALE]
    return show(
        request,
        "seller_center/try_out.html",
        page=page,
        trials=[_service_context(row, own, unsent.get(row.subscription.pk, "")) for row in page.rows],
        foreign=any(row.subscription.buyer_id not in own for row in page.rows),
        products=on_sale,
    )


def _service_context(tried: SandboxService, own: Collection[int], activity: str) -> dict[str, Any]:
    """Return a service for the page. ``own``: the seller's members, whose purchases are tests. ``activity``: the
    activity that was not called for a freeze."""
    acts = {act.value for act in tried.acts}
    opening = tried.subscription.status == Subscription.Status.OPENING
    return {
        "subscription": tried.subscription,
        "own": tried.subscription.buyer_id in own,
        "buyer": buyer_name(tried.subscription.buyer),
        "dialog": f"sc-r{tried.subscription.pk}",
        "not_asked": activity,
        "bought": _offer_text(tried.subscription.offer),
        "acts": acts,
        "changes": bool(acts & {Act.UPGRADE, Act.RENEW_CHANGED}) and _has_choice(tried),
        "targets": [(offer, _offer_text(offer)) for offer in tried.targets],
        "calls": [(call, last_result(call)) for call in tried.calls],
        "under_way": tried.under_way,
        "metered": tried.subscription.offer.charging.metered,
        "quota": tried.subscription.offer.charging.quota,
        "usage": tried.usage,
        "live": tried.under_way or opening,
    }


def _has_choice(tried: SandboxService) -> bool:
    """Return whether there is another price or quantity to change to."""
    own = tried.subscription.offer_id
    return any(offer.pk != own or offer.sku.quantity_max > offer.sku.quantity_min for offer in tried.targets)


def _offer_text(offer: Offer) -> str:
    """Return what distinguishes this offer within its specification, in the reader's language."""
    parts = [localised_name(value, "value") for value in chosen_values(offer.sku)]
    return " · ".join([*parts, _billing_text(offer)])


def _billing_text(offer: Offer) -> str:
    period = str(offer.get_period_type_display())
    if offer.charging.postpaid:
        return _("on demand")
    if offer.charging.quota:
        unit = localised_name(offer, "usage_unit")
        return _("package of %(quota)s %(unit)s") % {"quota": amount(offer.quota), "unit": unit} + f" · {period}"
    return period


@require_POST
@seller_page(menu=Menu.TOOLS)
def act(request: SellerRequest, pk: int) -> HttpResponse:
    _require_sandbox()
    subscription = or_404(Subscription.objects.filter(seller=request.seller, pk=pk).first())
    try:
        operation = _run_act(request, subscription)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        _report(request, subscription, operation)
    return HttpResponseRedirect(f"{reverse('seller_center:try_out')}#sc-s{pk}")


def _report(request: SellerRequest, subscription: Subscription, operation: Operation | None) -> None:
    """Report the immediate result: called, no call needed, or not possible."""
    frozen = Subscription.objects.select_related("product", "offer").filter(pk=subscription.pk)
    if operation is None and (activity := unsent_freezes(frozen).get(subscription.pk)):
        words = _(
            "Frozen in this store only. Your server was not called because no case of %(activity)s is saved. "
            "Debug the activity to have it called."
        )
        messages.success(request, words % {"activity": activity})
    elif operation is None:
        messages.success(request, _("No call to your server is needed. The service stays as it is for another reason."))
    elif operation.call is not None:
        messages.success(request, _("Sent to your server: %(activity)s.") % {"activity": operation.call.activity})
    elif operation.status == Operation.Status.DONE:
        words = _("Done in the store only. The protocol of this product has no activity for it.")
        messages.success(request, words)
    elif operation.status == Operation.Status.QUEUED:
        messages.success(request, _("It will be done after the operation in progress ends."))
    else:
        reason = failure_reason(operation)
        messages.error(
            request, reason.title if reason else _("The current state of the service does not allow this action.")
        )


def _run_act(request: SellerRequest, subscription: Subscription) -> Operation | None:
    code = request.POST.get("act", "")
    act = or_404(Act(code) if code in Act else None)
    target = _target(request) if act in {Act.UPGRADE, Act.RENEW_CHANGED} else None
    trial = SandboxAct(subscription=subscription, act=act, actor=request.user.email, now=request.now, target=target)
    return sandbox.start_act(trial, sandbox=config().sandbox)


def _target(request: SellerRequest) -> Target:
    """Return the target; 404 for another seller's offer."""
    form = ChangeForm(request.POST)
    if not form.is_valid():
        raise Refused("try_out.target", _("Choose a target and a quantity."))
    own = Offer.objects.select_related("sku__spec__product__seller").filter(sku__spec__product__seller=request.seller)
    return Target(or_404(own.filter(pk=form.cleaned_data["offer"]).first()), form.cleaned_data["quantity"])


def _require_sandbox() -> None:
    """Raise 404 in a real market, whose services belong to their buyers."""
    if not config().sandbox:
        raise Http404
