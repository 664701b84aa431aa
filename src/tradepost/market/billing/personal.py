"""Usage billing at the erasure of an account: arrears must be paid first; charges belong to the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Exported, Hold, Personal

from .models import Arrears, Charge, PackageAlert, UsageMonth


def _holds(user: int) -> Iterator[Hold]:
    if Arrears.objects.filter(buyer=user).exclude(status=Arrears.Status.PAID).exists():
        yield Hold(code="arrears")


EXPORTED = (
    Exported(
        name="usage_charges", title=_("Charges for usage"), model=Charge, whose="buyer",
        columns=(
            "at subscription__order_line_number subscription__product__name quantity_before quantity_after "
            "deducted free minor open_minor currency"
        ),
    ),
    Exported(
        name="usage_months", title=_("Usage by month"), model=UsageMonth, whose="subscription__buyer",
        columns="subscription__order_line_number month paid_minor invoiced_minor currency",
    ),
    Exported(
        name="arrears", title=_("Unpaid usage"), model=Arrears, whose="buyer",
        columns="status currency began_at freezes_at releases_at ended_at",
    ),
    Exported(
        name="package_alerts", title=_("Usage package alerts"), model=PackageAlert, whose="buyer",
        columns="offer__sku__spec__product__name by threshold repurchases_left changed_at",
    ),
)  # fmt: skip

PERSONAL = Personal(holds=_holds, exported=EXPORTED)
