"""A supervised delivery for the pages of each party, and the parsing of its forms, for all three sites."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.assets.models import Proof
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.base.money_words import format_money
from tradepost.market.base.numbers import decimal_number
from tradepost.market.identity.models import User
from tradepost.market.product_types.flows.contract import Act, Entry, Move, Node, Party, Provision, Refundable
from tradepost.market.supervision import milestones, queries, step
from tradepost.market.supervision.act import ACTS_BARRED_DURING_REQUEST, ActForm
from tradepost.market.supervision.cancel import seller_may_give_up
from tradepost.market.supervision.clocks import Clocks
from tradepost.market.supervision.handed_file import find_delivered_file
from tradepost.market.supervision.models import CancelRequest, Supervision
from tradepost.market.supervision.refund_rights import amount_left_to_seller, find_obstacle, refundable

from .proofs import proof_download
from .timeline import TimelineEvent
from .uploads import keep_proof, uploaded_file

MAX_PROOFS = 5
"""Maximum number of documents in a form."""


def clocks_now() -> Clocks:
    settings = config()
    return Clocks(
        accept_days=settings.supervision.shipping_auto_accept_days,
        return_days=settings.supervision.shipping_return_days,
        returned_days=settings.supervision.shipping_returned_days,
        remind_days=settings.supervision.supervision_remind_days,
        stale_days=settings.supervision.supervision_stale_days,
        stale_repeat_days=settings.supervision.supervision_stale_repeat_days,
        appeal_workdays=settings.supervision.supervision_appeal_workdays,
        zone=timezone.get_default_timezone(),
    )


class EntryView(Struct, frozen=True):
    """A field of an act's form, with the submitted value and its error."""

    entry: Entry
    label: str
    typed: str
    error: str


class MoveView(Struct, frozen=True):
    move: Move
    label: str
    entries: Sequence[EntryView]
    main: bool


class NodeView(Struct, frozen=True):
    """A step of the flow. ``state``: done, current or later."""

    node: Node
    title: str
    state: str


def supervision_context(
    supervision: Supervision, party: Party, request: HttpRequest, refused: Refused | None
) -> dict[str, Any]:
    """Return the context of the templates ``web/parts/supervision_*``."""
    language = get_language()
    node, is_running = step.node_of(supervision), supervision.status == Supervision.Status.RUNNING
    requests, sums = queries.cancel_requests(supervision), step.sums_of(supervision)
    currency, parts = supervision.line.order.currency, milestones.milestones_of(supervision)
    max_refund = Money(refundable(node.refundable, sums), currency)
    open_request = next((row for row in requests if row.status == CancelRequest.Status.OPEN), None)
    # Acts that act.py refuses during a request to cancel are not offered.
    own_moves = [
        move
        for move in node.moves
        if move.by is party and not (open_request and move.act in ACTS_BARRED_DURING_REQUEST)
    ]
    return {
        "supervision": supervision,
        "product": supervision.line.product,
        "party": party.value,
        "nodes": _nodes(supervision, language),
        "waits": node.waits.in_language(language),
        "mine": is_running and node.owner is party,
        "moves": _moves(own_moves, request, refused, language) if is_running else [],
        "events": _events(supervision, language),
        "story": [(row, row.entries(language)) for row in queries.steps_of(supervision) if row.says_something],
        "requests": requests,
        "milestones": parts,
        "current_milestone": next((row for row in parts if row.accepted_at is None), None) if is_running else None,
        "file": find_delivered_file(supervision),
        "most_back": max_refund,
        "may_ask_back": find_obstacle(node.refundable, sums, sums.rest, ends=True) is None,
        "may_ask_part": node.refundable is Refundable.REST and max_refund.minor > 0,
        "left_to_seller": Money(amount_left_to_seller(sums, sums.rest), currency),
        "open_request": open_request,
        "returning": next((row for row in requests if row.status == CancelRequest.Status.RETURNING), None),
        "may_give_up": seller_may_give_up(supervision),
        "return_first": bool(node.agreed_to),
        "goods_first": bool(open_request is not None and open_request.ends and node.agreed_to),
        "in_use": step.flow_of(supervision).provision is Provision.AT_PAYMENT,
        "open_appeal": queries.open_appeal(supervision),
        "proof_fields": range(MAX_PROOFS),
        "refused": refused,
        "acted": request.POST.get("act", ""),
        "typed": {key: value for key, value in request.POST.items() if isinstance(value, str)},
    }


def _nodes(supervision: Supervision, language: str | None) -> list[NodeView]:
    flow = step.flow_of(supervision)
    hidden_codes = {node.agreed_to for node in flow.nodes} | {"returned"}
    shows_hidden = supervision.node in hidden_codes
    nodes = [
        node
        for node in flow.nodes
        if (node.code != "review" or supervision.reviewed) and (node.code not in hidden_codes or shows_hidden)
    ]
    current_index = next((index for index, node in enumerate(nodes) if node.code == supervision.node), 0)
    is_over = supervision.status in {Supervision.Status.ACCEPTED, Supervision.Status.COMPLETED}
    return [
        NodeView(
            node,
            node.title.in_language(language),
            "done" if index < current_index or is_over else "current" if index == current_index else "later",
        )
        for index, node in enumerate(nodes)
    ]


def _moves(
    moves: Sequence[Move], request: HttpRequest, refused: Refused | None, language: str | None
) -> list[MoveView]:
    acted = request.POST.get("act", "")
    return [
        MoveView(
            move,
            move.label.in_language(language),
            [
                EntryView(
                    entry, entry.label.in_language(language),
                    request.POST.get(entry.code, "") if acted == move.act.value else "",
                    refused.message if refused and acted == move.act.value and _is_about(refused, entry) else "",
                )
                for entry in move.entries
            ],
            place == 0,
        )
        for place, move in enumerate(moves)
    ]  # fmt: skip


def _is_about(refused: Refused, entry: Entry) -> bool:
    return refused.field == ("proof" if entry.files and refused.field == "proof" else entry.code)


def _events(supervision: Supervision, language: str | None) -> list[TimelineEvent]:
    """Return the events, oldest first."""
    events = [TimelineEvent(supervision.opened_at, _("Paid, delivery started"), icon="credit-card")]
    nodes = step.flow_of(supervision).by_code
    for entry in queries.steps_of(supervision):
        if entry.visit is not None:
            node = nodes.get(entry.visit.node)
            move = (
                next((option for option in node.moves if option.act.value == entry.visit.act), None) if node else None
            )
            title = move.label.in_language(language) if move else entry.visit.act
            text = f"{entry.visit.get_party_display()}: {title}"
            events.append(TimelineEvent(entry.visit.at, text, icon="check" if entry.visit.act != "reject" else "ban"))
        elif entry.appeal is not None:
            events.append(
                TimelineEvent(entry.appeal.opened_at, _("The operator was asked to decide"), icon="alert-circle")
            )
            if entry.appeal.decided_at is not None:
                decided = entry.appeal.get_decision_display()
                events.append(
                    TimelineEvent(entry.appeal.decided_at, _("The operator decided: %(what)s") % {"what": decided})
                )
    for request in queries.cancel_requests(supervision):
        if request.status == CancelRequest.Status.AGREED and not request.ends and request.amount is not None:
            words = _("%(amount)s refunded to the buyer, delivery continues") % {"amount": format_money(request.amount)}
            events.append(TimelineEvent(request.ended_at, words, icon="arrows-exchange"))
    if supervision.ended_at is not None and supervision.status == Supervision.Status.REFUNDED:
        events.append(TimelineEvent(supervision.ended_at, _("Refunded to the buyer's balance"), icon="arrows-exchange"))
    return sorted(events, key=lambda event: event.at or supervision.opened_at)


# --- parsing of forms
# ---------------------------------------------------------------------------------------------------


def submitted_act(request: HttpRequest) -> Act:
    """Return the submitted act. Raises ``Refused`` for an unknown act."""
    try:
        return Act(request.POST.get("act", ""))
    except ValueError:
        raise Refused(
            "supervision.not_now", _("This is not possible now because another party must act first.")
        ) from None


def submitted_values(
    request: HttpRequest, supervision: Supervision, *, by: User, of_buyer: bool, now: datetime
) -> ActForm:
    """Return the submitted values and documents. Raises ``Refused`` for a document that cannot be stored."""
    values = {key: value for key, value in request.POST.items() if isinstance(value, str)}
    visit = values.get("visit", "")
    return ActForm(
        visit=int(visit) if visit.isascii() and visit.isdigit() and len(visit) < 9 else 0,
        values=values,
        proofs=submitted_proofs(request, supervision, by=by, of_buyer=of_buyer, now=now),
    )


def submitted_amount(request: HttpRequest, currency: str) -> int | None:
    """Return the requested amount in minor units: None for the remaining amount, -1 for invalid input."""
    if request.POST.get("all") == "on":
        return None
    number = decimal_number(request.POST.get("amount", ""), digits=10, decimals=MINOR_DIGITS[currency])
    return -1 if number is None else Money.of(number, currency).minor


def submitted_proofs(
    request: HttpRequest, supervision: Supervision, *, by: User, of_buyer: bool, now: datetime
) -> tuple[str, ...]:
    uploads = [upload for n in range(MAX_PROOFS) if (upload := uploaded_file(request, f"proof_{n}")) is not None]
    proofs = [
        keep_proof(upload, seller=supervision.seller, by=by, now=now, of_buyer=of_buyer).sha256 for upload in uploads
    ]
    return tuple(dict.fromkeys(proofs))


def document_of(supervision: Supervision, sha256: str) -> HttpResponse:
    """Return a document of either party as a download: a PDF shown inline could run content in the market's origin."""
    proof: Proof | None = queries.proof_in_delivery(supervision, sha256)
    return proof_download(proof)
