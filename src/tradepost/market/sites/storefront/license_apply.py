"""Apply for the license of a machine: a refusal shows the page of the service with what was typed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.licensing import apply_for_license
from tradepost.market.supervision import queries as supervision_queries
from tradepost.market.web.access import buyer_required, now_of, person

from .licenses import own
from .subscription import page

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_POST
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    found, fingerprint = own(request, pk), request.POST.get("fingerprint", "")
    delivery = supervision_queries.of_subscription(found.pk)
    if delivery is not None and delivery.open:
        messages.error(request, _("This license is delivered step by step: apply for it here."))
        return redirect("storefront:supervision", pk=delivery.pk)
    try:
        apply_for_license(found, fingerprint, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        return page(request, found, status=refused.status, fingerprint=fingerprint, refused=refused)
    messages.success(request, _("The seller is asked for your license. It shows here when it is there."))
    return redirect("storefront:subscription", pk=pk)
