"""Applications of an enterprise: which services it bound, who may use them, and what their sellers know (openapi-jointkit §A, §B)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.applications import authorise as authorising
from tradepost.market.applications import bind as binding_verbs
from tradepost.market.applications import buyer_queries, resend, run
from tradepost.market.applications.models import TenantBinding
from tradepost.market.base.counting import counts_up_to
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.organisations import queries
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.joint import sync_rules
from tradepost.market.web.refusals import say_why
from tradepost.market.web.released import WORDS
from tradepost.market.web.sync_view import mark_failures, sync_view

from .enterprise_frame import EnterpriseRequest, enterprise_page, found, show
from .enterprise_groups import PeopleForm


class ReleaseForm(forms.Form):
    """Personal fields that the seller asks for: the enterprise consents here for its people."""

    released = forms.MultipleChoiceField(
        label=gettext_lazy("Personal fields that the seller may have"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Account name, name, department and role are always told: nobody could sign in without them."
        ),
    )

    def __init__(self, *args: Any, asked: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(field := self.fields["released"], forms.MultipleChoiceField):
            field.choices = [(one, WORDS[one]) for one in asked]


class RightForm(PeopleForm):
    admin = forms.BooleanField(label=gettext_lazy("They administer the application, too"), required=False)


@require_safe
@enterprise_page(admin=True)
def index(request: EnterpriseRequest) -> HttpResponse:
    page = buyer_queries.bindings_of(request.enterprise, after=request.GET.get("after", ""))
    mark_failures(page.rows)
    [failed] = counts_up_to(resend.failed_of_enterprise(request.enterprise))
    return show(
        request, "storefront/enterprise_applications.html", page=page, failed=failed,
        bindable=buyer_queries.bindable(request.user) if _is_buyer(request) else [],
    )  # fmt: skip


def _is_buyer(request: EnterpriseRequest) -> bool:
    """Whose services can be bound to it."""
    return request.enterprise.buyer_id == request.user.pk


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def bind(request: EnterpriseRequest, service: int) -> HttpResponse:
    chosen: Subscription = found(buyer_queries.find_bindable(request.user, service) if _is_buyer(request) else None)
    application = chosen.product.application
    given = request.POST if request.method == "POST" else None
    form, status = ReleaseForm(given, asked=application.asked_fields), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = binding_verbs.bind(
                    chosen, request.enterprise, released=form.cleaned_data["released"], actor=_actor(request),
                    rules=sync_rules(), now=request.now,
                )  # fmt: skip
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                messages.success(
                    request, _("The seller is told of the enterprise. Then say who may use the application.")
                )
                return _to(request, made.pk)
    return show(
        request, "storefront/enterprise_bind.html", form=form, service=chosen, application=application, status=status
    )


def _to(request: EnterpriseRequest, pk: int) -> HttpResponse:
    return redirect("storefront:enterprise_application", code=request.enterprise.code, pk=pk)


def _own(request: EnterpriseRequest, pk: int) -> TenantBinding:
    return found(buyer_queries.find_binding(request.enterprise, pk))


@require_safe
@enterprise_page(admin=True)
def detail(request: EnterpriseRequest, pk: int) -> HttpResponse:
    return _page(request, _own(request, pk), RightForm())


def _page(request: EnterpriseRequest, binding: TenantBinding, form: RightForm, *, status: int = 200) -> HttpResponse:
    bound = buyer_queries.groups_bound(binding)
    text = request.GET.get("q", "").replace("\x00", "")[:64]
    return show(
        request, "storefront/enterprise_application.html", status=status, binding=binding, form=form,
        released=[WORDS[one] for one in binding.released_fields], text=text, count=buyer_queries.how_many(binding),
        page=buyer_queries.rights_of(binding, text=text, after=request.GET.get("after", "")), bound=bound,
        groups=[one for one in queries.groups_with_sizes(request.enterprise) if one[0] not in bound], sync=sync_view(binding),
    )  # fmt: skip


@require_POST
@enterprise_page(admin=True)
def authorise(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """By their account names."""
    own, form = _own(request, pk), RightForm(request.POST)
    if not form.is_valid():
        return _page(request, own, form, status=422)
    names = form.wanted()
    known = queries.by_account_names(request.enterprise, names)
    if missing := [name for name in names if name not in known]:
        words = _("No member has the account name %(names)s.") % {"names": ", ".join(missing[:5])}
        form.add_error("names", words)
        return _page(request, own, form, status=422)
    try:
        authorising.authorise(
            own, list(known.values()), admin=form.cleaned_data["admin"], rules=sync_rules(), now=request.now
        )
    except Refused as refused:
        say_why(form, refused)
        return _page(request, own, form, status=refused.status)
    messages.success(request, _("They may use the application. Its seller is told."))
    return _to(request, pk)


@require_POST
@enterprise_page(admin=True)
def withdraw(request: EnterpriseRequest, pk: int) -> HttpResponse:
    own, member = _own(request, pk), whole_number(request.POST.get("member", "")) or 0

    def act() -> str:
        authorising.withdraw(own, [member], rules=sync_rules(), now=request.now)
        if buyer_queries.still_may(own, member):
            return _("A bound group still gives it.")
        return _("Withdrawn. Nobody signs in with it any more.")

    return _do(request, pk, act)


@require_POST
@enterprise_page(admin=True)
def give_group(request: EnterpriseRequest, pk: int) -> HttpResponse:
    own = _own(request, pk)
    group = found(queries.find_group(request.enterprise, whole_number(request.POST.get("group", "")) or 0))

    def act() -> str:
        authorising.authorise_group(own, group, rules=sync_rules(), now=request.now)
        return _("Whoever is in %(group)s may use the application, now and later.") % {"group": group}

    return _do(request, pk, act)


@require_POST
@enterprise_page(admin=True)
def take_group(request: EnterpriseRequest, pk: int) -> HttpResponse:
    own = _own(request, pk)
    group = found(queries.find_group(request.enterprise, whole_number(request.POST.get("group", "")) or 0))

    def act() -> str:
        authorising.withdraw_group(own, group, rules=sync_rules(), now=request.now)
        return _("%(group)s gives nobody the application any more.") % {"group": group}

    return _do(request, pk, act)


@require_POST
@enterprise_page(admin=True)
def restart(request: EnterpriseRequest, pk: int) -> HttpResponse:
    own = _own(request, pk)

    def act() -> str:
        run.restart(own.pk, actor=_actor(request), rules=sync_rules(), now=request.now)
        return _("The failed calls are being retried.")

    return _do(request, pk, act)


@require_POST
@enterprise_page(admin=True)
def restart_all(request: EnterpriseRequest) -> HttpResponse:
    """Every application with failed calls."""
    failed = resend.failed_of_enterprise(request.enterprise).values_list("pk", flat=True)
    if resend.request_retries(failed, actor=_actor(request), now=request.now):
        messages.success(request, _("The failed calls of all applications are being retried."))
    else:
        messages.info(request, _("No synchronisation has failed, so there is nothing to retry."))
    return redirect("storefront:enterprise_applications", code=request.enterprise.code)


def _actor(request: EnterpriseRequest) -> str:
    """Accounts of the enterprise's own have no address."""
    return request.user.email or f"{request.membership.user_name}@{request.enterprise.code}"


@require_POST
@enterprise_page(admin=True)
def unbind(request: EnterpriseRequest, pk: int) -> HttpResponse:
    own = _own(request, pk)

    def act() -> str:
        binding_verbs.unbind(own, actor=_actor(request), rules=sync_rules(), now=request.now)
        return _("Nobody of the enterprise signs in to it any more. Its seller is told.")

    return _do(request, pk, act)


def _do(request: EnterpriseRequest, pk: int, act: Callable[[], str]) -> HttpResponse:
    try:
        told = act()
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, told)
    return _to(request, pk)
