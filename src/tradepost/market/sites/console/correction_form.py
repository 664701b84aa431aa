"""The form that corrects a booking: error, correct values, and reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.payments.corrections import MAX_REASON, BookingState, Change
from tradepost.market.payments.intent_queries import find_buyer
from tradepost.market.payments.models import Account

from .arrival_form import parse_amount

AMOUNT, REVERSE, ACCOUNT = "amount", "reverse", "account"
CORRECTION_TYPES = (
    (AMOUNT, _("The amount is wrong")),
    (REVERSE, _("The money never arrived: reverse the booking")),
    (ACCOUNT, _("The money belongs to another buyer")),
)


class CorrectionForm(forms.Form):
    way = forms.ChoiceField(label=_("Error to correct"), choices=CORRECTION_TYPES)
    amount = forms.CharField(
        label=_("Correct amount"), max_length=32, required=False, help_text=_("Only if the amount is wrong.")
    )
    whose = forms.CharField(
        label=_("Email of the right buyer"), max_length=254, required=False,
        help_text=_("Only if the money belongs to another buyer."),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), max_length=MAX_REASON, help_text=_("Shown to the buyer or seller in the notice.")
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10_000)

    def __init__(self, *args: Any, standing: BookingState, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"seen": len(standing.corrections)})
        super().__init__(*args, **kwargs)
        self.standing = standing
        self.fields["amount"].widget.attrs["inputmode"] = "decimal"
        if standing.account.kind == Account.Kind.SUSPENSE:
            self.fields["way"].choices = CORRECTION_TYPES[:2]  # type: ignore[attr-defined]  # of a ChoiceField
            del self.fields["whose"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("way") == AMOUNT:
            self._clean_amount(data)
        elif data.get("way") == ACCOUNT:
            self._clean_whose(data)
        return data

    def _clean_amount(self, data: dict[str, Any]) -> None:
        if "amount" not in data:
            return
        try:
            data["right"] = parse_amount(data["amount"], self.standing.amount.currency)
        except forms.ValidationError as error:
            self.add_error("amount", error)

    def _clean_whose(self, data: dict[str, Any]) -> None:
        data["buyer"] = buyer = find_buyer(data.get("whose", "")) if data.get("whose", "").strip() else None
        if buyer is None and "whose" in data:
            self.add_error("whose", gettext("No buyer has this email address. Check it and try again."))

    def change(self) -> Change:
        data, now = self.cleaned_data, self.standing.amount
        right: Decimal | None = data.get("right")
        to: User | None = data.get("buyer")
        if data["way"] == REVERSE:
            amount = Money(0, now.currency)
        else:
            amount = now if right is None else Money.of(right, now.currency)
        return Change(amount=amount, to=to, reason=data["reason"], seen=data["seen"])
