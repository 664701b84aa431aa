"""Ask the operator to restore the sale of a product that its probes, or an operator, froze: the cases are replayed first."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tradepost.market.base import stored
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import Menu
from tradepost.market.review import hand_in, seller_queries
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.drafts import to_correct
from tradepost.market.review.kinds.restore import KIND, LONGEST, Restoring

from .correcting import remarks_of
from .draft_inputs import Look, Shown, Wrong
from .frame import SellerRequest, seller_page, show
from .products import own


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS, product="pk")
def restore(request: SellerRequest, pk: int) -> HttpResponse:
    product = own(request, pk)
    last = to_correct(KIND.name, request.seller, product=product)
    said = stored.load(Restoring, last.document).repaired if last is not None else ""
    typed = request.POST.get("repaired", said).replace("\0", "").strip()
    wrong, status = Wrong(), HTTPStatus.OK
    lacks: list[Finding] = []
    if request.method == "POST":
        try:
            wanted = Restoring(repaired=typed[: 4 * LONGEST])
            sent = hand_in.ask_restoring(product, wanted, by=request.user, settings=config(), now=request.now)
        except Incomplete as incomplete:
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            for finding in incomplete.findings:
                if finding.field == "repaired":
                    wrong.put(finding.field, str(finding.words), finding.rule)
                else:
                    lacks.append(finding)
        except Refused as refused:
            status = HTTPStatus(refused.status)
            wrong.put("", refused.message)
        else:
            messages.success(request, _("Handed in. Your cases are replayed now; then an operator decides."))
            return redirect("seller_center:submission", sent.pk)
    repaired = Shown(
        name="repaired", label=_("What was wrong, and what you did about it"), value=typed, look=Look.LINES,
        longest=LONGEST, required=True, help=_("The operator reads it."), errors=wrong.at("repaired"),
    )  # fmt: skip
    return show(
        request,
        "seller_center/product_restore.html",
        status=status,
        product=product,
        wrong=wrong,
        loose=wrong.at(""),
        inputs=[repaired],
        lacks=lacks,
        remarks=remarks_of(last),
        frozen=product.status == Product.Status.FROZEN,
        under_way=seller_queries.open_of_product(product),
    )


restore.own_transactions = True  # type: ignore[attr-defined]  # the verb has its own, so that a refusal keeps nothing
