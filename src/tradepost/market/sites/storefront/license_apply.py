"""Apply for the license of a machine. A refusal shows the page of the service with the input."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.licensing import apply_for_license
from tradepost.market.supervision import queries as supervision_queries
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_act

from .licenses import own_service
from .subscription import page


@buyer_act
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    subscription, fingerprint = own_service(request, pk), request.POST.get("fingerprint", "")
    delivery = supervision_queries.delivery_of_subscription(subscription.pk)
    if delivery is not None and delivery.open:
        messages.error(request, _("This license is delivered step by step: apply for it here."))
        return redirect("storefront:supervision", pk=delivery.pk)
    try:
        apply_for_license(subscription, fingerprint, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        return page(request, subscription, fingerprint=fingerprint, refused=refused)
    messages.success(request, _("The seller is asked for your license. It shows here when it is there."))
    return redirect("storefront:subscription", pk=pk)
