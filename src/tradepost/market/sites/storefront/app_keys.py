"""App keys of a service: create, see and revoke them. The secret is in the answer to the creation only."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.app_keys import keys as verbs
from tradepost.market.app_keys.models import NAME_LENGTH, AppKey
from tradepost.market.base.errors import Refused
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import buyer_required, now_of, person

from .delivered import shown

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest, pk: int) -> HttpResponse:
    """The keys of a service; a POST creates one and shows its secret in this answer only."""
    found = _own(request, pk)
    given = shown(found)
    may_create = given is not None and given.keys
    made, refused = None, None
    if request.method == "POST":
        if not may_create:
            messages.error(request, _why_no_key(found))
            return redirect("storefront:subscription", pk=pk)
        try:
            made = verbs.create_key(found, request.POST.get("name", ""), by=person(request).email, now=now_of(request))
        except Refused as error:
            refused = error
    context = {
        "subscription": found,
        "product": found.product,
        "keys": verbs.keys_of(found),
        "may_create": may_create,
        "made": made,
        "refused": refused,
        "typed": request.POST.get("name", "") if refused else "",
        "name_length": NAME_LENGTH,
        "max_keys": verbs.MAX_VALID_KEYS,
    }
    return render(request, "storefront/app_keys.html", context, status=refused.status if refused else 200)


@buyer_required
@private
@require_POST
def revoke(request: HttpRequest, pk: int, key_pk: int) -> HttpResponse:
    found = _own(request, pk)
    try:
        key = verbs.revoke_key(found, key_pk, by=person(request).email, now=now_of(request))
    except AppKey.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The key %(key)s is revoked.") % {"key": key.app_key})
    return redirect("storefront:app_keys", pk=pk)


def _why_no_key(found: Subscription) -> str:
    if found.status == Subscription.Status.ACTIVE:
        return _("This product no longer uses app keys, so no key can be created.")
    return _("The service is not active, so no key can be created.")


def _own(request: HttpRequest, pk: int) -> Subscription:
    """A service of this buyer with app keys, or whose product issues them now: earlier keys can be revoked in any state."""
    found = buyer_subscription(person(request), pk)
    if found is None:
        raise Http404
    given = shown(found)
    if (given is None or not given.keys) and not AppKey.objects.filter(subscription=found).exists():
        raise Http404
    return found
