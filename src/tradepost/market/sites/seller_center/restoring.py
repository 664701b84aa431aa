"""Request to restore the suspended sale of a product. Its cases are replayed first."""

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
from tradepost.market.review.drafts import submission_to_correct
from tradepost.market.review.kinds.restore import KIND, MAX_TEXT_LENGTH, RestoreRequest
from tradepost.market.web.refusals import status_of

from .correcting import remarks_of
from .draft_inputs import InputErrors, InputView, Look
from .frame import SellerRequest, seller_page, show
from .products import find_own_product


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS, product="pk")
def restore(request: SellerRequest, pk: int) -> HttpResponse:
    product = find_own_product(request, pk)
    last = submission_to_correct(KIND.name, request.seller, product=product)
    last_text = stored.load(RestoreRequest, last.document).repaired if last is not None else ""
    typed = request.POST.get("repaired", last_text).replace("\0", "").strip()
    wrong, status = InputErrors(), HTTPStatus.OK
    lacks: list[Finding] = []
    if request.method == "POST":
        try:
            document = RestoreRequest(repaired=typed[: 4 * MAX_TEXT_LENGTH])
            submission = hand_in.request_restoring(
                product, document, by=request.user, settings=config(), now=request.now
            )
        except Incomplete as incomplete:
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            for finding in incomplete.findings:
                if finding.field == "repaired":
                    wrong.put(finding.field, str(finding.words), finding.rule)
                else:
                    lacks.append(finding)
        except Refused as refused:
            status = HTTPStatus(status_of(refused))
            wrong.put("", refused.message)
        else:
            messages.success(request, _("Submitted. The market replays your cases, then an operator decides."))
            return redirect("seller_center:submission", submission.pk)
    repaired = InputView(
        name="repaired", label=_("Cause and correction"), value=typed, look=Look.LINES,
        longest=MAX_TEXT_LENGTH, required=True, help=_("Visible to the operator."), errors=wrong.at("repaired"),
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


restore.own_transactions = True  # type: ignore[attr-defined]  # the verb has its own, so that a refusal stores nothing
