"""Try out, in a sandbox only: renew, freeze, upgrade and release what was bought, and see what the own server answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment import by_hand
from tradepost.market.fulfilment.acts import Act, Trial, trials
from tradepost.market.fulfilment.by_hand import Target
from tradepost.market.orders.place import chosen_values
from tradepost.market.production import seller_queries
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.templatetags.ui import amount

from .frame import SellerRequest, found, seller_page, show
from .messages import last_result


class ChangeForm(forms.Form):
    """What a subscription is changed to; whether that is possible, the verb knows."""

    offer = forms.IntegerField(min_value=1)
    quantity = forms.IntegerField(min_value=1, max_value=1_000_000)


@require_safe
@seller_page
def try_out(request: SellerRequest) -> HttpResponse:
    _only_in_a_sandbox()
    page = trials(request.seller, after=request.GET.get("after", ""))
    on_sale = [p for p in seller_queries.seller_products(request.seller) if p.status == Product.Status.ON_SALE]
    return show(
        request,
        "seller_center/try_out.html",
        page=page,
        trials=[_shown(trial) for trial in page.rows],
        products=on_sale,
    )


def _shown(trial: Trial) -> dict[str, Any]:
    acts = {act.value for act in trial.acts}
    opening = trial.subscription.status == Subscription.Status.OPENING
    return {
        "subscription": trial.subscription,
        "dialog": f"sc-r{trial.subscription.pk}",
        "bought": _words(trial.subscription.offer),
        "acts": acts,
        "changes": bool(acts & {Act.UPGRADE, Act.RENEW_CHANGED}),
        "targets": [(offer, _words(offer)) for offer in trial.targets],
        "calls": [(call, last_result(call)) for call in trial.calls],
        "under_way": trial.under_way,
        "metered": trial.subscription.offer.charging.metered,
        "quota": trial.subscription.offer.charging.quota,
        "usage": trial.usage,
        "live": trial.under_way or opening,
    }


def _words(offer: Offer) -> str:
    """What tells this offer from the others of its specification, in the reader's language."""
    name = "value" if (get_language() or "").startswith("zh") else "value_en"
    parts = [value[name] for value in chosen_values(offer.sku)]
    return " · ".join([*parts, _how_paid(offer)])


def _how_paid(offer: Offer) -> str:
    period = str(offer.get_period_type_display())
    if offer.charging.postpaid:
        return _("on demand")
    if offer.charging.quota:
        unit = offer.usage_unit if (get_language() or "").startswith("zh") else offer.usage_unit_en
        return _("package of %(quota)s %(unit)s") % {"quota": amount(offer.quota), "unit": unit} + f" · {period}"
    return period


@require_POST
@seller_page
def act(request: SellerRequest, pk: int) -> HttpResponse:
    _only_in_a_sandbox()
    subscription = found(Subscription.objects.filter(seller=request.seller, pk=pk).first())
    try:
        call = _do(request, subscription)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("Asked of your server: %(activity)s.") % {"activity": call.activity})
    return HttpResponseRedirect(f"{reverse('seller_center:try_out')}#sc-s{pk}")


def _do(request: SellerRequest, subscription: Subscription) -> Call:
    actor, now = request.user.email, request.now
    verbs: dict[str, Callable[[], Call]] = {
        Act.RENEW: lambda: by_hand.renew(subscription, actor=actor, now=now),
        Act.CANCEL_RENEWAL: lambda: by_hand.cancel_renewal(subscription, actor=actor, now=now),
        Act.FREEZE: lambda: by_hand.freeze(subscription, now=now),
        Act.UNFREEZE: lambda: by_hand.unfreeze(subscription, now=now),
        Act.UPGRADE: lambda: by_hand.upgrade(subscription, _target(request), actor=actor, now=now),
        Act.RENEW_CHANGED: lambda: by_hand.renew_changed(subscription, _target(request), actor=actor, now=now),
        Act.QUERY: lambda: by_hand.query(subscription, now=now),
        Act.RELEASE: lambda: by_hand.release(subscription, now=now),
    }
    return found(verbs.get(request.POST.get("act", "")))()


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
