"""The steps of the road, what each asks, and why it is not done: pure, over facts (joint.md §5).

A step is done when nothing is lacking; nobody ticks it. Each lack leads to the page on which it is mended, by its name in the seller
center.
"""

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
"""The order that is asked for in the order query (openapi-jointkit C.4)."""


class ProductFacts(Struct, frozen=True, kw_only=True):
    """A product over an online License interface, the one that is furthest. ``missing``: each case that lacks, with the address,
    activity and variant at which it is debugged; ``submission``: status of what was handed in last, empty for nothing."""

    pk: int
    name: str
    priced: bool
    bound: bool
    missing: tuple[tuple[str, tuple[int, str, str] | None], ...]
    on_sale: bool
    submission: str


class RoadFacts(Struct, frozen=True, kw_only=True):
    """All that the road is derived from. ``entry`` and ``asset``: the status of the application and of the package that is
    furthest, empty where there is none. ``unproven``: hosts of addresses whose domain is not verified."""

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


class Lack(Struct, frozen=True):
    """``page``: name of the page of the seller center on which it is mended, with its arguments; empty where somebody else's turn
    it is."""

    words: str
    page: str = ""
    args: tuple[object, ...] = ()

    @property
    def waits(self) -> bool:
        return not self.page


class Step(Struct, frozen=True):
    """``menu``: of the pages that it leads to."""

    code: str
    title: Words
    how: Words
    menu: Menu
    lacks: tuple[Lack, ...]

    @property
    def done(self) -> bool:
        return not self.lacks

    @property
    def waits(self) -> bool:
        """Whether its seller can do nothing but wait."""
        return bool(self.lacks) and all(one.waits for one in self.lacks)


def steps(facts: RoadFacts) -> tuple[Step, ...]:
    return tuple(Step(code, title, how, menu, tuple(lacks(facts))) for code, title, how, menu, lacks in ROAD)


def current(road: tuple[Step, ...]) -> Step | None:
    """The first that is not done."""
    return next((step for step in road if not step.done), None)


def _company(facts: RoadFacts) -> Iterator[Lack]:
    if facts.admitted:
        for field, words in facts.before_publishing:
            yield Lack(words, "company" if field in {"status", "certification"} else "agreements")
    elif facts.suspended:
        yield Lack(_("Your company is suspended. Write to Support to resolve the reason."))
    elif facts.entry in {"checking", "pending"}:
        yield Lack(_("Your application is being reviewed. You are told as soon as it is decided."))
    elif facts.entry in {"failed", "rejected"}:
        yield Lack(_("Your application was not accepted. Read why, correct it and send it again."), "company")
    else:
        yield Lack(_("The application for entry is not sent yet."), "company")


def _retrofit(facts: RoadFacts) -> Iterator[Lack]:
    left = sum(1 for code in ITEMS if facts.answers.get(code) not in SETTLED)
    if left:
        words = _("%(left)s of %(all)s items are not done or not answered yet.") % {"left": left, "all": len(ITEMS)}
        yield Lack(words, "road_retrofit")


def _server(facts: RoadFacts) -> Iterator[Lack]:
    for host in facts.unproven:
        yield Lack(_("It is not proven that %(host)s is yours.") % {"host": host}, "domains")
    if not facts.addresses and not facts.unproven:
        yield Lack(_("No production address of the kind “Online License” is entered yet."), "address_new")


def _keys(facts: RoadFacts) -> Iterator[Lack]:
    if not facts.signing_key:
        yield Lack(_("There is no signing key for the base interfaces yet."), "keys")
    if not facts.access_key:
        yield Lack(_("There is no access key for the market's APIs yet."), "keys")


def _debugged(facts: RoadFacts) -> Iterator[Lack]:
    product = facts.product
    if product is None:
        yield Lack(
            _("There is no product of the kind “License, issued online” yet. Begin it: a name is enough."),
            "product_new",
        )
        return
    if not product.priced:
        words = _("“%(product)s” has no price yet. What is debugged depends on how it is sold.")
        yield Lack(words % {"product": product.name}, "product_draft", (product.pk, "pricing"))
    if not product.bound:
        words = _("“%(product)s” is not served at an address of the kind “Online License” yet: choose one beside it.")
        yield Lack(words % {"product": product.name}, "addresses")
    for words, at in product.missing:
        yield Lack(words, *_debug_page(at)) if at else Lack(words, "product", (product.pk,))


def _debug_page(at: tuple[int, str, str]) -> tuple[str, tuple[object, ...]]:
    address, activity, variant = at
    return ("debug_variant", (address, activity, variant)) if variant else ("debug_case", (address, activity))


def _apis(facts: RoadFacts) -> Iterator[Lack]:
    if facts.queried_at is None:
        yield Lack(_("Your program has not asked for the order %(order)s yet.") % {"order": MOCK_ORDER}, "road_apis")
    if not facts.event:
        yield Lack(_("There is no test event yet: debug getLicenseAsync, which names one."), "debug")
        return
    if facts.text_at is None:
        yield Lack(_("No text was uploaded for a test event yet."), "road_apis")
    if facts.file_at is None:
        yield Lack(_("No file was uploaded for a test event yet."), "road_apis")


def _asset(facts: RoadFacts) -> Iterator[Lack]:
    if facts.asset == "approved":
        return
    if facts.asset in {"checking", "review", "appealed"}:
        yield Lack(_("Your package is being looked at. You are told as soon as it is decided."))
    elif facts.asset:
        yield Lack(_("Your package was not accepted. Read why, and upload another version."), "assets")
    else:
        yield Lack(_("No software package is uploaded yet."), "assets")


def _license(facts: RoadFacts) -> Iterator[Lack]:
    product = facts.product
    if product is None:
        yield Lack(
            _("There is no product of the kind “License, issued online” yet. Begin it: a name is enough."),
            "product_new",
        )
    elif product.on_sale:
        return
    elif product.submission in {"checking", "pending"}:
        yield Lack(_("“%(product)s” is being reviewed.") % {"product": product.name})
    elif product.submission in {"failed", "rejected"}:
        words = _("“%(product)s” was not accepted. Read why, change it and hand it in again.") % {
            "product": product.name
        }
        yield Lack(words, "product_submit", (product.pk,))
    else:
        words = _("“%(product)s” is not handed in yet.") % {"product": product.name}
        yield Lack(words, "product_submit", (product.pk,))


type Judge = Callable[[RoadFacts], Iterator[Lack]]

ROAD: tuple[tuple[str, Words, Words, Menu, Judge], ...] = (
    (
        "company", gettext_lazy("The company is reviewed"),
        gettext_lazy("You apply for entry, certify where you are paid, and accept the agreements. An operator decides."),
        Menu.COMPANY, _company,
    ),
    (
        "retrofit", gettext_lazy("The software meets the access standard"),
        gettext_lazy("Go through the checklist with your engineers and say of each item how it stands. This is the one step that is "
                     "answered by hand; whoever reviews your product reads the answers."),
        Menu.TOOLS, _retrofit,
    ),
    (
        "server", gettext_lazy("The production server is reachable"),
        gettext_lazy("Prove the domain of your server, then enter its address with the protocol “Online License”. One address answers "
                     "all five interfaces."),
        Menu.TOOLS, _server,
    ),
    (
        "keys", gettext_lazy("The keys are made"),
        gettext_lazy("With the signing key your server recognises the market's calls; with the access key it signs its own to the "
                     "market. Each shows once: set it in your server at once."),
        Menu.TOOLS, _keys,
    ),
    (
        "debugged", gettext_lazy("The address is bound and debugged"),
        gettext_lazy("Begin the product that your licenses are sold as, say how it is priced, bind the address to it, and debug each "
                     "interface until its case is saved."),
        Menu.PRODUCTS, _debugged,
    ),
    (
        "apis", gettext_lazy("Order query and uploads work"),
        gettext_lazy("Your program asks for a test order and uploads a license for the event of a test call: once as a text, once as "
                     "a file. Nothing of it is kept or charged."),
        Menu.TOOLS, _apis,
    ),
    (
        "asset", gettext_lazy("The software package is published"),
        gettext_lazy("Upload the package in the asset center. It is scanned, and an operator releases it."),
        Menu.PRODUCTS, _asset,
    ),
    (
        "license", gettext_lazy("The license is on sale"),
        gettext_lazy("Hand the product in. Its cases are replayed, an operator reviews it, and it is listed."),
        Menu.PRODUCTS, _license,
    ),
)  # fmt: skip  # a table is read in rows
