"""Services of all sellers: list, and detail page with freezes, payments, operations and calls, where an operator
freezes, unfreezes or ends a service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.approvals.models import Request as Approval
from tradepost.market.base.paging import Page
from tradepost.market.fulfilment import by_operator, service_queries
from tradepost.market.fulfilment.cases import view_of
from tradepost.market.fulfilment.deletion import deleted_by
from tradepost.market.fulfilment.drift_queries import drift_of
from tradepost.market.fulfilment.service_queries import Service, ServiceFilter
from tradepost.market.fulfilment.speak import can_freeze
from tradepost.market.fulfilment.unheard import unsent_freezes
from tradepost.market.metering.package_queries import packages_about
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.web import approving
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.approved_acts import END_SERVICE
from tradepost.market.web.approved_commands import EndService
from tradepost.market.web.drift import describe as drift_words
from tradepost.market.web.pages import Empty, Listing, ListQuery, ask, choice, day, fragment, search, text, time_range
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.service_history import events_of_service
from tradepost.market.web.service_rows import ServiceRow, rows_of
from tradepost.market.web.status import look, state_choices
from tradepost.protocols.registry import protocols

from .attempts import described_attempts
from .list_parts import LAYOUT, buyer_column, seller_column, seller_filter
from .operations import operation_context
from .service_words import freeze_consequences, lift_consequences, release_consequences, release_message


class FreezeForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=by_operator.MAX_REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The buyer and the seller can see it."),
    )  # fmt: skip


class LiftForm(FreezeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("For the history. The seller can see it; the buyer cannot.")


FORMS: dict[str, type[FreezeForm]] = {"freeze": FreezeForm, "lift": LiftForm, "release": FreezeForm}


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Subscription]:
    del request
    filters = ServiceFilter(
        status=query["status"], seller=query["seller"], search=query["q"], since=query.since, until=query.until
    )
    return service_queries.all_services(filters, after=after, size=size)


def _states(request: HttpRequest) -> list[tuple[str, Any]]:
    del request
    return [*state_choices("subscription"), (service_queries.BY_HAND, gettext_lazy("Frozen by an operator"))]


def _state(row: ServiceRow) -> str:
    return str(look("subscription", row.subscription.status).label)


LISTING: Listing[Subscription, ServiceRow] = Listing(
    name="console:services",
    title=gettext_lazy("Services"),
    intro=gettext_lazy(
        "Services of all buyers, in use, frozen or ended. Open one to see its money and its calls, to freeze it or to end it."
    ),
    layout=LAYOUT,
    source=_source,
    rows=lambda _request, found: rows_of(found),
    columns=(
        fragment(
            gettext_lazy("Service"),
            "subscription.product:name",
            "console/parts/listed_service.html",
            css="c-cell c-service",
            labelled=False,
        ),
        text(gettext_lazy("Instance"), "subscription.instance_id", on_page=False),
        text(gettext_lazy("Order"), "order", on_page=False),
        buyer_column("subscription.buyer"),
        seller_column("subscription.seller"),
        fragment(gettext_lazy("State"), _state, "console/parts/service_state.html", labelled=False),
        day(gettext_lazy("Created"), "subscription.created_at"),
        day(gettext_lazy("Paid until"), "subscription.expires_at"),
    ),
    filters=(
        search(gettext_lazy("Order, instance or buyer's e-mail")),
        choice("status", gettext_lazy("Status"), _states),
        seller_filter(),
        time_range(gettext_lazy("Created")),
    ),
    empty=Empty(
        icon="apps",
        title=gettext_lazy("No services yet"),
        text=gettext_lazy("A service appears here when an order is paid."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No services found"),
        text=gettext_lazy(
            "Enter an order number, its last six characters, a complete instance id or the email address of a buyer, or remove a filter."
        ),
    ),
    file="services",
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _service(pk))


@operator_required
@require_POST
def freeze(request: HttpRequest, pk: int) -> HttpResponse:
    return _run_act(
        request,
        pk,
        "freeze",
        by_operator.freeze,
        _("The service is frozen. The buyer and the seller were notified of the reason."),
    )


@operator_required
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    return _run_act(
        request, pk, "lift", by_operator.lift, _("The operator's freeze is lifted. The seller was notified.")
    )


@operator_required
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    def end(service: Subscription, *, reason: str, actor: str, now: datetime) -> Approval | None:
        del actor, now  # taken from the request
        return approving.run(request, END_SERVICE, EndService(service=service.pk, reason=reason))

    return _run_act(request, pk, "release", end, release_message(deleted_by(_service(pk))))


def _run_act(request: HttpRequest, pk: int, act: str, verb: Callable[..., Approval | None], words: str) -> HttpResponse:
    instance, form = _service(pk), FORMS[act](request.POST, auto_id=f"{act}-%s")
    return ask(
        request,
        form,
        lambda: verb(instance, reason=form.cleaned_data["reason"], actor=person(request).email, now=now_of(request)),
        page=lambda: _page(request, _service(pk), {act: form}),
        done=approving.message_after(words),
        back=approving.redirect_after("console:service", pk),
    )


def _service(pk: int) -> Subscription:
    service = service_queries.find_service(pk)
    if service is None:
        raise Http404
    return service


def _page(request: HttpRequest, subscription: Subscription, typed: dict[str, forms.Form] | None = None) -> HttpResponse:
    service, typed = service_queries.service_of(subscription), typed or {}
    reasons, by = {reason.reason for reason in service.reasons}, deleted_by(subscription)
    remaining, refund = (
        reasons - {by_operator.OPERATOR_REASON},
        by_operator.release_refund(subscription, now=now_of(request)),
    )
    context = {
        "held": subscription,
        "service": service,
        "acts": by_operator.possible_acts(subscription, reasons),
        "frozen": by_operator.OPERATOR_REASON in reasons,
        "other_reasons": remaining,
        "freeze_text": freeze_consequences(subscription, by, told=_can_notify_freeze(service)),
        "lift_text": lift_consequences(by, other_reasons=bool(remaining)),
        "release_text": release_consequences(by, refund),
        "not_asked": unsent_freezes([subscription]).get(subscription.pk, ""),
        "drifts": [(row, drift_words(row)) for row in drift_of(subscription.pk)],
        "periods": [(period, service.lines.get(period.line_number)) for period in service.periods],
        "operations": [
            (operation_context(row), [(call, list(described_attempts(call))) for call in calls])
            for row, calls in service.operations
        ],
        "packages": packages_about(subscription, now=now_of(request)),
        "events": events_of_service(subscription, service.freezes),
        "now": now_of(request),
        **{f"{act}_form": typed.get(act) or form(auto_id=f"{act}-%s") for act, form in FORMS.items()},
    }
    return render(request, "console/service.html", context)


def _can_notify_freeze(service: Service) -> bool:
    """Return whether the seller can be notified of an operator's freeze; otherwise only this market enforces it."""
    protocol = protocols().get(service.address.protocol) if service.address else None
    if protocol is None:
        return False
    view = view_of(service.subscription, protocol, service.address)
    return bool(can_freeze(frozenset({Freeze.Reason.OPERATOR.value}), view))
