"""What a kind of operation provides: pure functions over values. A module under ``kinds/`` with a ``KIND`` is one.

A kind says what is asked of the seller next and what the answers mean. It reads no database, knows no protocol (it speaks
in intents, which ``speak`` turns into commands) and keeps nothing between two questions.
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
from tradepost.protocols.contract import Spoken

if TYPE_CHECKING:
    from django.utils.functional import Promise


class Held(Struct, frozen=True, kw_only=True):
    """A subscription as a kind sees it. ``expires_at`` is the end of the paid time, exclusive."""

    subscription: int
    instance_id: str
    protocol: Spoken
    """Of its seller; ``cloud.CLOUD`` of what runs on a server."""
    product_type: str
    product_id: str
    """Of the offer that is held, as on the wire."""
    charging: Charging
    purchase_order: str
    """Number of the order by which it was bought."""
    access_by_message: bool
    started_at: datetime | None
    expires_at: datetime | None
    renewable_until: datetime | None
    """Exclusive; None for what cannot be renewed."""
    convertible_until: datetime | None = None
    """Exclusive; None for what is no trial."""
    proven: frozenset[str] | None = None
    """Activities of which the seller saved a debug case at its address; None where that does not matter."""
    frozen: bool = False
    """For whatever reason: its buyer cannot enter it."""
    optional: bool = False
    """Its seller need not have an interface: it is told of what it saved a case for, and of nothing else."""

    @property
    def refresh_thaws(self) -> bool:
        """Whether its seller ends a freeze by itself when it is told of an end (saas-v1-license A2.3)."""
        return self.charging.mode in self.protocol.life.refresh_thaws


class Line(Struct, frozen=True, kw_only=True):
    """The order line that wants the operation."""

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
    """As the older protocols carry it inside, without its dates."""
    held: bool = False
    """Its money is held until its buyer accepts what is in use meanwhile (business-rules §2.10)."""

    def bought(self, *, started_at: datetime | None = None, expires_at: datetime | None = None) -> Purchase:
        return replace(self.purchase, started_at=started_at, expires_at=expires_at)


class Said(Struct, frozen=True, kw_only=True):
    """The last thing that the seller did of this operation: what it was asked, and what it answered."""

    command: Command | None
    """None where the cloud was asked."""
    answer: Done
    until_access: bool = False


class Failed(Struct, frozen=True, kw_only=True):
    """A call whose plan is over. ``orphans``: an id claimed in an answer that could not be trusted, or those that the
    protocol recommends for what one of its requests may have made (saas-v2 §3.1); empty when nothing can be there."""

    command: Command | None
    verdict: str
    maybe_acted: bool
    keeps_order: bool
    """By the protocol's plan the order waits for the seller instead of being refunded (saas-v1-license B1)."""
    orphans: tuple[str, ...] = ()


class Case[W](Struct, frozen=True, kw_only=True):
    """Where an operation stands."""

    held: Held
    wanted: W
    line: Line | None
    step: int
    said: Said | None
    now: datetime

    @property
    def ordered(self) -> Line:
        if self.line is None:
            raise LookupError("an operation of this kind comes from an order")
        return self.line

    @property
    def changed_product_id(self) -> str:
        """``productId`` only when the order changes it (saas-v2 §3.3)."""
        wanted = self.ordered.purchase.product_id
        return wanted if wanted != self.held.product_id else ""


# --- what a kind asks -------------------------------------------------------------------------------------------------


class Ask(Struct, frozen=True, kw_only=True):
    """A command that every protocol says alike. ``step``: its place among what the kind asks, given back in the case."""

    command: Command
    step: int = 0
    until_access: bool = False
    """Asked again and again until the access data is there (saas-v2 §3.1, §3.2)."""
    once: bool = False
    """One attempt: somebody waits for the answer, and can ask again."""


class Freeze(Struct, frozen=True, kw_only=True):
    """That the instance shall not be usable. ``reason`` is a ``subscriptions.Freeze.Reason``."""

    reason: str


class Thaw(Struct, frozen=True, kw_only=True):
    """That it shall be usable again."""


class Release(Struct, frozen=True, kw_only=True):
    """That it shall be deleted. ``order_id``: of the unsubscription that caused it, or of an order that was paid back."""

    instance_id: str
    order_id: str = ""
    order_line_id: str = ""


class Await(Struct, frozen=True):
    """Nothing is asked of a server: people do it, and whoever follows them says when it is done (``by_people``)."""


class OnServer(Struct, frozen=True, kw_only=True):
    """That the server on which the service runs is started or stopped for its buyer, or gets an image of the cloud's own in
    place of the market's."""

    action: Action
    image: str = ""
    """Code of that image."""


type Sayable = Ask | Freeze | Thaw | Release | OnServer
"""What a server is told, a seller's or the cloud's."""
type Intent = Sayable | Await


class ServerTask(Struct, frozen=True, kw_only=True):
    """What is asked of the operator's cloud, in place of a command to a seller."""

    action: Action
    image: str = ""
    by_buyer: bool = False


class Implied(Struct, frozen=True):
    """Nothing need be asked: another command has said it already."""


class Unable(Struct, frozen=True):
    """This protocol has no word for it, or the seller need not have its interface: the market keeps to it alone."""


# --- what comes of it -------------------------------------------------------------------------------------------------


class OrderEnd(StrEnum):
    COMPLETE = "complete"
    GIVE_UP = "give up"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """``since``: when its use began, where that is not the moment at which the market learns of it."""

    access: AppInfo | None
    license: str = field(default="", repr=False)
    since: datetime | None = None


class Paid(Struct, frozen=True, kw_only=True):
    """Paid time that the order line bought, half-open."""

    starts_at: datetime
    ends_at: datetime


class PaidChange(Struct, frozen=True, kw_only=True):
    """What of the price of a change in use belongs to one paid period; half-open, within that period."""

    starts_at: datetime
    ends_at: datetime
    begins_at: datetime
    """When that period begins, or began: the seller earns this part then (business-rules §8.2)."""
    paid_minor: int


class Orphan(Struct, frozen=True, kw_only=True):
    """What a seller may have made for an order that was paid back."""

    instance_id: str
    order_id: str
    order_line_id: str


class Effects(Struct, frozen=True, kw_only=True):
    """What becomes true, to be written by ``apply`` in the same transaction."""

    opened: Opened | None = None
    expires_at: datetime | None = None
    """The new end of the paid time."""
    paid: Paid | None = None
    paid_changes: tuple[PaidChange, ...] = ()
    """Of a change in use; its line's price comes in these parts."""
    cancels_period: bool = False
    """The latest period is taken back."""
    changed: bool = False
    """What the line says is what is held from now on: offer and quantity."""
    seller_state: str = ""
    """A ``Subscription.SellerState``, where the answer tells it."""
    failed: bool = False
    """There will be no instance."""
    released: bool = False
    orphans: tuple[Orphan, ...] = ()
    access: AppInfo | None = None
    """What its buyer enters by from now on."""
    license: Answer | None = None
    """What the seller says to an application for a license."""
    order: OrderEnd | None = None


class Kind[W](Protocol):
    name: str
    """The module's name; what the database holds."""
    title: str | Promise
    """For pages: what is being done."""
    wanted: type[W]
    """A frozen Struct; stored as JSON by ``base/stored.py``."""
    refundable: bool
    """When the plan of its call is over the order is given up and paid back; otherwise the operation stops, to be restarted
    by hand. A protocol's plan may keep the order all the same (``Failed.keeps_order``)."""
    prolongs: bool
    """It is paid and moves the end of the paid time: no freeze for that end is begun while it is open."""
    ends: bool
    """It ends the service: access closes before anything is asked."""

    def refuses(self, case: Case[W]) -> Refused | None:
        """Why it cannot begin any more, else None."""
        ...

    def ask(self, case: Case[W]) -> Intent | None:
        """What is asked of the seller next; None when all is said."""
        ...

    def on_done(self, case: Case[W]) -> Effects: ...

    def on_gave_up(self, case: Case[W], last: Failed) -> Effects:
        """The effects of a failure. That the order is paid back when the kind is refundable need not be said."""
        ...


class Defaults[W]:
    """Of kinds that can always begin, and of which nothing comes when they fail."""

    def refuses(self, case: Case[W]) -> Refused | None:
        del case
        return None

    def on_gave_up(self, case: Case[W], last: Failed) -> Effects:
        del case, last
        return Effects()


type AnyKind = Kind[Any]


class Nothing(Struct, frozen=True):
    """Of kinds that want nothing beyond what their name says."""
