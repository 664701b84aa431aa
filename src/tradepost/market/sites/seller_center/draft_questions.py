"""What each plain section of a draft asks: names, words, bounds. Prices have a form of their own, details their kind's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.assets.models import Picture

from .draft_inputs import Look, Words

MOST_HIGHLIGHTS = 5
MOST_PICTURES = 5
"""Main pictures, and those of a description (business-rules §2.3)."""
MOST_PARAMS = 3
"""Extension parameters of a product (business-rules §2.3)."""
LONGEST_HTML = 40_000
LONGEST_TERMS = 20_000
ZH, EN = gettext_lazy("Chinese"), gettext_lazy("English")
TITLES: Mapping[str, Words] = {
    "base": gettext_lazy("Name and category"),
    "media": gettext_lazy("Logo and pictures"),
    "description": gettext_lazy("Description"),
    "guide": gettext_lazy("User guide"),
    "support": gettext_lazy("Support"),
    "purchase": gettext_lazy("What is asked of buyers"),
    "pricing": gettext_lazy("Specs and prices"),
    "details": gettext_lazy("Details and proofs"),
    "discovery": gettext_lazy("Words to be found by"),
}
HELP: Mapping[str, Words] = {
    "base": gettext_lazy("What the product is called, everywhere. The name fits its software copyright certificate."),
    "media": gettext_lazy("Buyers see the first picture on cards and in searches. Show the product, not only a logo."),
    "description": gettext_lazy(
        "What it does, its core functions, and what each spec can do: at least 400 characters of text, or pictures."
    ),
    "guide": gettext_lazy(
        "How to begin after the purchase. Buyers see it on the product page and with their access data."
    ),
    "support": gettext_lazy("Who answers, and when. A seller that never answers is taken off the market."),
    "purchase": gettext_lazy("Each question costs orders: ask only what your server needs to begin."),
    "discovery": gettext_lazy("Words that people use for this and that stand in no text of yours."),
}


class Ask(Struct, frozen=True, kw_only=True):
    """One question of a section. ``both``: in Chinese and in English, side by side."""

    name: str
    label: Words
    help: Words = ""
    look: Look = Look.LINE
    longest: int = 200
    both: bool = False
    required: bool = True
    purpose: str = ""
    """Of a picture."""

    def names(self) -> tuple[str, ...]:
        return (f"{self.name}.zh", f"{self.name}.en") if self.both else (self.name,)


class Group(Struct, frozen=True, kw_only=True):
    """What stands together under one heading."""

    asks: tuple[Ask, ...]
    title: Words = ""
    help: Words = ""


def _numbered(name: str, number: int, **other: Any) -> tuple[Ask, ...]:
    return tuple(Ask(name=f"{name}.{n}", **other) for n in range(number))


_BODY = gettext_lazy("Simple HTML: <h3>, <p>, <ul>, <ol>, <table>, <b>, links. Scripts and styles are refused.")
GROUPS: Mapping[str, tuple[Group, ...]] = {
    "base": (
        Group(
            asks=(
                Ask(name="name", label=gettext_lazy("Product name"), longest=64, both=True),
                Ask(
                    name="summary", label=gettext_lazy("Summary"), both=True,
                    help=gettext_lazy("One sentence, shown on cards and in searches."),
                ),
                Ask(name="category", label=gettext_lazy("Category"), look=Look.CHOICE),
            )
        ),
        Group(
            title=gettext_lazy("Highlights"),
            help=gettext_lazy("Up to five short reasons to choose it."),
            asks=tuple(
                Ask(name=f"highlights.{n}", label=gettext_lazy("Highlight"), longest=100, both=True, required=False)
                for n in range(MOST_HIGHLIGHTS)
            ),
        ),
    ),
    "media": (
        Group(asks=(Ask(name="logo", label=gettext_lazy("Logo"), purpose=Picture.Purpose.PRODUCT_LOGO),)),
        Group(
            title=gettext_lazy("Main pictures"),
            asks=_numbered(
                "pictures", MOST_PICTURES, label=gettext_lazy("Picture"), purpose=Picture.Purpose.PRODUCT_MAIN,
                required=False,
            ),
        ),
    ),
    "description": (
        Group(asks=(Ask(name="body", label=gettext_lazy("Text"), help=_BODY, look=Look.HTML, longest=LONGEST_HTML, both=True),)),
        Group(
            title=gettext_lazy("Pictures of the description"),
            asks=_numbered(
                "pictures", MOST_PICTURES, label=gettext_lazy("Picture"), purpose=Picture.Purpose.DESCRIPTION,
                required=False,
            ),
        ),
    ),
    "guide": (
        Group(asks=(Ask(name="body", label=gettext_lazy("Text"), help=_BODY, look=Look.HTML, longest=LONGEST_HTML, both=True),)),
    ),
    "support": (
        Group(
            asks=(
                Ask(
                    name="hours", label=gettext_lazy("Service hours"), both=True,
                    help=gettext_lazy("With the days, for example Monday to Friday, 9:00 to 18:00."),
                ),
                Ask(
                    name="content", label=gettext_lazy("What support covers"), look=Look.LINES, longest=2000, both=True
                ),
                Ask(name="email", label=gettext_lazy("Service e-mail"), look=Look.EMAIL, longest=254),
                Ask(name="phone", label=gettext_lazy("Service phone"), look=Look.PHONE, longest=32),
            )
        ),
    ),
    "purchase": (
        Group(
            title=gettext_lazy("Handed to you with each order"),
            asks=(
                Ask(name="asks_mobile", label=gettext_lazy("The buyer's mobile number"), look=Look.TICK, required=False),
                Ask(name="asks_email", label=gettext_lazy("The buyer's e-mail address"), look=Look.TICK, required=False),
                Ask(name="asks_user", label=gettext_lazy("The buyer's user ID and user name"), look=Look.TICK, required=False),
            ),
        ),
        Group(
            title=gettext_lazy("Questions at checkout"),
            help=gettext_lazy(
                "Up to three extension parameters. The name goes to your server as it stands; the label is what buyers read."
            ),
            asks=tuple(
                ask
                for n in range(MOST_PARAMS)
                for ask in (
                    Ask(
                        name=f"extend_params.{n}.name", label=gettext_lazy("Name of the parameter"), longest=64,
                        required=False,
                    ),
                    Ask(
                        name=f"extend_params.{n}.label", label=gettext_lazy("Label"), longest=64, both=True,
                        required=False,
                    ),
                    Ask(
                        name=f"extend_params.{n}.required", label=gettext_lazy("Must be answered"), look=Look.TICK,
                        required=False,
                    ),
                )
            ),
        ),
        Group(
            title=gettext_lazy("Product service agreement"),
            help=gettext_lazy(
                "The market's product service agreement applies to every order. Add only what is special to this product, "
                "such as a service level. Buyers accept both with their order."
            ),
            asks=(
                Ask(
                    name="terms", label=gettext_lazy("Additional terms"), look=Look.LINES, longest=LONGEST_TERMS, both=True,
                    required=False,
                    help=gettext_lazy("Plain text; a blank line separates paragraphs, and a heading begins with ##."),
                ),
            ),
        ),
        Group(
            title=gettext_lazy("Delivery and visibility"),
            asks=(
                Ask(
                    name="access_by_message", label=gettext_lazy("I send access data by SMS or e-mail"), look=Look.TICK,
                    required=False,
                    help=gettext_lazy("Only then your interface may answer without address, account and password."),
                ),
                Ask(
                    name="public", label=gettext_lazy("Shown in the store and its searches"), look=Look.TICK,
                    required=False, help=gettext_lazy("Otherwise only who has the address of its page finds it."),
                ),
            ),
        ),
    ),
    "discovery": (
        Group(
            asks=(
                Ask(
                    name="keywords", label=gettext_lazy("Keywords"), both=True, required=False,
                    help=gettext_lazy("With commas between them."),
                ),
                Ask(
                    name="tags", label=gettext_lazy("Tags"), required=False,
                    help=gettext_lazy("With commas between them, for example Kunpeng, hybrid cloud. A tag needs proof."),
                ),
            )
        ),
    ),
}  # fmt: skip
