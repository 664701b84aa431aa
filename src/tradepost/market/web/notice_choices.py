"""What somebody wants to be told, by category and channel: the form, and how it is read. The same for a person, a receiver and a
program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from tradepost.market.notifications.categories import Audience, Category, Channel
from tradepost.market.notifications.messages import WORDS
from tradepost.market.notifications.why_not import How

AT_ONCE = ((How.ON.value, How.ON.label), (How.OFF.value, How.OFF.label))
BY_MAIL = (AT_ONCE[0], (How.DIGEST.value, How.DIGEST.label), AT_ONCE[1])
SILENT = ((How.ON.value, _("Bell rings")), (How.OFF.value, _("In the list alone")))

EXPLAINED: Mapping[str, str | Promise] = {
    Category.FINANCE: _("Your balance, payments, refunds, invoices and statements."),
    Category.PRODUCT: _("Orders, services, and what happens to products on sale."),
    Category.SECURITY: _("The account, who may act for a company, and keys."),
    Category.OPERATIONS: _("Interfaces that fail, probes, stock, tickets."),
    Category.ACTIVITY: _("Offers and events of the market."),
    Category.FILING: _("What authorities want to be told."),
    Category.CONTRACT: _("Agreements, and a company's standing on the market."),
    Category.OTHER: _("Everything else."),
}


class Row(Struct, frozen=True):
    """One category: its fields in the order of the channels, and whether something in it always comes."""

    category: Category
    about: str | Promise
    always: bool
    fields: Sequence[Any]


class Choices(forms.Form):
    """A field for each category and channel. ``channels``: with the values that each offers."""

    def __init__(
        self,
        data: QueryDict | None,
        *,
        channels: Sequence[Channel],
        chosen: Mapping[tuple[str, str], str],
        audiences: Sequence[Audience],
    ) -> None:
        super().__init__(data)
        self.channels = channels
        self.audiences = audiences
        for category in Category:
            for channel in channels:
                field = forms.ChoiceField(
                    label=f"{category.label}, {channel.label}",
                    choices=_offered(channel),
                    initial=chosen.get((category, channel), How.ON),
                )
                field.channel_label = channel.label  # type: ignore[attr-defined]  # the heading of its cell on a phone
                self.fields[f"{category}.{channel}"] = field

    def chosen(self) -> dict[tuple[str, str], str]:
        """What was sent, once it is valid."""
        given = self.cleaned_data
        return {
            (category.value, channel.value): given[f"{category}.{channel}"]
            for category in Category
            for channel in self.channels
        }

    def rows(self) -> list[Row]:
        return [
            Row(
                category,
                EXPLAINED[category],
                always_comes(category, self.audiences),
                [self[f"{category}.{one}"] for one in self.channels],
            )
            for category in Category
        ]


def _offered(channel: Channel) -> Sequence[tuple[str, str | Promise]]:
    return {Channel.MAIL: BY_MAIL, Channel.IN_SITE: SILENT}.get(channel, AT_ONCE)


def always_comes(category: Category, audiences: Sequence[Audience]) -> bool:
    """Whether a kind of this category cannot be switched off (business-rules §7.2)."""
    return any(
        words.about.mandatory and words.about.category == category and words.about.to in audiences
        for words in WORDS.values()
    )
