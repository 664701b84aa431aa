"""The form of a manual top-up: amount, bank reference, and the announced transfer that it fulfils."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.money_words import format_money
from tradepost.market.base.numbers import whole_number
from tradepost.market.identity.models import User
from tradepost.market.payments.confirm import normalized
from tradepost.market.payments.intent_models import Intent
from tradepost.market.payments.intent_queries import find_intent, open_intents_of

from .arrival_form import parse_amount

NO_TRANSFER = "none"


class TopUp(Struct, frozen=True):
    """A top-up. ``transfer``: the announced transfer that it fulfils; ``asked``: whether there was a choice of
    transfers."""

    amount: Money
    reference: str
    note: str
    transfer: Intent | None = None
    asked: bool = False

    @property
    def chosen(self) -> str:
        """Return the value of the form field."""
        return str(self.transfer.pk) if self.transfer else NO_TRANSFER if self.asked else ""


class TopUpForm(forms.Form):
    """The form of a top-up. ``user``: owner of the balance; without one, there is no choice of transfers."""

    amount = forms.CharField(label=_("Amount"), max_length=32)
    reference = forms.CharField(
        label=_("Bank reference"), max_length=64,
        help_text=_("As on the bank statement. The same reference is booked once only."),
    )  # fmt: skip
    note = forms.CharField(
        label=_("Note"), max_length=200, required=False, help_text=_("For accounting only. The buyer cannot see it.")
    )

    def __init__(self, *args: object, currency: str, user: User | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.currency, self.user = currency, user
        self.fields["amount"].label = gettext("Amount in %(currency)s") % {"currency": currency}
        self.fields["amount"].widget.attrs["inputmode"] = "decimal"
        waiting = (
            [intent for intent in open_intents_of(user) if intent.currency == currency] if user is not None else []
        )
        if waiting or self.data.get(
            "transfer"
        ):  # also for a transfer decided meanwhile, which would otherwise be booked as other money
            self.fields["transfer"] = _transfer_field(waiting)

    def clean_amount(self) -> Decimal:
        return parse_amount(self.cleaned_data["amount"], self.currency)

    def clean_reference(self) -> str:
        """Return the bank reference in its stored form, so that another spelling is not booked twice."""
        return normalized(self.cleaned_data["reference"])

    def clean_transfer(self) -> Intent | None:
        """Return the chosen transfer, even if it was decided meanwhile: the booking refuses it."""
        choice = self.cleaned_data["transfer"]
        pk = whole_number(choice)
        intent = find_intent(pk) if pk is not None else None
        theirs = intent is not None and self.user is not None and intent.user_id == self.user.pk
        if choice != NO_TRANSFER and not (theirs and intent is not None and intent.currency == self.currency):
            raise forms.ValidationError(gettext("Choose which transfer it is, or none of them."))
        return intent

    def command(self) -> TopUp:
        data = self.cleaned_data
        amount = Money.of(data["amount"], self.currency)
        return TopUp(amount, data["reference"], data["note"], data.get("transfer"), asked="transfer" in self.fields)


def _transfer_field(waiting: list[Intent]) -> forms.Field:
    choices = [
        ("", gettext("Choose")),
        *((str(transfer.pk), f"{transfer.number} · {format_money(transfer.amount)}") for transfer in waiting),
        (NO_TRANSFER, gettext("None of them: a different payment")),
    ]
    return forms.CharField(
        label=gettext("Announced transfer"), max_length=20, widget=forms.Select(choices=choices),
        help_text=gettext(
            "This person has announced a transfer. If this is the money for it, the booking completes the transfer."),
    )  # fmt: skip
