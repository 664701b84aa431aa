"""A top-up that an operator enters by hand: amount and bank reference, and which announced transfer of this person it is."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.money_words import in_words
from tradepost.market.base.numbers import whole_number
from tradepost.market.identity.models import User
from tradepost.market.payments.confirm import Arrival, as_kept
from tradepost.market.payments.intent_models import Intent
from tradepost.market.payments.intent_queries import find_intent, open_intents_of

from .arrival_form import plain_amount

NONE = "none"


class TopUp(Struct, frozen=True):
    """``transfer``: the announced one that is done with it; ``asked``: whether some is open, so that it was chosen."""

    amount: Money
    reference: str
    note: str
    transfer: Intent | None = None
    asked: bool = False

    @property
    def arrival(self) -> Arrival:
        return Arrival(bank_number=self.reference, amount=self.amount, note=self.note)

    @property
    def chosen(self) -> str:
        """As the form says it."""
        return str(self.transfer.pk) if self.transfer else NONE if self.asked else ""


class TopUpForm(forms.Form):
    """``user``: whose balance; without one nothing is asked about transfers."""

    amount = forms.CharField(label=_("Amount"), max_length=32)
    reference = forms.CharField(
        label=_("Bank reference"), max_length=64,
        help_text=_("As on the bank statement. The same reference is booked once only."),
    )  # fmt: skip
    note = forms.CharField(
        label=_("Note"), max_length=200, required=False, help_text=_("For the books; the buyer does not see it.")
    )

    def __init__(self, *args: object, currency: str, user: User | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.currency, self.user = currency, user
        self.fields["amount"].label = gettext("Amount in %(currency)s") % {"currency": currency}
        self.fields["amount"].widget.attrs["inputmode"] = "decimal"
        waiting = [one for one in open_intents_of(user) if one.currency == currency] if user is not None else []
        if waiting or self.data.get(
            "transfer"
        ):  # also where it was decided since it was chosen: else it were booked as other money
            self.fields["transfer"] = _transfer_field(waiting)

    def clean_amount(self) -> Decimal:
        return plain_amount(self.cleaned_data["amount"], self.currency)

    def clean_reference(self) -> str:
        """In the one form in which numbers of banks are kept, so that none is booked twice by writing it otherwise."""
        return as_kept(self.cleaned_data["reference"])

    def clean_transfer(self) -> Intent | None:
        """Also one that was decided meanwhile: booking says so."""
        said = self.cleaned_data["transfer"]
        pk = whole_number(said)
        found = find_intent(pk) if pk is not None else None
        theirs = found is not None and self.user is not None and found.user_id == self.user.pk
        if said != NONE and not (theirs and found is not None and found.currency == self.currency):
            raise forms.ValidationError(gettext("Choose which transfer it is, or none of them."))
        return found

    def command(self) -> TopUp:
        data = self.cleaned_data
        amount = Money.of(data["amount"], self.currency)
        return TopUp(amount, data["reference"], data["note"], data.get("transfer"), asked="transfer" in self.fields)


def _transfer_field(waiting: list[Intent]) -> forms.Field:
    choices = [
        ("", gettext("Choose")),
        *((str(one.pk), f"{one.number} · {in_words(one.amount)}") for one in waiting),
        (NONE, gettext("None of them: other money")),
    ]
    return forms.CharField(
        label=gettext("Announced transfer"), max_length=20, widget=forms.Select(choices=choices),
        help_text=gettext("This person has announced a transfer. If this is the money, the transfer is done with it."),
    )  # fmt: skip
