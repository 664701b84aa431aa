"""What must hold of all refunds, and which do not keep to it: for the check of the books."""

from __future__ import annotations

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from .models import OrderLine
from .refund_models import Refund


def problems() -> list[str]:
    """No line gave more than was paid for it, and the lines of a refund that was paid add up to it. Reads all refunds."""
    lines = OrderLine.objects.filter(refund_lines__refund__status=Refund.Status.REFUNDED)
    over = lines.annotate(back=Sum("refund_lines__back_minor")).filter(back__gt=F("amount_minor"))
    refunds = Refund.objects.filter(status=Refund.Status.REFUNDED).annotate(back=Coalesce(Sum("lines__back_minor"), 0))
    differ = refunds.filter(~Q(back=F("amount_minor") + F("unbegun_minor")))
    return [
        *(f"order line {line.number} gave back {line.back} of {line.amount_minor}" for line in over.order_by("pk")),
        *(f"refund {one.pk} says {one.total.minor}, its lines {one.back}" for one in differ.order_by("pk")),
    ]
