"""Application credentials (应用凭证): apply for one, change it, try it out, and see who is bound to it (openapi-jointkit §B.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.applications import account_for_tests, credential, resend, run, seller_queries
from tradepost.market.applications import change as changing
from tradepost.market.applications.account_for_tests import Account, binding_for_tests
from tradepost.market.applications.change import CredentialChange
from tradepost.market.applications.credential import ApplyForCredential
from tradepost.market.applications.models import Application, TenantBinding
from tradepost.market.applications.people import RELEASABLE
from tradepost.market.base.config import config
from tradepost.market.base.counting import counts_up_to
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.identity.menus import Menu
from tradepost.market.production.models import Address
from tradepost.market.web.joint import sync_rules
from tradepost.market.web.refusals import say_why
from tradepost.market.web.released import WORDS
from tradepost.market.web.sync_view import mark_failures, sync_view

from .frame import SellerRequest, found, seller_page, show


class CredentialForm(forms.Form):
    """The inputs alone; the rules are the verb's."""

    name = forms.CharField(label=gettext_lazy("Name of the application"), max_length=credential.LONGEST_NAME)
    mode = forms.ChoiceField(
        label=gettext_lazy("How people sign in"), choices=Application.Mode, initial=Application.Mode.OAUTH2
    )
    address = forms.ChoiceField(
        label=gettext_lazy("Production address"),
        help_text=gettext_lazy("At which you debugged and saved the five calls of joint operation."),
    )
    public_key = forms.CharField(
        label=gettext_lazy("Public key"),
        max_length=8192,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy(
            "RSA, 3072 bits or more, with or without the BEGIN and END lines. The market encrypts client secrets with it; the "
            "private key stays with you."
        ),
    )
    login_kind = forms.ChoiceField(
        label=gettext_lazy("Whose the login address is"),
        choices=Application.LoginKind,
        initial=Application.LoginKind.SHARED,
    )
    login_url = forms.CharField(
        label=gettext_lazy("Login address"),
        max_length=512,
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy("A domain name, and of no other application."),
    )
    callback = forms.CharField(
        label=gettext_lazy("Callback address"),
        max_length=512,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy(
            "Where people come back to after they signed in: needed for OAuth2.0, and not changed later."
        ),
    )
    multi_instance = forms.BooleanField(
        label=gettext_lazy("Several orders may be bound to one enterprise"),
        required=False,
        help_text=gettext_lazy("This cannot be switched back."),
    )
    asked_fields = forms.MultipleChoiceField(
        label=gettext_lazy("Personal fields that you ask for"),
        required=False,
        choices=[(one, WORDS[one]) for one in RELEASABLE],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "You get those of them that an enterprise releases. Ask for what the application needs."
        ),
    )

    def __init__(
        self, *args: Any, addresses: Sequence[Address], changes: bool = False, published: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(field := self.fields["address"], forms.ChoiceField):
            field.choices = [(str(one.pk), one.url) for one in addresses]
        if changes:
            for name in ("mode", "login_kind", "callback", *(("address",) if published else ())):
                del self.fields[name]


@require_safe
@seller_page(menu=Menu.TOOLS)
def index(request: SellerRequest) -> HttpResponse:
    own = seller_queries.applications_of(request.seller)
    [failed] = counts_up_to(resend.failed_of_seller(request.seller))
    return show(
        request, "seller_center/applications.html", applications=own, failed=failed,
        kit=seller_queries.kit_addresses(request.seller),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def new(request: SellerRequest) -> HttpResponse:
    """Apply; the answer is the only one that ever holds the secret."""
    addresses = seller_queries.kit_addresses(request.seller)
    form, status = CredentialForm(request.POST or None, addresses=addresses), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = credential.apply_for_credential(
                    request.seller, _wanted(form, addresses), most=config().applications_most,
                    outbound=config().outbound, actor=request.user.email, rules=sync_rules(), now=request.now,
                )  # fmt: skip
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                return _page(request, made.application, secret=made.secret)
    return show(request, "seller_center/application_new.html", form=form, addresses=addresses, status=status)


def _address(given: str, addresses: Sequence[Address]) -> Address:
    """Choices are the seller's own."""
    return next(one for one in addresses if str(one.pk) == given)


def _wanted(form: CredentialForm, addresses: Sequence[Address]) -> ApplyForCredential:
    given = form.cleaned_data
    return ApplyForCredential(
        name=given["name"], mode=given["mode"], address=_address(given["address"], addresses),
        public_key=given["public_key"], login_kind=given["login_kind"], login_url=given["login_url"],
        callback=given["callback"], multi_instance=given["multi_instance"], asked_fields=given["asked_fields"],
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TOOLS)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, _own(request, pk))


def _own(request: SellerRequest, pk: int) -> Application:
    return found(seller_queries.find_application(request.seller, pk))


def _page(
    request: SellerRequest,
    application: Application,
    *,
    secret: str = "",
    account: Account | None = None,
    refused: Refused | None = None,
) -> HttpResponse:
    tested = binding_for_tests(application)
    page = seller_queries.bindings_of(application, after=request.GET.get("after", ""))
    mark_failures(page.rows)
    return show(
        request,
        "seller_center/application.html",
        status=refused.status if refused else 200,
        application=application,
        asked=[WORDS[one] for one in application.asked_fields],
        secret=secret,
        token_url=f"{config().base_url}{reverse('auth_centre:orgid_token')}",
        account=account,
        refused=refused,
        tested=tested,
        sync=sync_view(tested) if tested else None,
        page=page,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def change(request: SellerRequest, pk: int) -> HttpResponse:
    own, addresses = _own(request, pk), seller_queries.kit_addresses(request.seller)
    initial = {
        "name": own.name, "address": str(own.address_id), "public_key": own.public_key, "login_url": own.login_url,
        "multi_instance": own.multi_instance, "asked_fields": own.asked_fields,
    }  # fmt: skip
    form, status = (
        CredentialForm(
            request.POST or None, addresses=addresses, changes=True, published=own.product is not None, initial=initial
        ),
        200,
    )
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            wanted = CredentialChange(
                name=given["name"], address=_address(given["address"], addresses) if "address" in given else own.address,
                public_key=given["public_key"], login_url=given["login_url"], multi_instance=given["multi_instance"],
                asked_fields=given["asked_fields"],
            )  # fmt: skip
            try:
                changing.change(own, wanted, outbound=config().outbound)
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                messages.success(request, _("Saved. It holds for new bindings; apply it below to those that stand."))
                return redirect("seller_center:application", pk=pk)
    return show(request, "seller_center/application_change.html", form=form, application=own, status=status)


@require_POST
@seller_page(menu=Menu.TOOLS)
def new_secret(request: SellerRequest, pk: int) -> HttpResponse:
    """Replace the secret of an application, of either mode (openapi-jointkit §B.1). Only this response holds the new one."""
    own = _own(request, pk)
    return _page(request, own, secret=credential.renew_secret(own))


@require_POST
@seller_page(menu=Menu.TOOLS)
def apply_change(request: SellerRequest, pk: int) -> HttpResponse:
    """To one binding, or to all."""
    own, one = _own(request, pk), whole_number(request.POST.get("binding", ""))
    living = TenantBinding.objects.filter(application=own).exclude(status=TenantBinding.Status.UNBOUND)
    chosen = [one] if one is not None else list(living.values_list("pk", flat=True))
    changed = changing.apply_change(own, chosen, actor=request.user.email, rules=sync_rules(), now=request.now)
    messages.success(
        request,
        _("Applied to %(count)s bindings: your server is told at the address that stands now.") % {"count": changed},
    )
    return redirect("seller_center:application", pk=pk)


@require_POST
@seller_page(menu=Menu.TOOLS)
def account(request: SellerRequest, pk: int) -> HttpResponse:
    """A test account; its password is in this answer alone."""
    own = _own(request, pk)
    try:
        made = account_for_tests.make_test_account(
            own, admin=bool(request.POST.get("admin")), most=config().enterprise_members_most, rules=sync_rules(),
            now=request.now,
        )  # fmt: skip
    except Refused as refused:
        return _page(request, own, refused=refused)
    return _page(request, own, account=made)


@require_POST
@seller_page(menu=Menu.TOOLS)
def restart(request: SellerRequest, pk: int) -> HttpResponse:
    """Retry failed calls about the test enterprise."""
    tested = found(binding_for_tests(_own(request, pk)))
    try:
        run.restart(tested.pk, actor=request.user.email, rules=sync_rules(), now=request.now)
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("The failed calls are being retried."))
    return redirect("seller_center:application", pk=pk)


@require_POST
@seller_page(menu=Menu.TOOLS)
def restart_all(request: SellerRequest) -> HttpResponse:
    """Every failed call of the seller's applications, for all enterprises."""
    failed = resend.failed_of_seller(request.seller).values_list("pk", flat=True)
    if resend.request_retries(failed, actor=request.user.email, now=request.now):
        messages.success(request, _("All failed calls are being retried."))
    else:
        messages.info(request, _("No synchronisation has failed, so there is nothing to retry."))
    return redirect("seller_center:applications")


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def send_again(request: SellerRequest, pk: int) -> HttpResponse:
    """Confirm first: everything is sent again, for one enterprise or for all."""
    own = _own(request, pk)
    living = resend.living_of(own)
    chosen = whole_number(request.POST.get("binding") or request.GET.get("binding") or "")
    one = None if chosen is None else found(living.filter(pk=chosen).select_related("enterprise").first())
    if request.method == "POST":
        keys = living.values_list("pk", flat=True) if one is None else [one.pk]
        resend.request_resends(keys, actor=request.user.email, now=request.now)
        messages.success(request, _("Everything is being sent to your server again."))
        return redirect("seller_center:application", pk=pk)
    return show(
        request,
        "seller_center/application_send_again.html",
        application=own,
        binding=one,
        count=counts_up_to(living)[0],
    )
