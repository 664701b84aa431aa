"""App keys of a service: create, list and revoke them. Only the response that creates a key shows its secret."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from tradepost.market.app_keys import keys as verbs
from tradepost.market.app_keys.models import NAME_LENGTH, AppKey
from tradepost.market.base.errors import Refused
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_act, buyer_form

from .delivered import delivered_content


@buyer_form
def keys(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the keys of a service. A POST creates one and shows its secret once."""
    service = _own_service(request, pk)
    delivered = delivered_content(service)
    may_create = delivered is not None and delivered.keys
    new_key, refused = None, None
    if request.method == "POST":
        if not may_create:
            messages.error(request, _refusal_reason(service))
            return redirect("storefront:subscription", pk=pk)
        try:
            new_key = verbs.create_key(
                service, request.POST.get("name", ""), by=person(request).email, now=now_of(request)
            )
        except Refused as error:
            refused = error
    context = {
        "subscription": service,
        "product": service.product,
        "keys": verbs.keys_of(service),
        "may_create": may_create,
        "made": new_key,
        "refused": refused,
        "typed": request.POST.get("name", "") if refused else "",
        "name_length": NAME_LENGTH,
        "max_keys": verbs.MAX_VALID_KEYS,
    }
    return render(request, "storefront/app_keys.html", context)


@buyer_act
def revoke(request: HttpRequest, pk: int, key_pk: int) -> HttpResponse:
    service = _own_service(request, pk)
    try:
        key = verbs.revoke_key(service, key_pk, by=person(request).email, now=now_of(request))
    except AppKey.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The key %(key)s is revoked.") % {"key": key.app_key})
    return redirect("storefront:app_keys", pk=pk)


def _refusal_reason(service: Subscription) -> str:
    if service.status == Subscription.Status.ACTIVE:
        return _("This product no longer uses app keys, so no key can be created.")
    return _("The service is not active, so no key can be created.")


def _own_service(request: HttpRequest, pk: int) -> Subscription:
    """Return a service of this buyer with app keys, or whose product issues them now. Earlier keys can be revoked in
    any state."""
    service = buyer_subscription(person(request), pk)
    if service is None:
        raise Http404
    delivered = delivered_content(service)
    if (delivered is None or not delivered.keys) and not AppKey.objects.filter(subscription=service).exists():
        raise Http404
    return service
