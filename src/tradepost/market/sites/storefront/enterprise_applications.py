"""Applications of an enterprise: bound services, and the data that their sellers get (openapi-jointkit §A, §B)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.applications import bind as binding_verbs
from tradepost.market.applications import buyer_queries, release, resend, run
from tradepost.market.applications.authorise import application_subject
from tradepost.market.applications.models import TenantBinding
from tradepost.market.base.counting import counts_up_to
from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import Page
from tradepost.market.organisations import queries
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.joint import sync_rules
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    ask,
    day,
    fragment,
    or_404,
    page_link,
    submitted_data,
    text,
)
from tradepost.market.web.released import FIELD_LABELS
from tradepost.market.web.status import look
from tradepost.market.web.sync_view import mark_failures, sync_view

from .enterprise_frame import EnterpriseRequest, enterprise_list, enterprise_page, show
from .enterprise_words import history_entries

MAX_ACTS = 10


class ReleaseForm(forms.Form):
    """The form of personal fields that the enterprise releases to the seller for its members."""

    released = forms.MultipleChoiceField(
        label=gettext_lazy("Personal fields released to the seller"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "The seller always gets the account name, name, department and role: members need them to sign in."
        ),
    )

    def __init__(self, *args: Any, asked: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(field := self.fields["released"], forms.MultipleChoiceField):
            field.choices = [(name, FIELD_LABELS[name]) for name in asked]


def _source(request: EnterpriseRequest, query: ListQuery, after: str, size: int) -> Page[TenantBinding]:
    del query
    return buyer_queries.bindings_of(request.enterprise, after=after, size=size)


def _rows(request: EnterpriseRequest, bindings: list[TenantBinding]) -> list[TenantBinding]:
    mark_failures(bindings)
    for binding in bindings:
        binding.enterprise = request.enterprise
    return bindings


def _extra_context(request: EnterpriseRequest, query: ListQuery) -> dict[str, Any]:
    """Return the services that can be bound, and the number of applications with failed synchronisation."""
    del query
    [failed] = counts_up_to(resend.failed_of_enterprise(request.enterprise))
    return {"failed": failed, "bindable": buyer_queries.bindable(request.user) if _is_buyer(request) else []}


LISTING: Listing[TenantBinding, TenantBinding] = Listing(
    name="storefront:enterprise_applications",
    title=gettext_lazy("Applications"),
    layout="storefront/enterprise_layout.html",
    template="storefront/enterprise_applications.html",
    source=_source,
    rows=_rows,
    columns=(
        page_link(
            pgettext_lazy("software", "Application"), "application.name", "storefront:enterprise_application",
            "enterprise.code", "pk",
        ),
        fragment(
            gettext_lazy("State"), lambda row: str(look("tenant binding", row.status).label),
            "storefront/parts/enterprise_binding_state.html", labelled=False,
        ),
        text(gettext_lazy("Product"), "subscription.product:name"),
        day(gettext_lazy("Since"), "bound_at"),
    ),
    empty=Empty(
        icon="apps",
        title=gettext_lazy("No application yet"),
        text=gettext_lazy("Buy a product for enterprises, then bind the service here."),
        action=gettext_lazy("Browse the store"),
        page="storefront:home",
    ),
    also=_extra_context,
)  # fmt: skip
index = enterprise_list(LISTING)


def _is_buyer(request: EnterpriseRequest) -> bool:
    """Return whether the user's services can be bound to the enterprise."""
    return request.enterprise.buyer_id == request.user.pk


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def bind(request: EnterpriseRequest, service: int) -> HttpResponse:
    chosen: Subscription = or_404(buyer_queries.find_bindable(request.user, service) if _is_buyer(request) else None)
    application = chosen.product.application
    form = ReleaseForm(submitted_data(request), asked=application.asked_fields)
    return ask(
        request,
        form,
        lambda: binding_verbs.bind(
            chosen, request.enterprise, released=form.cleaned_data["released"], actor=_actor(request), rules=sync_rules(),
            now=request.now,
        ),
        page=lambda: show(
            request, "storefront/enterprise_bind.html", form=form, service=chosen, application=application
        ),
        done=_("The enterprise is being sent to the seller. When that is done, authorise members."),
        back=lambda created: redirect_to_application(request, created.pk),
    )  # fmt: skip


def redirect_to_application(request: EnterpriseRequest, pk: int) -> HttpResponse:
    return redirect("storefront:enterprise_application", code=request.enterprise.code, pk=pk)


def own_binding(request: EnterpriseRequest, pk: int) -> TenantBinding:
    return or_404(buyer_queries.find_binding(request.enterprise, pk))


@require_safe
@enterprise_page(admin=True)
def detail(request: EnterpriseRequest, pk: int) -> HttpResponse:
    binding = own_binding(request, pk)
    text = request.GET.get("q", "").replace("\x00", "")[:64]
    page = buyer_queries.authorised_members(binding, text=text, after=request.GET.get("after", ""))
    return show(
        request, "storefront/enterprise_application.html", binding=binding, page=page, text=text,
        released=[FIELD_LABELS[field] for field in binding.released_fields], can_release=bool(release.releasable_fields(binding)),
        count=buyer_queries.count_authorised(binding), bound=buyer_queries.groups_bound(binding),
        departments=buyer_queries.departments_bound(binding), sync=sync_view(binding),
        told=history_entries(queries.acts_of(request.enterprise, about=application_subject(binding).subject, size=MAX_ACTS).rows, request.enterprise),
    )  # fmt: skip


@require_POST
@enterprise_page(admin=True)
def restart(request: EnterpriseRequest, pk: int) -> HttpResponse:
    binding = own_binding(request, pk)

    def act() -> str:
        run.restart(binding.pk, actor=_actor(request), rules=sync_rules(), now=request.now)
        return _("The failed calls are being retried.")

    return run_act(request, pk, act)


@require_POST
@enterprise_page(admin=True)
def restart_all(request: EnterpriseRequest) -> HttpResponse:
    """Retry the failed calls of all applications."""
    failed = resend.failed_of_enterprise(request.enterprise).values_list("pk", flat=True)
    if resend.request_retries(failed, actor=_actor(request), now=request.now):
        messages.success(request, _("The failed calls of all applications are being retried."))
    else:
        messages.info(request, _("No synchronisation has failed, so there is nothing to retry."))
    return redirect("storefront:enterprise_applications", code=request.enterprise.code)


def _actor(request: EnterpriseRequest) -> str:
    """Return the actor's name; accounts of the enterprise have no mail address."""
    return request.user.email or f"{request.membership.user_name}@{request.enterprise.code}"


@require_POST
@enterprise_page(admin=True)
def unbind(request: EnterpriseRequest, pk: int) -> HttpResponse:
    binding = own_binding(request, pk)

    def act() -> str:
        binding_verbs.unbind(binding, actor=_actor(request), rules=sync_rules(), now=request.now)
        return _("Members can no longer sign in to it. The seller is being notified.")

    return run_act(request, pk, act)


def run_act(request: EnterpriseRequest, pk: int, act: Callable[[], str]) -> HttpResponse:
    """Run an act on the application and return to its page with the result."""
    try:
        words = act()
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, words)
    return redirect_to_application(request, pk)
