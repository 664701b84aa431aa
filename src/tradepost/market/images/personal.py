"""Personal data of period images: copied for the person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Exported, Personal

from .models import PeriodImage

EXPORTED = (
    Exported(
        name="images", title=_("Images"), model=PeriodImage, whose="service__buyer",
        columns="service__order_line_number status idle_since",
    ),
)  # fmt: skip

PERSONAL = Personal(exported=EXPORTED)
