"""Ask the operator to move a published application and its product to another production address (openapi-jointkit
§B.1)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tradepost.market.applications import seller_queries as applications
from tradepost.market.base import stored
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.identity.menus import Menu
from tradepost.market.production.models import Address
from tradepost.market.review import hand_in, seller_queries
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.drafts import submission_to_correct
from tradepost.market.review.kinds.credential import KIND, CredentialMove
from tradepost.market.web.pages import submitted_data
from tradepost.market.web.refusals import add_refusal, status_of

from .correcting import remarks_of
from .frame import SellerRequest, or_404, seller_page, show


class MoveForm(forms.Form):
    """The choice of an address; the review kind validates it."""

    address = forms.ChoiceField(
        label=gettext_lazy("New production address"),
        help_text=gettext_lazy(
            "Registered for both the production interface and joint operation; all cases that the product needs are debugged and saved "
            "there."
        ),
    )

    def __init__(self, *args: Any, addresses: list[Address], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(field := self.fields["address"], forms.ChoiceField):
            field.choices = [(str(address.pk), address.url) for address in addresses]


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def move(request: SellerRequest, pk: int) -> HttpResponse:
    own = or_404(applications.find_application(request.seller, pk))
    product = or_404(own.product)
    addresses = [address for address in applications.kit_addresses(request.seller) if address.pk != own.address_id]
    last = submission_to_correct(KIND.name, request.seller, product=product)
    last_values = {"address": str(stored.load(CredentialMove, last.document).address)} if last is not None else {}
    form = MoveForm(submitted_data(request), addresses=addresses, initial=last_values)
    status, lacks = HTTPStatus.OK, list[Finding]()
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            chosen = next(address for address in addresses if str(address.pk) == form.cleaned_data["address"])
            document = CredentialMove(address=chosen.pk, url=chosen.url, before=own.address.url)
            try:
                submitted = hand_in.request_move(product, document, by=request.user, settings=config(), now=request.now)
            except Incomplete as incomplete:
                for finding in incomplete.findings:
                    if finding.field == "address":
                        form.add_error("address", str(finding.words))
                    else:
                        lacks.append(finding)
            except Refused as refused:
                status = HTTPStatus(status_of(refused))
                add_refusal(form, refused)
            else:
                messages.success(request, _("Submitted. The market replays your cases, then an operator decides."))
                return redirect("seller_center:submission", submitted.pk)
    return show(
        request, "seller_center/application_move.html", application=own, form=form, lacks=lacks, addresses=addresses,
        under_way=seller_queries.open_of_product(product), remarks=remarks_of(last), status=status,
    )  # fmt: skip


move.own_transactions = True  # type: ignore[attr-defined]  # the verb has its own, so that a refusal stores nothing
