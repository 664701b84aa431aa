"""Ask the operator to move a published application, with its product, to another production address (openapi-jointkit §B.1)."""

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
from tradepost.market.review.drafts import to_correct
from tradepost.market.review.kinds.credential import KIND, Moving
from tradepost.market.web.refusals import say_why

from .correcting import remarks_of
from .frame import SellerRequest, found, seller_page, show


class MoveForm(forms.Form):
    """The choice alone; the rules are the kind's."""

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
            field.choices = [(str(one.pk), one.url) for one in addresses]


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def move(request: SellerRequest, pk: int) -> HttpResponse:
    own = found(applications.find_application(request.seller, pk))
    product = found(own.product)
    addresses = [one for one in applications.kit_addresses(request.seller) if one.pk != own.address_id]
    last = to_correct(KIND.name, request.seller, product=product)
    wanted_before = {"address": str(stored.load(Moving, last.document).address)} if last is not None else {}
    form = MoveForm(request.POST or None, addresses=addresses, initial=wanted_before)
    status, lacks = HTTPStatus.OK, list[Finding]()
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            chosen = next(one for one in addresses if str(one.pk) == form.cleaned_data["address"])
            wanted = Moving(address=chosen.pk, url=chosen.url, before=own.address.url)
            try:
                sent = hand_in.ask_moving(product, wanted, by=request.user, settings=config(), now=request.now)
            except Incomplete as incomplete:
                for finding in incomplete.findings:
                    if finding.field == "address":
                        form.add_error("address", str(finding.words))
                    else:
                        lacks.append(finding)
            except Refused as refused:
                status = HTTPStatus(refused.status)
                say_why(form, refused)
            else:
                messages.success(request, _("Handed in. Your cases are replayed now; then an operator decides."))
                return redirect("seller_center:submission", sent.pk)
    return show(
        request, "seller_center/application_move.html", application=own, form=form, lacks=lacks, addresses=addresses,
        under_way=seller_queries.open_of_product(product), remarks=remarks_of(last), status=status,
    )  # fmt: skip


move.own_transactions = True  # type: ignore[attr-defined]  # the verb has its own, so that a refusal keeps nothing
