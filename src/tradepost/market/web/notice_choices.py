"""The form for notice preferences by category and channel, for a person, a receiver or a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from tradepost.market.identity.console_roles import is_permitted
from tradepost.market.notifications.categories import Audience, Category, Channel
from tradepost.market.notifications.messages import TEMPLATES
from tradepost.market.notifications.why_not import DeliveryChoice

IMMEDIATE_CHOICES = (
    (DeliveryChoice.ON.value, DeliveryChoice.ON.label),
    (DeliveryChoice.OFF.value, DeliveryChoice.OFF.label),
)
MAIL_CHOICES = (IMMEDIATE_CHOICES[0], (DeliveryChoice.DIGEST.value, DeliveryChoice.DIGEST.label), IMMEDIATE_CHOICES[1])
IN_SITE_CHOICES = ((DeliveryChoice.ON.value, _("Bell")), (DeliveryChoice.OFF.value, _("List only")))

DESCRIPTIONS: Mapping[str, str | Promise] = {
    Category.FINANCE: _("Your balance, payments, refunds, invoices and statements."),
    Category.PRODUCT: _("Orders, services, and what happens to products on sale."),
    Category.SECURITY: _("Your account, company members and their permissions, and keys."),
    Category.OPERATIONS: _("Interfaces that fail, probes, stock, tickets."),
    Category.ACTIVITY: _("Offers and events of the store."),
    Category.FILING: _("Filings that authorities require."),
    Category.CONTRACT: _("Agreements, and the status of a company in the store."),
    Category.OTHER: _("Everything else."),
}


class Row(Struct, frozen=True):
    """A category: its fields in the order of the channels, and whether some of its notices cannot be switched off."""

    category: Category
    about: str | Promise
    always: bool
    fields: Sequence[Any]


class Choices(forms.Form):
    """A form with a field for each category and channel. ``chosen``: the current values."""

    def __init__(
        self,
        data: QueryDict | None,
        *,
        channels: Sequence[Channel],
        chosen: Mapping[tuple[str, str], str],
        audiences: Sequence[Audience],
        categories: Sequence[Category] = tuple(Category),
    ) -> None:
        super().__init__(data)
        self.channels = channels
        self.audiences = audiences
        self.categories = categories
        self._before = chosen
        for category in categories:
            for channel in channels:
                field = forms.ChoiceField(
                    label=f"{category.label}, {channel.label}",
                    choices=_choices_of(channel),
                    initial=chosen.get((category, channel), DeliveryChoice.ON),
                )
                field.channel_label = channel.label  # type: ignore[attr-defined]  # heading of its cell on a phone
                self.fields[f"{category}.{channel}"] = field

    def chosen(self) -> dict[tuple[str, str], str]:
        """Return the submitted values of a valid form. Categories that the form does not show keep their values."""
        cleaned = self.cleaned_data
        return {**self._before} | {
            (category.value, channel.value): cleaned[f"{category}.{channel}"]
            for category in self.categories
            for channel in self.channels
        }

    def rows(self) -> list[Row]:
        return [
            Row(
                category,
                DESCRIPTIONS[category],
                is_mandatory(category, self.audiences),
                [self[f"{category}.{channel}"] for channel in self.channels],
            )
            for category in self.categories
        ]


def _choices_of(channel: Channel) -> Sequence[tuple[str, str | Promise]]:
    return {Channel.MAIL: MAIL_CHOICES, Channel.IN_SITE: IN_SITE_CHOICES}.get(channel, IMMEDIATE_CHOICES)


def categories_of(role: str) -> list[Category]:
    """Return the categories with notices for an operator of this role, as an operator or as a person."""
    kinds = [words.about for words in TEMPLATES.values()]
    categories = {
        about.category
        for about in kinds
        if about.to == Audience.PERSON or (about.to == Audience.OPERATOR and is_permitted(role, about.act, "POST"))
    }
    return [category for category in Category if category in categories]


def is_mandatory(category: Category, audiences: Sequence[Audience]) -> bool:
    """Return whether some kind of notice in this category cannot be switched off (business-rules §7.2)."""
    return any(
        words.about.mandatory and words.about.category == category and words.about.to in audiences
        for words in TEMPLATES.values()
    )
