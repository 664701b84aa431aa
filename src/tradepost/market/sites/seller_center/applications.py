"""Application credentials (应用凭证): apply for one, change and test it, and see its bindings (openapi-jointkit §B.1)."""

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
from tradepost.market.web.pages import ask, submitted_data
from tradepost.market.web.released import FIELD_LABELS
from tradepost.market.web.sync_view import mark_failures, sync_view

from .frame import SellerRequest, or_404, seller_page, show


class CredentialForm(forms.Form):
    """Inputs of a credential; the verb validates them."""

    name = forms.CharField(label=gettext_lazy("Name of the application"), max_length=credential.MAX_NAME_LENGTH)
    mode = forms.ChoiceField(
        label=gettext_lazy("Authentication mode"), choices=Application.Mode, initial=Application.Mode.OAUTH2
    )
    address = forms.ChoiceField(
        label=gettext_lazy("Production address"),
        help_text=gettext_lazy("The address with saved debug cases of the five joint operation calls."),
    )
    public_key = forms.CharField(
        label=gettext_lazy("Public key"),
        max_length=8192,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy(
            "RSA, 3072 bits or more, with or without the BEGIN and END lines. The market encrypts client secrets "
            "with it. Keep the private key."
        ),
    )
    login_kind = forms.ChoiceField(
        label=gettext_lazy("Login address type"),
        choices=Application.LoginKind,
        initial=Application.LoginKind.SHARED,
    )
    login_url = forms.CharField(
        label=gettext_lazy("Login address"),
        max_length=512,
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy("A domain name that no other application uses."),
    )
    callback = forms.CharField(
        label=gettext_lazy("Callback address"),
        max_length=512,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy(
            "The address to which users return after sign-in. It is required for OAuth2.0 and cannot be changed later."
        ),
    )
    multi_instance = forms.BooleanField(
        label=gettext_lazy("Allow several orders for one enterprise"),
        required=False,
        help_text=gettext_lazy("This cannot be switched back."),
    )
    asked_fields = forms.MultipleChoiceField(
        label=gettext_lazy("Requested personal fields"),
        required=False,
        choices=[(field, FIELD_LABELS[field]) for field in RELEASABLE],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "You get the fields that an enterprise releases. Request only fields that the application needs."
        ),
    )

    def __init__(
        self, *args: Any, addresses: Sequence[Address], changes: bool = False, published: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(field := self.fields["address"], forms.ChoiceField):
            field.choices = [(str(address.pk), address.url) for address in addresses]
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
    """Apply for a credential. Only this response contains the secret."""
    addresses = seller_queries.kit_addresses(request.seller)
    form = CredentialForm(submitted_data(request), addresses=addresses)
    return ask(
        request,
        form,
        lambda: credential.apply_for_credential(
            request.seller, _application_form(form, addresses), most=config().applications.applications_most, outbound=config().outbound,
            actor=request.user.email, rules=sync_rules(), now=request.now,
        ),
        page=lambda: show(request, "seller_center/application_new.html", form=form, addresses=addresses),
        back=lambda created: _page(request, created.application, secret=created.secret),
    )  # fmt: skip


def _address(key: str, addresses: Sequence[Address]) -> Address:
    """Return the chosen address of the seller."""
    return next(address for address in addresses if str(address.pk) == key)


def _application_form(form: CredentialForm, addresses: Sequence[Address]) -> ApplyForCredential:
    values = form.cleaned_data
    return ApplyForCredential(
        name=values["name"], mode=values["mode"], address=_address(values["address"], addresses),
        public_key=values["public_key"], login_kind=values["login_kind"], login_url=values["login_url"],
        callback=values["callback"], multi_instance=values["multi_instance"], asked_fields=values["asked_fields"],
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TOOLS)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, _own_application(request, pk))


def _own_application(request: SellerRequest, pk: int) -> Application:
    return or_404(seller_queries.find_application(request.seller, pk))


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
        application=application,
        asked=[FIELD_LABELS[field] for field in application.asked_fields],
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
    own, addresses = _own_application(request, pk), seller_queries.kit_addresses(request.seller)
    initial = {
        "name": own.name, "address": str(own.address_id), "public_key": own.public_key, "login_url": own.login_url,
        "multi_instance": own.multi_instance, "asked_fields": own.asked_fields,
    }  # fmt: skip
    form = CredentialForm(
        submitted_data(request), addresses=addresses, changes=True, published=own.product is not None, initial=initial
    )

    def save() -> None:
        values = form.cleaned_data
        credential_change = CredentialChange(
            name=values["name"], address=_address(values["address"], addresses) if "address" in values else own.address,
            public_key=values["public_key"], login_url=values["login_url"], multi_instance=values["multi_instance"],
            asked_fields=values["asked_fields"],
        )  # fmt: skip
        changing.change(own, credential_change, outbound=config().outbound)

    return ask(
        request,
        form,
        save,
        page=lambda: show(request, "seller_center/application_change.html", form=form, application=own),
        done=_("Saved. The change applies to new bindings. Apply it to existing bindings below."),
        back=("seller_center:application", pk),
    )


@require_POST
@seller_page(menu=Menu.TOOLS)
def new_secret(request: SellerRequest, pk: int) -> HttpResponse:
    """Replace the secret of an application of either mode (openapi-jointkit §B.1). Only this response contains the new
    one."""
    own = _own_application(request, pk)
    return _page(request, own, secret=credential.renew_secret(own))


@require_POST
@seller_page(menu=Menu.TOOLS)
def apply_change(request: SellerRequest, pk: int) -> HttpResponse:
    """Apply a change to one binding, or to all."""
    own, binding_pk = _own_application(request, pk), whole_number(request.POST.get("binding", ""))
    active_bindings = TenantBinding.objects.filter(application=own).exclude(status=TenantBinding.Status.UNBOUND)
    binding_pks = [binding_pk] if binding_pk is not None else list(active_bindings.values_list("pk", flat=True))
    count = changing.apply_change(own, binding_pks, actor=request.user.email, rules=sync_rules(), now=request.now)
    messages.success(
        request,
        _("Applied to %(count)s bindings. Your server is notified at its current address.") % {"count": count},
    )
    return redirect("seller_center:application", pk=pk)


@require_POST
@seller_page(menu=Menu.TOOLS)
def account(request: SellerRequest, pk: int) -> HttpResponse:
    """Create a test account. Only this response contains its password."""
    own = _own_application(request, pk)
    try:
        account = account_for_tests.make_test_account(
            own, admin=bool(request.POST.get("admin")), most=config().organisations.enterprise_members_most, rules=sync_rules(),
            now=request.now,
        )  # fmt: skip
    except Refused as refused:
        return _page(request, own, refused=refused)
    return _page(request, own, account=account)


@require_POST
@seller_page(menu=Menu.TOOLS)
def restart(request: SellerRequest, pk: int) -> HttpResponse:
    """Retry failed calls for the test enterprise."""
    tested = or_404(binding_for_tests(_own_application(request, pk)))
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
    """Retry all failed calls of the seller's applications, for all enterprises."""
    failed = resend.failed_of_seller(request.seller).values_list("pk", flat=True)
    if resend.request_retries(failed, actor=request.user.email, now=request.now):
        messages.success(request, _("All failed calls are being retried."))
    else:
        messages.info(request, _("No synchronisation has failed, so there is nothing to retry."))
    return redirect("seller_center:applications")


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def send_again(request: SellerRequest, pk: int) -> HttpResponse:
    """Send everything again for one enterprise or for all, after a confirmation."""
    own = _own_application(request, pk)
    bindings = resend.resendable_bindings(own)
    binding_pk = whole_number(request.POST.get("binding") or request.GET.get("binding") or "")
    binding = (
        None if binding_pk is None else or_404(bindings.filter(pk=binding_pk).select_related("enterprise").first())
    )
    if request.method == "POST":
        keys = bindings.values_list("pk", flat=True) if binding is None else [binding.pk]
        resend.request_resends(keys, actor=request.user.email, now=request.now)
        messages.success(request, _("Everything is being sent to your server again."))
        return redirect("seller_center:application", pk=pk)
    return show(
        request,
        "seller_center/application_send_again.html",
        application=own,
        binding=binding,
        count=counts_up_to(bindings)[0],
    )
