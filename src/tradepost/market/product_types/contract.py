"""The declaration of a kind of product, so that publishing, catalog, checkout and fulfilment have no special
cases."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from tradepost.protocols.commands import ChargingMode, Command
from tradepost.protocols.text import Text

from .facts import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tradepost.protocols.contract import CommandSet

    from .facts import ProductFacts


class DeliveryResult(StrEnum):
    """What the buyer finally receives; pages choose their texts by it."""

    ACCESS = "access"
    """An address with an account."""
    LICENSE = "license"
    """The text of a license."""
    CODE = "code"
    """A code that the market issues and the software verifies."""
    ENDPOINT = "endpoint"
    """The address of an API, with keys if its programs need them."""
    FILES = "files"
    """Files that the buyer downloads."""
    MANIFEST = "manifest"
    """A list of container images with their digests."""


class DeliveryMethod(StrEnum):
    """How a purchase is delivered (business-rules §2.1)."""

    INTERFACE = "interface"
    """The seller's production interface creates it."""
    CODE = "code"
    """A code from a stock, activated at the market's open API."""
    FILE = "file"
    PERSON = "person"
    COURIER = "courier"
    COMPUTE = "compute"
    """An operator's cloud starts it."""
    GATEWAY = "gateway"
    """The seller's gateway verifies the buyer's key with the market."""


class Supervision(StrEnum):
    """Whether the buyer accepts the delivery before the seller earns (business-rules §2.1, §2.10)."""

    NEVER = "never"
    CHOICE = "choice"
    """The seller chooses for each product."""
    ALWAYS = "always"


class RefundRight(StrEnum):
    """The refund to which a buyer is entitled (business-rules §4.7)."""

    NEVER = "never"
    NO_REASON = "no_reason"
    """A full refund within a few days, without a reason."""
    UNUSED = "unused"
    """A full refund within a few days; a refund for the remaining time afterwards, or after too many refunds."""
    NEGOTIATED = "negotiated"
    """The refund on which buyer and seller agree."""


class Answer(StrEnum):
    """The type of an answer, which also determines the form field."""

    LINE = "line"
    TEXT = "text"
    NUMBER = "number"
    """A whole number between ``least`` and ``most``."""
    CHOICE = "choice"
    YES_NO = "yes_no"
    """``yes``, ``no``, or empty if not answered yet."""


YES, NO = "yes", "no"
_YES_NO = {YES: Text(en="Yes", zh="是"), NO: Text(en="No", zh="否")}


class AssetKind(StrEnum):
    """Kinds of files in a seller's asset center with which products are delivered (business-rules §2.1, §2.6)."""

    PACKAGE = "package"
    """Software: an installer, a container's service package."""
    IMAGE = "image"
    """A system disk."""
    FILE = "file"
    """Data, or a model."""


class Question(Struct, frozen=True, kw_only=True):
    """A question about every product of a kind. Answers are texts; those with ``translated`` have one per language.

    ``most``: maximum of characters, or of the number. ``section``: of business-rules.md."""

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
    """Whether the product page shows the answer; otherwise only reviewers see it."""
    after_payment: bool = False
    """Whether the service page shows the answer to its buyer while the service is active."""
    heading: Text | None = None
    """Adjacent questions with the same heading are grouped under it in a form, with the explanation ``about``."""
    about: Text | None = None

    def chosen(self, answer: str) -> Text | None:
        """Return the label of a choice; None for free text."""
        return dict(self.choices).get(answer) or (_YES_NO.get(answer) if self.answer is Answer.YES_NO else None)


class Proof(Struct, frozen=True, kw_only=True):
    """A document that only operators see."""

    code: str
    label: Text
    section: str
    help: Text | None = None
    required: bool = True


class Fault(Struct, frozen=True, kw_only=True):
    """A violation of a kind's rule. ``field``: the form field, which is a question's code or ``specs``."""

    code: str
    field: str
    words: Text
    rule: str


type KindRule = Callable[[ProductFacts], Iterable[Fault]]
type KeyRule = Callable[[Mapping[str, str]], bool]
"""Whether buyers of a product with these answers create app keys."""


class Step(Struct, frozen=True):
    """A call to the seller while an order is fulfilled; steps run in order."""

    command: type[Command]
    until_access: bool = False
    """Called only while the buyer has no access data, and repeated until the data arrives (saas-v2 §3.1, §3.2)."""


type Steps = Mapping[str, tuple[Step, ...]]
"""Order type (``NEW``, …) → calls to the seller."""


class ProductType(Struct, frozen=True):
    code: str
    """For example ``SAAS``, as stored in the database (business-rules §13)."""
    title: Text
    protocols: tuple[str, ...]
    """Names of the protocol folders that can serve a product of this kind."""
    charging_modes: tuple[ChargingMode, ...]
    steps: Steps
    steps_over: Mapping[str, Steps] = field(default_factory=dict)
    """Protocols with different steps, and these steps."""
    one_line_over: frozenset[str] = frozenset()
    """Protocols that know orders but no order lines: they would treat a second line as a repetition of the first."""
    gives: DeliveryResult = DeliveryResult.ACCESS
    icon: str = "package"
    summary: Text | None = None
    """A sentence that describes the kind to a seller who chooses one."""
    family: str = ""
    """Shared by kinds that differ only in their delivery; sellers choose it first."""
    delivery: DeliveryMethod = DeliveryMethod.INTERFACE
    undeliverable: Text | None = None
    """Why this market cannot deliver the kind: the product form does not offer it, and drafts are refused with this
    reason."""
    templates: frozenset[Template] = frozenset(Template)
    multi_sku: bool = False
    """Whether a spec may be priced by two or more dimensions (business-rules §3.4)."""
    trial: bool = False
    supervision: Supervision = Supervision.NEVER
    flow: str = ""
    """The flow by which people deliver it, a module under ``flows/`` (business-rules §2.10); no interface is
    called."""
    flow_if_wanted: str = ""
    """The flow for a product whose seller chose supervision, if it is a ``CHOICE``; the interface is called when the
    flow requires it."""
    returns: Mapping[ChargingMode, RefundRight] = field(default_factory=dict)
    """By charging mode; others are not refundable after delivery (business-rules §4.7)."""
    ends_at_once: bool = False
    """The service is not kept after the paid time, so it must be renewed before (business-rules §5)."""
    stock: bool = False
    web_scan: bool = False
    """Whether its website, if any, is checked (business-rules §2.7); the kind then includes
    ``web_site.QUESTIONS``."""
    asset_kinds: tuple[AssetKind, ...] = ()
    """Kinds of assets of which a product names one version in the seller's asset center; empty if it needs none."""
    scanned_clean: bool = False
    """Whether that version, and each version that buyers download, must have passed a virus scan."""
    upgrades: bool = False
    """Whether one SKU can be changed for another (saas-v2 §8)."""
    order_notices: bool = True
    """Whether a seller's server can be notified of its orders: any type except images (saas-v1-license D1)."""
    joint_sign_in: bool = False
    """Whether members of an enterprise can sign in at the market's auth centre; the product then names a credential
    of its seller (openapi-jointkit §B.1)."""
    fields: tuple[Question, ...] = ()
    proofs: tuple[Proof, ...] = ()
    rules: tuple[KindRule, ...] = ()
    """Rules in addition to these declarations."""
    app_keys: KeyRule | None = None
    """None for kinds without app keys."""

    @property
    def deliverable(self) -> bool:
        return self.undeliverable is None

    @property
    def needs_interface(self) -> bool:
        """Whether its orders cannot be delivered until a production address serves the product."""
        return self.delivery is DeliveryMethod.INTERFACE

    @property
    def by_people(self) -> bool:
        """Whether people deliver it in a supervised flow, without calls to the seller's server."""
        return bool(self.flow)

    @property
    def by_market(self) -> bool:
        """Whether the payment alone delivers it: the service page has the delivery, without a server or a person."""
        return self.delivery in {DeliveryMethod.FILE, DeliveryMethod.GATEWAY} and not self.by_people

    @property
    def issues_codes(self) -> bool:
        """Whether the market issues what the buyer receives, and the seller's software verifies it.

        The seller's interface is then optional: it is only notified of activities for which it saved a debug case
        (saas-v1-license B2.2)."""
        return self.delivery is DeliveryMethod.CODE

    def plan(self, order_type: str, protocol: CommandSet) -> tuple[Step, ...]:
        """Return the steps of an order over this protocol, without those for which the protocol has no activity."""
        steps = self.steps_over.get(protocol.name, self.steps).get(order_type, ())
        return tuple(step for step in steps if step.command in protocol.activities)
