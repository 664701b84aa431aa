"""Interface of operation kinds: pure functions over values. A module under ``kinds/`` with a ``KIND`` is a kind.

A kind decides the next call to the seller and interprets the answers. It reads no database, knows no protocol (it
returns intents, which ``speak`` turns into commands) and has no state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.compute.contract import Action
from tradepost.market.licenses.request import Answer
from tradepost.market.product_types.charging import Charging
from tradepost.protocols.commands import AppInfo, Command, Done, Purchase
from tradepost.protocols.contract import CommandSet

if TYPE_CHECKING:
    from django.utils.functional import Promise


class SubscriptionView(Struct, frozen=True, kw_only=True):
    """A subscription as a kind sees it. ``expires_at``: end of the paid time, exclusive."""

    subscription: int
    instance_id: str
    protocol: CommandSet
    """Protocol of its seller; ``cloud.CLOUD`` for services on a server."""
    product_type: str
    product_id: str
    """Present offer, as on the wire."""
    charging: Charging
    purchase_order: str
    """Number of the purchase order."""
    access_by_message: bool
    started_at: datetime | None
    expires_at: datetime | None
    renewable_until: datetime | None
    """Exclusive; None for a service that cannot be renewed."""
    convertible_until: datetime | None = None
    """Exclusive; None for a service that is not a trial."""
    proven: frozenset[str] | None = None
    """Activities with a saved debug case at its address; None if irrelevant."""
    frozen: bool = False
    """Frozen for any reason."""
    optional: bool = False
    """The interface is optional: only activities with a saved case are called."""

    @property
    def refresh_thaws(self) -> bool:
        """Whether the seller ends a freeze when it receives a new end (saas-v1-license A2.3)."""
        return self.charging.mode in self.protocol.life.refresh_thaws


class Line(Struct, frozen=True, kw_only=True):
    """Order line that caused the operation."""

    number: str
    order_number: str
    order_type: str
    period_type: str
    period_number: int
    quantity: int
    linear: bool
    sku_code: str
    product_name: str
    purchase: Purchase
    """For older protocols that contain it, without dates."""
    held: bool = False
    """Whether the payment is held until the buyer accepts the service already in use (business-rules §2.10)."""

    def bought(self, *, started_at: datetime | None = None, expires_at: datetime | None = None) -> Purchase:
        return replace(self.purchase, started_at=started_at, expires_at=expires_at)


class LastExchange(Struct, frozen=True, kw_only=True):
    """Last completed exchange of the operation: command and answer."""

    command: Command | None
    """None for a task of the cloud."""
    answer: Done
    until_access: bool = False


class FailedCall(Struct, frozen=True, kw_only=True):
    """A call whose retry plan is over. ``orphans``: ID from an untrusted answer, or IDs that the protocol recommends
    for instances from its requests (saas-v2 §3.1); empty if nothing can exist."""

    command: Command | None
    verdict: str
    maybe_acted: bool
    keeps_order: bool
    """Whether the protocol keeps the order for the seller instead of a refund (saas-v1-license B1)."""
    orphans: tuple[str, ...] = ()


class Case[W](Struct, frozen=True, kw_only=True):
    """State of an operation."""

    held: SubscriptionView
    wanted: W
    line: Line | None
    step: int
    said: LastExchange | None
    now: datetime

    @property
    def ordered(self) -> Line:
        if self.line is None:
            raise LookupError("an operation of this kind comes from an order")
        return self.line

    @property
    def changed_product_id(self) -> str:
        """``productId``, only if the order changes it (saas-v2 §3.3)."""
        product_id = self.ordered.purchase.product_id
        return product_id if product_id != self.held.product_id else ""


# --- intents ---


class ProtocolCommand(Struct, frozen=True, kw_only=True):
    """A command that is equal in all protocols. ``step``: its place in the plan, returned in the case."""

    command: Command
    step: int = 0
    until_access: bool = False
    """Repeated until the access data exists (saas-v2 §3.1, §3.2)."""
    once: bool = False
    """A single attempt: somebody waits for the answer and can ask again."""


class Freeze(Struct, frozen=True, kw_only=True):
    """Make the instance unusable. ``reason``: a ``subscriptions.Freeze.Reason``."""

    reason: str


class Thaw(Struct, frozen=True, kw_only=True):
    """Make the instance usable again."""


class Release(Struct, frozen=True, kw_only=True):
    """Delete the instance. ``order_id``: the unsubscription that caused it, or a refunded order."""

    instance_id: str
    order_id: str = ""
    order_line_id: str = ""


class WaitForPeople(Struct, frozen=True):
    """Wait for people; ``by_people`` ends the operation."""


class ServerAction(Struct, frozen=True, kw_only=True):
    """Start or stop the service's server for its buyer, or replace its image by one of the cloud."""

    action: Action
    image: str = ""
    """Code of that image."""


type CommandIntent = ProtocolCommand | Freeze | Thaw | Release | ServerAction
"""Intents for a seller's server or the cloud."""
type Intent = CommandIntent | WaitForPeople


class ServerTask(Struct, frozen=True, kw_only=True):
    """A task for the operator's cloud, instead of a command to a seller."""

    action: Action
    image: str = ""
    by_buyer: bool = False


class ImpliedCommand(Struct, frozen=True):
    """No command is needed: another command has the same effect."""


class Unsupported(Struct, frozen=True):
    """The protocol has no such command, or the seller need not implement it: only the market applies it."""


# --- effects ---


class OrderEnd(StrEnum):
    COMPLETE = "complete"
    GIVE_UP = "give up"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """``since``: start of use, if earlier than when the market learned of it."""

    access: AppInfo | None
    license: str = field(default="", repr=False)
    since: datetime | None = None


class PaidPeriod(Struct, frozen=True, kw_only=True):
    """Paid period of the order line, half-open."""

    starts_at: datetime
    ends_at: datetime


class PaidChange(Struct, frozen=True, kw_only=True):
    """Part of the price of a change for one paid period; half-open, within that period."""

    starts_at: datetime
    ends_at: datetime
    begins_at: datetime
    """Start of that period, when the seller earns this part (business-rules §8.2)."""
    paid_minor: int


class Orphan(Struct, frozen=True, kw_only=True):
    """A possible instance of a refunded order."""

    instance_id: str
    order_id: str
    order_line_id: str


class Effects(Struct, frozen=True, kw_only=True):
    """Effects of an end, written by ``apply`` in the same transaction."""

    opened: Opened | None = None
    expires_at: datetime | None = None
    """New end of the paid time."""
    paid: PaidPeriod | None = None
    paid_changes: tuple[PaidChange, ...] = ()
    """Parts of the price of a change."""
    cancels_period: bool = False
    """Cancel the latest period."""
    changed: bool = False
    """Take offer and quantity from the line."""
    seller_state: str = ""
    """A ``Subscription.SellerState``, if the answer shows it."""
    failed: bool = False
    """There will be no instance."""
    released: bool = False
    orphans: tuple[Orphan, ...] = ()
    access: AppInfo | None = None
    """New access data of the buyer."""
    license: Answer | None = None
    """The seller's answer to a license application."""
    order: OrderEnd | None = None


class Kind[W](Protocol):
    name: str
    """Name of the module, as stored in the database."""
    title: str | Promise
    """Name of the operation on pages."""
    wanted: type[W]
    """A frozen Struct; stored as JSON by ``base/stored.py``."""
    refundable: bool
    """Whether a failed retry plan refunds the order; otherwise the operation stops until a restart by hand. A protocol
    may still keep the order (``Failed.keeps_order``)."""
    prolongs: bool
    """Whether it is paid and extends the paid time: no freeze for expiry begins while it is open."""
    ends: bool
    """Whether it ends the service: access closes before the first call."""

    def refuses(self, case: Case[W]) -> Refused | None:
        """Return why it cannot begin, or None."""
        ...

    def ask(self, case: Case[W]) -> Intent | None:
        """Return the next intent; None when all calls are done."""
        ...

    def on_done(self, case: Case[W]) -> Effects: ...

    def on_gave_up(self, case: Case[W], last: FailedCall) -> Effects:
        """Return the effects of a failure. The refund of a refundable kind is implied."""
        ...


class Defaults[W]:
    """Defaults for kinds that can always begin and whose failure has no effects."""

    def refuses(self, case: Case[W]) -> Refused | None:
        del case
        return None

    def on_gave_up(self, case: Case[W], last: FailedCall) -> Effects:
        del case, last
        return Effects()


type AnyKind = Kind[Any]


class NoParameters(Struct, frozen=True):
    """For kinds without parameters."""
