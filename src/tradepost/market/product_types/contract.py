"""What a kind of product declares, so that publishing, catalog, checkout and fulfilment need no case for it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from tradepost.protocols.commands import ChargingMode, Command
from tradepost.protocols.text import Text

from .facts import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tradepost.protocols.contract import Spoken

    from .facts import ProductFacts


class Gives(StrEnum):
    """What a buyer gets in the end: pages choose their words by it."""

    ACCESS = "access"
    """An address with an account."""
    LICENSE = "license"
    """The text of a license."""
    CODE = "code"
    """A code that the market makes and the software asks about."""
    ENDPOINT = "endpoint"
    """The address of an API, with keys where its programs need them."""
    FILES = "files"
    """Files that the buyer downloads."""
    MANIFEST = "manifest"
    """A list of container images with their digests."""


class DeliveredBy(StrEnum):
    """By what a buyer gets what was bought (business-rules §2.1)."""

    INTERFACE = "interface"
    """The seller's production interface makes it."""
    CODE = "code"
    """A code out of a stock, activated at the market's open API."""
    FILE = "file"
    PERSON = "person"
    COURIER = "courier"
    COMPUTE = "compute"
    """An operator's cloud starts it."""
    GATEWAY = "gateway"
    """The seller's gateway checks the buyer's key with the market."""


class Supervision(StrEnum):
    """Whether a buyer accepts the delivery before the seller earns (business-rules §2.1, §2.10)."""

    NEVER = "never"
    CHOICE = "choice"
    """The seller says it of each product."""
    ALWAYS = "always"


class Returns(StrEnum):
    """What a buyer who wants the money back has a right to (business-rules §4.7)."""

    NEVER = "never"
    NO_REASON = "no_reason"
    """All of it within a few days, without a reason."""
    UNUSED = "unused"
    """All of it within a few days; later, or when that was done too often, what is left of the time."""
    NEGOTIATED = "negotiated"
    """What buyer and seller agree on."""


class Answer(StrEnum):
    """What a question is answered with, and so how a form asks it."""

    LINE = "line"
    TEXT = "text"
    NUMBER = "number"
    """A whole number between ``least`` and ``most``."""
    CHOICE = "choice"
    YES_NO = "yes_no"
    """``yes``, ``no``, or empty for not answered yet."""


YES, NO = "yes", "no"
_YES_NO = {YES: Text(en="Yes", zh="是"), NO: Text(en="No", zh="否")}


class AssetKind(StrEnum):
    """Kinds of files that a seller keeps in its asset center and products are delivered with (business-rules §2.1, §2.6)."""

    PACKAGE = "package"
    """Software: an installer, a container's service package."""
    IMAGE = "image"
    """A system disk."""
    FILE = "file"
    """Data, or a model."""


class Question(Struct, frozen=True, kw_only=True):
    """Something that a kind asks of every product of its own. Answers are texts, those with ``translated`` one in each
    language. ``most``: of characters, or of the number; ``section`` of business-rules.md."""

    code: str
    label: Text
    section: str
    help: Text | None = None
    answer: Answer = Answer.LINE
    required: bool = True
    choices: tuple[tuple[str, Text], ...] = ()
    least: int = 0
    most: int = 200
    translated: bool = False
    buyers_read: bool = False
    """Whether the answer stands on the product's page; else only those who review see it."""
    after_payment: bool = False
    """Whether the page of the service shows the answer to its buyer while the service is active."""
    heading: Text | None = None
    """Questions beside each other with the same one stand under it in a form, with what is said ``about`` them."""
    about: Text | None = None

    def chosen(self, said: str) -> Text | None:
        """What a choice is called; None for what was typed."""
        return dict(self.choices).get(said) or (_YES_NO.get(said) if self.answer is Answer.YES_NO else None)


class Proof(Struct, frozen=True, kw_only=True):
    """A document that operators look at and nobody else."""

    code: str
    label: Text
    section: str
    help: Text | None = None
    required: bool = True


class Fault(Struct, frozen=True, kw_only=True):
    """What a rule of a kind has against a product. ``field`` as forms name it: a question's code, or ``specs``."""

    code: str
    field: str
    words: Text
    rule: str


type KindRule = Callable[[ProductFacts], Iterable[Fault]]
type KeyRule = Callable[[Mapping[str, str]], bool]
"""Whether buyers of a product with these answers create app keys."""


class Step(Struct, frozen=True):
    """One thing asked of the seller while an order is fulfilled, in order."""

    command: type[Command]
    until_access: bool = False
    """Asked only while the buyer has nothing to enter with, and repeated until the access data is there
    (saas-v2 §3.1, §3.2)."""


type Steps = Mapping[str, tuple[Step, ...]]
"""Order type (``NEW``, …) → what fulfilment asks of the seller."""


class ProductType(Struct, frozen=True):
    code: str
    """For example ``SAAS``; what the database holds (business-rules §13)."""
    title: Text
    protocols: tuple[str, ...]
    """Names of the protocol folders a product of this kind may be served by."""
    charging_modes: tuple[ChargingMode, ...]
    steps: Steps
    steps_over: Mapping[str, Steps] = field(default_factory=dict)
    """Protocols that reach the same end by other steps, with these."""
    one_line_over: frozenset[str] = frozenset()
    """Protocols that know orders but no order lines: there a second line would pass for a repeat of the first."""
    gives: Gives = Gives.ACCESS
    icon: str = "package"
    summary: Text | None = None
    """What is sold, in a sentence for a seller who chooses between kinds."""
    family: str = ""
    """Kinds that differ only in how they are delivered share one: sellers choose it first."""
    delivery: DeliveredBy = DeliveredBy.INTERFACE
    undeliverable: Text | None = None
    """Why this market cannot deliver it: the product form does not offer it, and drafts of it are refused with this reason."""
    templates: frozenset[Template] = frozenset(Template)
    multi_sku: bool = False
    """Whether a spec may be priced by two dimensions or more (business-rules §3.4)."""
    trial: bool = False
    supervision: Supervision = Supervision.NEVER
    flow: str = ""
    """Of its delivery by people, a module under ``flows/`` (business-rules §2.10): nobody's interface is asked then."""
    flow_if_wanted: str = ""
    """The same of a product whose seller wants its delivery supervised, where that is a ``CHOICE``: the interface is asked all the
    same, when the flow says."""
    returns: Mapping[ChargingMode, Returns] = field(default_factory=dict)
    """By charging mode; what is not here is not refundable once it was delivered (business-rules §4.7)."""
    ends_at_once: bool = False
    """Nothing is kept after the end of the paid time, so that it is renewed before it (business-rules §5)."""
    stock: bool = False
    web_scan: bool = False
    """Whether its web site is checked, where it has one (business-rules §2.7): it then asks ``web_site.QUESTIONS``."""
    asset_kinds: tuple[AssetKind, ...] = ()
    """Of which a product of this kind names one version out of the seller's asset center; empty: it needs none."""
    scanned_clean: bool = False
    """Whether that version, and each one that its buyers download, must have passed a virus scan."""
    upgrades: bool = False
    """Whether one SKU may be changed for another (saas-v2 §8)."""
    order_notices: bool = True
    """Whether a seller's server can be notified of its orders: any type but images (saas-v1-license D1)."""
    joint_sign_in: bool = False
    """Whether people of an enterprise may sign in to it at the market's auth centre: it then names a credential of its seller's
    (openapi-jointkit §B.1)."""
    fields: tuple[Question, ...] = ()
    proofs: tuple[Proof, ...] = ()
    rules: tuple[KindRule, ...] = ()
    """Of its own, over and above what is declared here."""
    app_keys: KeyRule | None = None
    """None for kinds without app keys."""

    @property
    def deliverable(self) -> bool:
        return self.undeliverable is None

    @property
    def needs_interface(self) -> bool:
        """Whether its orders cannot be delivered before a production address serves the product."""
        return self.delivery is DeliveredBy.INTERFACE

    @property
    def by_people(self) -> bool:
        """Whether people deliver it, in a supervised flow, and no seller's server is asked anything."""
        return bool(self.flow)

    @property
    def by_market(self) -> bool:
        """Whether the payment alone opens it: the page of the service holds the delivery, and no server or person is asked."""
        return self.delivery in {DeliveredBy.FILE, DeliveredBy.GATEWAY} and not self.by_people

    @property
    def issues_codes(self) -> bool:
        """The market itself makes what the buyer gets, and the seller's software asks about it. The seller's interface is
        optional then: it is told of what it saved a debug case for, and of nothing else (saas-v1-license B2.2)."""
        return self.delivery is DeliveredBy.CODE

    def plan(self, order_type: str, protocol: Spoken) -> tuple[Step, ...]:
        """The steps of an order over this protocol; what the protocol has no activity for is not asked."""
        steps = self.steps_over.get(protocol.name, self.steps).get(order_type, ())
        return tuple(step for step in steps if step.command in protocol.activities)
