"""Try out, in a sandbox only: renew, freeze, upgrade and release what was bought, and see what the own server answers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.both_languages import named
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment import sandbox
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.sandbox import Target, Trial
from tradepost.market.fulfilment.sandbox_acts import Act, Tried, tried
from tradepost.market.fulfilment.unheard import not_asked
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Member
from tradepost.market.orders.place import chosen_values
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.production import seller_queries
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.operations import why
from tradepost.market.web.templatetags.ui import amount

from .frame import SellerRequest, found, seller_page, show
from .messages import last_result


class ChangeForm(forms.Form):
    """What a subscription is changed to; whether that is possible, the verb knows."""

    offer = forms.IntegerField(min_value=1)
    quantity = forms.IntegerField(min_value=1, max_value=1_000_000)


@require_safe
@seller_page(menu=Menu.TOOLS)
def try_out(request: SellerRequest) -> HttpResponse:
    _only_in_a_sandbox()
    page = tried(request.seller, after=request.GET.get("after", ""))
    alone = not_asked(one.subscription for one in page.rows)
    own = set(Member.objects.filter(seller=request.seller).values_list("user", flat=True))
    on_sale = [p for p in seller_queries.seller_products(request.seller) if p.status == Product.Status.ON_SALE]
    return show(
        request,
        "seller_center/try_out.html",
        page=page,
        trials=[_shown(one, own, alone.get(one.subscription.pk, "")) for one in page.rows],
        foreign=any(one.subscription.buyer_id not in own for one in page.rows),
        products=on_sale,
    )


def _shown(tried: Tried, own: Collection[int], activity: str) -> dict[str, Any]:
    """``own``: the seller's members, whose purchases are tests; what others bought is in use. ``activity``: what was not
    asked when it was frozen."""
    acts = {act.value for act in tried.acts}
    opening = tried.subscription.status == Subscription.Status.OPENING
    return {
        "subscription": tried.subscription,
        "own": tried.subscription.buyer_id in own,
        "buyer": buyer_name(tried.subscription.buyer),
        "dialog": f"sc-r{tried.subscription.pk}",
        "not_asked": activity,
        "bought": _words(tried.subscription.offer),
        "acts": acts,
        "changes": bool(acts & {Act.UPGRADE, Act.RENEW_CHANGED}),
        "targets": [(offer, _words(offer)) for offer in tried.targets],
        "calls": [(call, last_result(call)) for call in tried.calls],
        "under_way": tried.under_way,
        "metered": tried.subscription.offer.charging.metered,
        "quota": tried.subscription.offer.charging.quota,
        "usage": tried.usage,
        "live": tried.under_way or opening,
    }


def _words(offer: Offer) -> str:
    """What tells this offer from the others of its specification, in the reader's language."""
    parts = [named(value, "value") for value in chosen_values(offer.sku)]
    return " · ".join([*parts, _how_paid(offer)])


def _how_paid(offer: Offer) -> str:
    period = str(offer.get_period_type_display())
    if offer.charging.postpaid:
        return _("on demand")
    if offer.charging.quota:
        unit = named(offer, "usage_unit")
        return _("package of %(quota)s %(unit)s") % {"quota": amount(offer.quota), "unit": unit} + f" · {period}"
    return period


@require_POST
@seller_page(menu=Menu.TOOLS)
def act(request: SellerRequest, pk: int) -> HttpResponse:
    _only_in_a_sandbox()
    subscription = found(Subscription.objects.filter(seller=request.seller, pk=pk).first())
    try:
        operation = _do(request, subscription)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        _tell(request, subscription, operation)
    return HttpResponseRedirect(f"{reverse('seller_center:try_out')}#sc-s{pk}")


def _tell(request: SellerRequest, subscription: Subscription, operation: Operation | None) -> None:
    """What came of it at once: it was asked, or nothing need be, or it could not begin."""
    frozen = Subscription.objects.select_related("product", "offer").filter(pk=subscription.pk)
    if operation is None and (activity := not_asked(frozen).get(subscription.pk)):
        words = _(
            "Frozen in this market alone: your server was not asked, since no case of %(activity)s is saved. Debug it to be asked."
        )
        messages.success(request, words % {"activity": activity})
    elif operation is None:
        messages.success(request, _("Nothing is asked of your server: another reason keeps the service as it is."))
    elif operation.call is not None:
        messages.success(request, _("Asked of your server: %(activity)s.") % {"activity": operation.call.activity})
    elif operation.status == Operation.Status.DONE:
        words = _("Done in the market alone: the protocol of this product has no activity for it.")
        messages.success(request, words)
    elif operation.status == Operation.Status.QUEUED:
        messages.success(request, _("It is done as soon as what is under way has ended."))
    else:
        told = why(operation)
        messages.error(request, told.title if told else _("This is not possible in the present state of the service."))


def _do(request: SellerRequest, subscription: Subscription) -> Operation | None:
    given = request.POST.get("act", "")
    act = found(Act(given) if given in Act else None)
    target = _target(request) if act in {Act.UPGRADE, Act.RENEW_CHANGED} else None
    trial = Trial(subscription=subscription, act=act, actor=request.user.email, now=request.now, target=target)
    return sandbox.try_out(trial, sandbox=config().sandbox)


def _target(request: SellerRequest) -> Target:
    """Another seller's offer does not exist here."""
    form = ChangeForm(request.POST)
    if not form.is_valid():
        raise Refused("try_out.target", _("Choose what to change to, and a quantity."))
    own = Offer.objects.select_related("sku__spec__product__seller").filter(sku__spec__product__seller=request.seller)
    return Target(found(own.filter(pk=form.cleaned_data["offer"]).first()), form.cleaned_data["quantity"])


def _only_in_a_sandbox() -> None:
    """A real market's services belong to their buyers."""
    if not config().sandbox:
        raise Http404
