"""The questions of each plain section of a draft: names, labels and limits. Prices and details have their own forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.assets.models import Picture

from .draft_inputs import Look, Words

MAX_HIGHLIGHTS = 5
MAX_PICTURES = 5
"""Maximum of main pictures, and of pictures in a description (business-rules §2.3)."""
MAX_PARAMS = 3
"""Maximum of extension parameters of a product (business-rules §2.3)."""
MAX_HTML_LENGTH = 40_000
MAX_TERMS_LENGTH = 20_000
ZH, EN = gettext_lazy("Chinese"), gettext_lazy("English")
TITLES: Mapping[str, Words] = {
    "base": gettext_lazy("Name and category"),
    "media": gettext_lazy("Logo and pictures"),
    "description": gettext_lazy("Description"),
    "guide": gettext_lazy("User guide"),
    "support": gettext_lazy("Support"),
    "purchase": gettext_lazy("Information from buyers"),
    "pricing": gettext_lazy("Specs and prices"),
    "details": gettext_lazy("Details and proofs"),
    "discovery": gettext_lazy("Search keywords"),
}
HELP: Mapping[str, Words] = {
    "base": gettext_lazy("The product name shown everywhere. It must match the software copyright certificate."),
    "media": gettext_lazy("Buyers see the first picture on cards and in searches. Show the product, not only a logo."),
    "description": gettext_lazy(
        "The product's purpose, its core functions, and what each spec can do. Use at least 400 characters of text, or pictures."
    ),
    "guide": gettext_lazy(
        "How to start after the purchase. Buyers see this on the product page and with their access data."
    ),
    "support": gettext_lazy(
        "Name who supports buyers, and when. Sellers that do not respond are removed from the store."
    ),
    "purchase": gettext_lazy("Every question reduces orders. Ask only for information that your server needs."),
    "discovery": gettext_lazy("Search terms that buyers use but that do not appear in your texts."),
}


class DraftQuestion(Struct, frozen=True, kw_only=True):
    """A question of a section. ``both``: in Chinese and English, side by side."""

    name: str
    label: Words
    help: Words = ""
    look: Look = Look.LINE
    longest: int = 200
    both: bool = False
    required: bool = True
    purpose: str = ""
    """Purpose of a picture."""

    def names(self) -> tuple[str, ...]:
        return (f"{self.name}.zh", f"{self.name}.en") if self.both else (self.name,)


class Group(Struct, frozen=True, kw_only=True):
    """Questions under a common heading."""

    asks: tuple[DraftQuestion, ...]
    title: Words = ""
    help: Words = ""


def _numbered_questions(name: str, number: int, **options: Any) -> tuple[DraftQuestion, ...]:
    return tuple(DraftQuestion(name=f"{name}.{n}", **options) for n in range(number))


_RICH_TEXT_HELP = gettext_lazy("Headings, lists, bold text, tables and links. Scripts and styles are refused.")
GROUPS: Mapping[str, tuple[Group, ...]] = {
    "base": (
        Group(
            asks=(
                DraftQuestion(name="name", label=gettext_lazy("Product name"), longest=64, both=True),
                DraftQuestion(
                    name="summary", label=gettext_lazy("Summary"), both=True,
                    help=gettext_lazy("One sentence, shown on cards and in searches."),
                ),
                DraftQuestion(name="category", label=gettext_lazy("Category"), look=Look.CHOICE),
            )
        ),
        Group(
            title=gettext_lazy("Highlights"),
            help=gettext_lazy("Up to five short reasons to choose it."),
            asks=tuple(
                DraftQuestion(name=f"highlights.{n}", label=gettext_lazy("Highlight"), longest=100, both=True, required=False)
                for n in range(MAX_HIGHLIGHTS)
            ),
        ),
    ),
    "media": (
        Group(asks=(DraftQuestion(name="logo", label=gettext_lazy("Logo"), purpose=Picture.Purpose.PRODUCT_LOGO),)),
        Group(
            title=gettext_lazy("Main pictures"),
            asks=_numbered_questions(
                "pictures", MAX_PICTURES, label=gettext_lazy("Picture"), purpose=Picture.Purpose.PRODUCT_MAIN,
                required=False,
            ),
        ),
    ),
    "description": (
        Group(asks=(DraftQuestion(name="body", label=gettext_lazy("Text"), help=_RICH_TEXT_HELP, look=Look.HTML, longest=MAX_HTML_LENGTH, both=True),)),
        Group(
            title=gettext_lazy("Pictures of the description"),
            asks=_numbered_questions(
                "pictures", MAX_PICTURES, label=gettext_lazy("Picture"), purpose=Picture.Purpose.DESCRIPTION,
                required=False,
            ),
        ),
    ),
    "guide": (
        Group(asks=(DraftQuestion(name="body", label=gettext_lazy("Text"), help=_RICH_TEXT_HELP, look=Look.HTML, longest=MAX_HTML_LENGTH, both=True),)),
    ),
    "support": (
        Group(
            asks=(
                DraftQuestion(
                    name="hours", label=gettext_lazy("Service hours"), both=True,
                    help=gettext_lazy("Include the days, for example Monday to Friday, 9:00 to 18:00."),
                ),
                DraftQuestion(
                    name="content", label=gettext_lazy("Scope of support"), look=Look.LINES, longest=2000, both=True
                ),
                DraftQuestion(name="email", label=gettext_lazy("Service e-mail"), look=Look.EMAIL, longest=254),
                DraftQuestion(name="phone", label=gettext_lazy("Service phone"), look=Look.PHONE, longest=32),
            )
        ),
    ),
    "purchase": (
        Group(
            title=gettext_lazy("Sent to you with each order"),
            asks=(
                DraftQuestion(name="asks_mobile", label=gettext_lazy("The buyer's mobile number"), look=Look.TICK, required=False),
                DraftQuestion(name="asks_email", label=gettext_lazy("The buyer's e-mail address"), look=Look.TICK, required=False),
                DraftQuestion(name="asks_user", label=gettext_lazy("The buyer's user ID and user name"), look=Look.TICK, required=False),
            ),
        ),
        Group(
            title=gettext_lazy("Questions at checkout"),
            help=gettext_lazy(
                "Up to three extension parameters. Your server receives the name unchanged; buyers see the label."
            ),
            asks=tuple(
                ask
                for n in range(MAX_PARAMS)
                for ask in (
                    DraftQuestion(
                        name=f"extend_params.{n}.name", label=gettext_lazy("Name of the parameter"), longest=64,
                        required=False,
                    ),
                    DraftQuestion(
                        name=f"extend_params.{n}.label", label=gettext_lazy("Label"), longest=64, both=True,
                        required=False,
                    ),
                    DraftQuestion(
                        name=f"extend_params.{n}.required", label=gettext_lazy("Required"), look=Look.TICK,
                        required=False,
                    ),
                )
            ),
        ),
        Group(
            title=gettext_lazy("Product service agreement"),
            help=gettext_lazy(
                "The product service agreement of the store applies to every order. Add only terms specific to "
                "this product, such as a service level. Buyers accept both with their order."
            ),
            asks=(
                DraftQuestion(
                    name="terms", label=gettext_lazy("Additional terms"), look=Look.LINES, longest=MAX_TERMS_LENGTH, both=True,
                    required=False,
                    help=gettext_lazy("Plain text; a blank line separates paragraphs, and a heading begins with ##."),
                ),
            ),
        ),
        Group(
            title=gettext_lazy("Delivery and visibility"),
            asks=(
                DraftQuestion(
                    name="access_by_message", label=gettext_lazy("I send access data by SMS or e-mail"), look=Look.TICK,
                    required=False,
                    help=gettext_lazy("Required if your interface responds without address, account and password."),
                ),
                DraftQuestion(
                    name="public", label=gettext_lazy("Shown in the store and its searches"), look=Look.TICK,
                    required=False, help=gettext_lazy("Otherwise, only people with the page address can find it."),
                ),
            ),
        ),
    ),
    "discovery": (
        Group(
            asks=(
                DraftQuestion(
                    name="keywords", label=gettext_lazy("Keywords"), both=True, required=False,
                    help=gettext_lazy("Separate with commas."),
                ),
                DraftQuestion(
                    name="tags", label=gettext_lazy("Tags"), required=False,
                    help=gettext_lazy("Separate with commas, for example Kunpeng, hybrid cloud. Each tag needs proof."),
                ),
            )
        ),
    ),
}  # fmt: skip
