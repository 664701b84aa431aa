"""Choose the personal fields that an enterprise releases to an application: selection, comparison with the current
fields, confirmation."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tradepost.market.applications import buyer_queries, release
from tradepost.market.base.errors import Refused
from tradepost.market.web.joint import sync_rules
from tradepost.market.web.pages import submitted_data
from tradepost.market.web.refusals import add_refusal
from tradepost.market.web.released import FIELD_LABELS

from .enterprise_applications import ReleaseForm, own_binding, redirect_to_application
from .enterprise_frame import EnterpriseRequest, enterprise_page, show


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def change(request: EnterpriseRequest, pk: int) -> HttpResponse:
    binding = own_binding(request, pk)
    form = ReleaseForm(
        submitted_data(request), asked=release.releasable_fields(binding), initial={"released": binding.released_fields}
    )  # fmt: skip
    difference = None
    if form.is_valid():
        released_fields: list[str] = form.cleaned_data["released"]
        difference = release.difference(binding, released_fields)
        if not difference:
            messages.info(request, _("There were no changes to save."))
            return redirect_to_application(request, pk)
        if request.POST.get("confirmed") == "yes":
            try:
                release.change_released(
                    binding, released_fields, by=request.membership, rules=sync_rules(), now=request.now
                )
            except Refused as refused:
                add_refusal(form, refused)
                difference = None
            else:
                messages.success(request, _("The released fields were saved. The seller is being notified."))
                return redirect_to_application(request, pk)
    return show(
        request, "storefront/enterprise_released.html", binding=binding, form=form,
        count=buyer_queries.count_authorised(binding), chosen=form.cleaned_data.get("released", ()) if difference else (),
        difference=difference, gets=_labels(difference.released if difference else ()),
        loses=_labels(difference.withdrawn if difference else ()),
    )  # fmt: skip


def _labels(names: tuple[str, ...]) -> list[str]:
    return [str(FIELD_LABELS[name]) for name in names]
