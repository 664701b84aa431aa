"""The certified customer type on an account's page, with its history."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.models import Move
from tradepost.market.identity.customer_type import HISTORY, MAX_NAME
from tradepost.market.identity.models import CustomerType, User
from tradepost.market.web.timeline import moves_of

MAX_CHANGES = 20
"""Maximum number of changes on the page."""


class TypeForm(forms.Form):
    customer_type = forms.ChoiceField(
        label=_("Customer type"), required=False, choices=[("", _("Not certified")), *CustomerType.choices]
    )
    name = forms.CharField(
        label=_("Certified name"), required=False, max_length=MAX_NAME,
        help_text=_("As on the business licence or identity document."),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Evidence checked"), max_length=200, help_text=_("For the history. The customer does not see it.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "type-%s"


def type_context(user: User, form: TypeForm | None = None) -> dict[str, Any]:
    """Return the context of the account's page."""
    moves: list[Move] = moves_of(HISTORY, user.pk)
    labels = dict(CustomerType.choices)
    return {
        "type_form": form or TypeForm(initial={"customer_type": user.customer_type, "name": user.certified_name}),
        "type_moves": [
            (move, labels.get(move.before, ""), labels.get(move.after, "")) for move in moves[: -MAX_CHANGES - 1 : -1]
        ],
    }
