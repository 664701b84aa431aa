"""Services of every seller, and one with its reasons, money, operations and calls: an operator freezes, lifts, ends it."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment import by_operator, service_queries
from tradepost.market.fulfilment.cases import held_of
from tradepost.market.fulfilment.deletion import deleted_by
from tradepost.market.fulfilment.drift_queries import drift_of
from tradepost.market.fulfilment.service_queries import Service, ServiceFilter
from tradepost.market.fulfilment.speak import can_freeze
from tradepost.market.fulfilment.unheard import not_asked
from tradepost.market.metering.package_queries import packages_about
from tradepost.market.production.operator_queries import sellers_for_filter
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.drift import described as drift_words
from tradepost.market.web.service_history import events_of_service
from tradepost.market.web.status import vocabulary
from tradepost.market.web.templatetags.ui import loc
from tradepost.protocols.registry import protocols

from .attempts import tries_of
from .operations import described
from .service_words import after_release, before_freeze, before_lift, before_release


class FreezeForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=by_operator.LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The buyer and the seller read it."),
    )  # fmt: skip


class LiftForm(FreezeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("For the history. The seller reads it, the buyer does not.")


FORMS: dict[str, type[FreezeForm]] = {"freeze": FreezeForm, "lift": LiftForm, "release": FreezeForm}


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    get = request.GET
    asked = ServiceFilter(
        status=get.get("status", "")[:16], seller=get.get("seller", "")[:18], search=get.get("q", "").strip()[:254]
    )
    context = {
        "page": service_queries.all_services(asked, after=get.get("after", "")),
        "asked": asked,
        "statuses": [*vocabulary("subscription"), (service_queries.BY_HAND, gettext_lazy("Frozen by an operator"))],
        "sellers": [(str(seller.pk), loc(seller, "name")) for seller in sellers_for_filter()],
    }
    return render(request, "console/services.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _found(pk))


@operator_required
@require_POST
def freeze(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, "freeze", by_operator.freeze, _("It is frozen. The buyer and the seller were told why."))


@operator_required
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, "lift", by_operator.lift, _("The operator's freeze is lifted. The seller was told."))


@operator_required
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, "release", by_operator.release, after_release(deleted_by(_found(pk))))


def _do(request: HttpRequest, pk: int, act: str, verb: Callable[..., None], said: str) -> HttpResponse:
    held, form = _found(pk), FORMS[act](request.POST, auto_id=f"{act}-%s")
    if not form.is_valid():
        return _page(request, held, {act: form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        verb(held, reason=form.cleaned_data["reason"], actor=person(request).email, now=now_of(request))
    except Refused as refused:
        return _page(request, _found(pk), {act: form}, refused=refused, status=refused.status)
    messages.success(request, said)
    return redirect("console:service", pk)


def _found(pk: int) -> Subscription:
    held = service_queries.find_service(pk)
    if held is None:
        raise Http404
    return held


def _page(
    request: HttpRequest,
    held: Subscription,
    given: dict[str, forms.Form] | None = None,
    *,
    refused: Refused | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    service, given = service_queries.service_of(held), given or {}
    reasons, by = {one.reason for one in service.reasons}, deleted_by(held)
    others, back = reasons - {by_operator.BY_HAND}, by_operator.paid_back_by_release(held, now=now_of(request))
    context = {
        "held": held,
        "service": service,
        "acts": by_operator.possible(held, reasons),
        "frozen": by_operator.BY_HAND in reasons,
        "other_reasons": others,
        "freeze_text": before_freeze(held, by, told=_told(service)),
        "lift_text": before_lift(by, other_reasons=bool(others)),
        "release_text": before_release(by, back),
        "not_asked": not_asked([held]).get(held.pk, ""),
        "refused": refused,
        "drifts": [(one, drift_words(one)) for one in drift_of(held.pk)],
        "periods": [(one, service.lines.get(one.line_number)) for one in service.periods],
        "operations": [
            (described(one), [(call, list(tries_of(call))) for call in calls]) for one, calls in service.operations
        ],
        "packages": packages_about(held, now=now_of(request)),
        "events": events_of_service(held, service.freezes),
        "now": now_of(request),
        **{f"{act}_form": given.get(act) or form(auto_id=f"{act}-%s") for act, form in FORMS.items()},
    }
    return render(request, "console/service.html", context, status=status)


def _told(service: Service) -> bool:
    """Whether the seller can be told of an operator's freeze at all; else only this market keeps to it."""
    spoken = protocols().get(service.address.protocol) if service.address else None
    if spoken is None:
        return False
    held = held_of(service.subscription, spoken, service.address)
    return bool(can_freeze(frozenset({Freeze.Reason.OPERATOR.value}), held))
