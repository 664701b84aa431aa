"""The declaration of a flow of supervised delivery: its nodes, who acts at each, with which inputs and effects.

A flow is data. ``supervision/`` is the only engine that executes it; a new flow is a new module without other
edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from msgspec import Struct

from tradepost.protocols.text import Text


class Party(StrEnum):
    """The party who must act, and who acts."""

    BUYER = "buyer"
    SELLER = "seller"
    OPERATOR = "operator"
    MARKET = "market"
    """Automatic: at a node's due time, or on an event that needs no person."""


class Act(StrEnum):
    DEMAND = "demand"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    DELIVER = "deliver"
    PASS = "pass"  # noqa: S105  # not a password: a delivery passes a review
    SEND_BACK = "send_back"
    SHIP = "ship"
    TAKE = "take"
    ACTIVATE = "activate"
    SHIP_BACK = "ship_back"
    KEEP = "keep"
    TAKE_BACK = "take_back"
    ACCEPT = "accept"
    REJECT = "reject"


class Effect(StrEnum):
    """Effects of an act besides the move to the next node."""

    ACCEPTED = "accepted"
    """The delivery is accepted: the order completes, and the seller earns."""
    REJECTED = "rejected"
    """Counts as a rejection."""
    APPLIES = "applies"
    """Requests a license from the seller's server with the entered data (saas-v1-license §B3)."""
    TAKES = "takes"
    """The buyer claims the authorisation code, which can then be activated (saas-v1-license §B2)."""
    PAID_BACK = "paid_back"
    """The agreed amount is refunded to the buyer, and the delivery ends."""
    KEPT = "kept"
    """The agreed refund is withdrawn: the buyer keeps the goods."""
    STARTS = "starts"
    """May state since when the service is used; the paid time starts there."""


class Provision(StrEnum):
    """When the seller's interface is called to open the purchase."""

    NONE = "none"
    """Never: people deliver all of it."""
    AT_ACCEPTANCE = "at_acceptance"
    AT_PAYMENT = "at_payment"
    """Immediately: the service is in use during the flow, and its money is held until acceptance."""


class TimeLimit(StrEnum):
    """How long the market waits before it acts automatically; a setting each."""

    RECEIPT = "receipt"
    """Receipt of goods that were sent with the buyer's own telephone number; others wait for the buyer without limit
    (business-rules §2.10)."""
    RETURN = "return"
    """Until the buyer has returned the goods (§4.7)."""
    RETURNED = "returned"
    """Until the seller has confirmed or disputed the return (§4.7)."""


class Refundable(StrEnum):
    """What a buyer may request as a refund while the flow is at a node (business-rules §2.10)."""

    REST = "rest"
    """The paid amount less accepted and refunded amounts, or a part of it."""
    WHOLE = "whole"
    """All of it or nothing: a delivery that has not begun has no parts."""
    NOTHING = "nothing"


class Entry(Struct, frozen=True, kw_only=True):
    """An input of an act. ``most``: maximum of characters of a text, or of documents."""

    code: str
    label: Text
    files: bool = False
    required: bool = True
    most: int = 200


class Move(Struct, frozen=True, kw_only=True):
    """An act that is possible at a node. ``to``: the next node; empty at the end of the flow.

    ``reviewed_to``: the next node if an operator reviews the product's deliveries; takes precedence. ``more_to``: the
    next node while milestones remain."""

    act: Act
    by: Party
    label: Text
    to: str = ""
    reviewed_to: str = ""
    more_to: str = ""
    entries: tuple[Entry, ...] = ()
    effects: frozenset[Effect] = frozenset()


class Node(Struct, frozen=True, kw_only=True):
    """``owner``: who must act. ``waits``: a sentence about what is awaited, shown to all parties.

    ``auto``: what the market does when the node's time (``within``) is over; without it, the market only sends
    reminders. ``agreed_to``: the node after an agreed refund that ends the delivery; empty to refund at once."""

    code: str
    title: Text
    waits: Text
    owner: Party
    moves: tuple[Move, ...]
    refundable: Refundable = Refundable.REST
    auto: Act | None = None
    within: TimeLimit = TimeLimit.RECEIPT
    agreed_to: str = ""

    def move(self, act: Act, by: Party) -> Move | None:
        return next((candidate for candidate in self.moves if candidate.act is act and candidate.by is by), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """``version``: of this declaration. A running delivery keeps the version with which it began (§2.10)."""

    code: str
    version: int
    title: Text
    nodes: tuple[Node, ...]
    provision: Provision = Provision.NONE
    file_after: Act | None = None
    """The act by which the buyer receives the file, for a kind delivered as a file; None: with the payment."""
    by_code: Mapping[str, Node] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_code", {node.code: node for node in self.nodes})

    @property
    def first(self) -> Node:
        return self.nodes[0]

    @property
    def effects(self) -> frozenset[Effect]:
        """The effects of all its moves."""
        return frozenset(effect for node in self.nodes for move in node.moves for effect in move.effects)
