"""What a flow of supervised delivery declares: its nodes, who acts at each, what they must say, and what that does.

A flow is data. ``supervision/`` is the one engine that walks through it; a new flow is a new module and no edit elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from msgspec import Struct

from tradepost.protocols.text import Text


class Party(StrEnum):
    """Whose turn it is, and who acts."""

    BUYER = "buyer"
    SELLER = "seller"
    OPERATOR = "operator"
    MARKET = "market"
    """By itself: at a node's due time, or when something became true that needs no person to say it."""


class Act(StrEnum):
    DEMAND = "demand"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    DELIVER = "deliver"
    PASS = "pass"  # noqa: S105  # no password: a delivery passes a review
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
    """What an act does beside leading on."""

    ACCEPTED = "accepted"
    """The delivery is accepted: the order completes, and the seller earns."""
    REJECTED = "rejected"
    """Counted as a rejection."""
    APPLIES = "applies"
    """A license is asked of the seller's server for what was said (saas-v1-license §B3)."""
    TAKES = "takes"
    """The buyer takes the authorisation code: it can be activated from then on (saas-v1-license §B2)."""
    PAID_BACK = "paid_back"
    """What was agreed on goes back to the buyer, and the delivery ends."""
    KEPT = "kept"
    """What was agreed on is withdrawn: the buyer keeps what was sent."""
    STARTS = "starts"
    """May say from when on the service is used: the paid time counts from there."""


class Provision(StrEnum):
    """When the seller's interface is asked to open what was bought."""

    NONE = "none"
    """Never: people deliver all of it."""
    AT_ACCEPTANCE = "at_acceptance"
    AT_PAYMENT = "at_payment"
    """At once: it is in use while people look at it, and its money is held until the acceptance all the same."""


class Within(StrEnum):
    """How long the market waits before it acts by itself, a setting each."""

    RECEIPT = "receipt"
    """Of goods that were sent to the buyer's own telephone; others wait for the buyer alone (business-rules §2.10)."""
    RETURN = "return"
    """Until the buyer has sent goods back (§4.7)."""
    RETURNED = "returned"
    """Until the seller has said whether they came (§4.7)."""


class Refundable(StrEnum):
    """What a buyer may ask to have paid back while the flow stands at a node (business-rules §2.10)."""

    REST = "rest"
    """What was paid, less what was accepted and what went back; or a part of that."""
    WHOLE = "whole"
    """All of that, or nothing: there is no part of a delivery that has not begun."""
    NOTHING = "nothing"


class Entry(Struct, frozen=True, kw_only=True):
    """Something that is said with an act. ``most``: characters of a text, or documents."""

    code: str
    label: Text
    files: bool = False
    required: bool = True
    most: int = 200


class Move(Struct, frozen=True, kw_only=True):
    """An act that is possible at a node. ``to``: the next node, empty where the flow is over; ``reviewed_to``: where the
    product's acceptance is reviewed by an operator first, in place of all else; ``more_to``: while there are more milestones
    to deliver."""

    act: Act
    by: Party
    label: Text
    to: str = ""
    reviewed_to: str = ""
    more_to: str = ""
    entries: tuple[Entry, ...] = ()
    effects: frozenset[Effect] = frozenset()


class Node(Struct, frozen=True, kw_only=True):
    """``owner``: who must act. ``waits``: a sentence for everybody about what is waited for. ``auto``: what the market does by
    itself when the node's time is over (``within``); a node without one only reminds. ``agreed_to``: the node to which a refund
    leads that both agreed on and that ends it; empty where it is paid at once."""

    code: str
    title: Text
    waits: Text
    owner: Party
    moves: tuple[Move, ...]
    refundable: Refundable = Refundable.REST
    auto: Act | None = None
    within: Within = Within.RECEIPT
    agreed_to: str = ""

    def move(self, act: Act, by: Party) -> Move | None:
        return next((one for one in self.moves if one.act is act and one.by is by), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """``version``: of what is declared here; a delivery under way keeps the one with which it began (§2.10)."""

    code: str
    version: int
    title: Text
    nodes: tuple[Node, ...]
    provision: Provision = Provision.NONE
    file_after: Act | None = None
    """Of a kind that is delivered as a file: the act by which the buyer gets it; None: it is there with the payment."""
    by_code: Mapping[str, Node] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_code", {node.code: node for node in self.nodes})

    @property
    def first(self) -> Node:
        return self.nodes[0]

    @property
    def effects(self) -> frozenset[Effect]:
        """Of all its moves."""
        return frozenset(effect for node in self.nodes for move in node.moves for effect in move.effects)
