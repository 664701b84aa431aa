"""The steps of the onboarding, their requirements, and what is lacking. Pure functions of facts (joint.md §5).

A step is done if nothing is lacking; it is never ticked by hand. Each lack links to the page of the seller center on
which it is resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.identity.menus import Menu
from tradepost.market.product_types.roads.industrial import ITEMS

from .retrofit import SETTLED

type Words = str | Promise

MOCK_ORDER = "MOCKPERIODYEARNEW"
"""The order that sellers must query with the order query (openapi-jointkit C.4)."""


class ProductFacts(Struct, frozen=True, kw_only=True):
    """The most advanced product over an online License interface. ``missing``: each lacking debug case, with its
    address, activity and variant; ``submission``: status of the last submission, empty for none."""

    pk: int
    name: str
    priced: bool
    bound: bool
    missing: tuple[tuple[str, tuple[int, str, str] | None], ...]
    on_sale: bool
    submission: str


class RoadFacts(Struct, frozen=True, kw_only=True):
    """The input of the steps. ``entry`` and ``asset``: status of the application and of the most advanced package,
    empty for none. ``unproven``: hosts of addresses whose domain is not verified."""

    admitted: bool
    suspended: bool = False
    entry: str
    before_publishing: tuple[tuple[str, str], ...]
    answers: Mapping[str, str]
    addresses: int
    unproven: tuple[str, ...]
    signing_key: bool
    access_key: bool
    product: ProductFacts | None
    event: str
    queried_at: datetime | None
    text_at: datetime | None
    file_at: datetime | None
    asset: str
    sold: int


class MissingItem(Struct, frozen=True):
    """Something that is missing. ``page``: URL name in the seller center, with its arguments; empty if another party
    must act."""

    words: str
    page: str = ""
    args: tuple[object, ...] = ()

    @property
    def waits(self) -> bool:
        return not self.page


class Step(Struct, frozen=True):
    """A step of the onboarding. ``menu``: of the pages to which it links."""

    code: str
    title: Words
    how: Words
    menu: Menu
    lacks: tuple[MissingItem, ...]

    @property
    def done(self) -> bool:
        return not self.lacks

    @property
    def waits(self) -> bool:
        """Whether its seller can only wait."""
        return bool(self.lacks) and all(lack.waits for lack in self.lacks)


def steps(facts: RoadFacts) -> tuple[Step, ...]:
    return tuple(
        Step(code, title, instructions, menu, tuple(lacks(facts)))
        for code, title, instructions, menu, lacks in ROAD_STEPS
    )


def current(road: tuple[Step, ...]) -> Step | None:
    """Return the first step that is not done."""
    return next((step for step in road if not step.done), None)


def _company(facts: RoadFacts) -> Iterator[MissingItem]:
    if facts.admitted:
        for field, words in facts.before_publishing:
            yield MissingItem(words, "company" if field in {"status", "certification"} else "agreements")
    elif facts.suspended:
        yield MissingItem(_("Your company is suspended. Contact Support to resolve this."))
    elif facts.entry in {"checking", "pending"}:
        yield MissingItem(_("Your application is under review. You will be notified as soon as it is decided."))
    elif facts.entry in {"failed", "rejected"}:
        yield MissingItem(
            _("Your application was not accepted. Review the reason, correct the application and submit it again."),
            "company",
        )
    else:
        yield MissingItem(_("Your entry application has not been submitted yet."), "company")


def _retrofit(facts: RoadFacts) -> Iterator[MissingItem]:
    open_items = sum(1 for code in ITEMS if facts.answers.get(code) not in SETTLED)
    if open_items:
        message = _("%(left)s of %(all)s items are not done or not answered yet.") % {
            "left": open_items,
            "all": len(ITEMS),
        }
        yield MissingItem(message, "road_retrofit")


def _server(facts: RoadFacts) -> Iterator[MissingItem]:
    for host in facts.unproven:
        yield MissingItem(_("Ownership of the domain %(host)s is not verified yet.") % {"host": host}, "domains")
    if not facts.addresses and not facts.unproven:
        yield MissingItem(
            _("No production address with the protocol “Online License” has been added yet."), "address_new"
        )


def _keys(facts: RoadFacts) -> Iterator[MissingItem]:
    if not facts.signing_key:
        yield MissingItem(_("There is no signing key for the base interfaces yet."), "keys")
    if not facts.access_key:
        yield MissingItem(_("There is no access key for the market's APIs yet."), "keys")


def _debugged(facts: RoadFacts) -> Iterator[MissingItem]:
    product = facts.product
    if product is None:
        yield MissingItem(
            _("There is no product of the type “License, issued online” yet. Create one; only a name is required."),
            "product_new",
        )
        return
    if not product.priced:
        message = _("“%(product)s” has no price yet. The interfaces to debug depend on its billing mode.")
        yield MissingItem(message % {"product": product.name}, "product_draft", (product.pk, "pricing"))
    if not product.bound:
        message = _(
            "“%(product)s” is not bound to an “Online License” production address yet. Choose an address next to the "
            "product."
        )
        yield MissingItem(message % {"product": product.name}, "addresses")
    for message, case in product.missing:
        yield MissingItem(message, *_debug_page(case)) if case else MissingItem(message, "product", (product.pk,))


def _debug_page(case: tuple[int, str, str]) -> tuple[str, tuple[object, ...]]:
    address, activity, variant = case
    return ("debug_variant", (address, activity, variant)) if variant else ("debug_case", (address, activity))


def _apis(facts: RoadFacts) -> Iterator[MissingItem]:
    if facts.queried_at is None:
        yield MissingItem(
            _("Your program has not queried the test order %(order)s yet.") % {"order": MOCK_ORDER}, "road_apis"
        )
    if not facts.event:
        yield MissingItem(
            _("There is no test event yet. Debug getLicenseAsync first; its call contains an event ID."), "debug"
        )
        return
    if facts.text_at is None:
        yield MissingItem(_("No text was uploaded for a test event yet."), "road_apis")
    if facts.file_at is None:
        yield MissingItem(_("No file was uploaded for a test event yet."), "road_apis")


def _asset(facts: RoadFacts) -> Iterator[MissingItem]:
    if facts.asset == "approved":
        return
    if facts.asset in {"checking", "review", "appealed"}:
        yield MissingItem(
            _("Your package is being scanned or reviewed. You will be notified as soon as it is decided.")
        )
    elif facts.asset:
        yield MissingItem(_("Your package was not accepted. Review the reason and upload a new version."), "assets")
    else:
        yield MissingItem(_("No software package is uploaded yet."), "assets")


def _license(facts: RoadFacts) -> Iterator[MissingItem]:
    product = facts.product
    if product is None:
        yield MissingItem(
            _("There is no product of the type “License, issued online” yet. Create one; only a name is required."),
            "product_new",
        )
    elif product.on_sale:
        return
    elif product.submission in {"checking", "pending"}:
        yield MissingItem(_("“%(product)s” is being reviewed.") % {"product": product.name})
    elif product.submission in {"failed", "rejected"}:
        message = _("“%(product)s” was not accepted. Review the reason, correct the product and submit it again.") % {
            "product": product.name
        }
        yield MissingItem(message, "product_submit", (product.pk,))
    else:
        message = _("“%(product)s” has not been submitted yet.") % {"product": product.name}
        yield MissingItem(message, "product_submit", (product.pk,))


type Judge = Callable[[RoadFacts], Iterator[MissingItem]]

ROAD_STEPS: tuple[tuple[str, Words, Words, Menu, Judge], ...] = (
    (
        "company", gettext_lazy("The company is approved"),
        gettext_lazy(
            "Submit the entry application, complete the business certification and accept the agreements. An "
            "operator reviews them."),
        Menu.COMPANY, _company,
    ),
    (
        "retrofit", gettext_lazy("The software meets the access standard"),
        gettext_lazy("Go through the checklist with your engineers and enter the status of each item. This is the only step that you complete manually. The reviewer of your product reads the answers."),
        Menu.TOOLS, _retrofit,
    ),
    (
        "server", gettext_lazy("The production server is reachable"),
        gettext_lazy(
            "Verify the domain of your server, then add its address with the protocol “Online License”. All five "
            "interfaces share one address."),
        Menu.TOOLS, _server,
    ),
    (
        "keys", gettext_lazy("The keys are created"),
        gettext_lazy(
            "Your server verifies calls from the market with the signing key and signs its own calls with the access "
            "key. Each key is shown only once, so configure it in your server immediately."),
        Menu.TOOLS, _keys,
    ),
    (
        "debugged", gettext_lazy("The address is bound and debugged"),
        gettext_lazy(
            "Create the product that sells your licenses, set its price and bind the address to it. Then debug each "
            "interface until its case is saved."),
        Menu.PRODUCTS, _debugged,
    ),
    (
        "apis", gettext_lazy("Order query and uploads work"),
        gettext_lazy("Your program queries a test order and uploads a license for the event of a test call twice: as text and as a file. Test data is neither stored nor charged."),
        Menu.TOOLS, _apis,
    ),
    (
        "asset", gettext_lazy("The software package is published"),
        gettext_lazy(
            "Upload the package in the asset center. It is published after a security scan and an operator's review."),
        Menu.PRODUCTS, _asset,
    ),
    (
        "license", gettext_lazy("The license is on sale"),
        gettext_lazy("Submit the product. Its cases are replayed, an operator reviews it, and it is listed."),
        Menu.PRODUCTS, _license,
    ),
)  # fmt: skip  # a table is read in rows
