"""A supervised delivery as a page shows it to one of its sides, and what a form of such a page says. Used by all three sites."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
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
from tradepost.market.base.money_words import in_words
from tradepost.market.base.numbers import decimal_number
from tradepost.market.identity.models import User
from tradepost.market.product_types.flows.contract import Act, Entry, Move, Node, Party, Provision, Refundable
from tradepost.market.supervision import milestones, queries, step
from tradepost.market.supervision.act import BARRED, Said
from tradepost.market.supervision.cancel import may_give_up
from tradepost.market.supervision.clocks import Clocks
from tradepost.market.supervision.handed_file import handed_file
from tradepost.market.supervision.models import CancelRequest, Supervision
from tradepost.market.supervision.refund_rights import against, kept, refundable

from .proofs import given
from .timeline import TimelineEvent
from .uploads import keep_proof, uploaded_in

MOST_PROOFS = 5
"""Documents that one form brings."""


def clocks_now() -> Clocks:
    settings = config()
    return Clocks(
        accept_days=settings.shipping_auto_accept_days,
        return_days=settings.shipping_return_days,
        returned_days=settings.shipping_returned_days,
        remind_days=settings.supervision_remind_days,
        stale_days=settings.supervision_stale_days,
        stale_repeat_days=settings.supervision_stale_repeat_days,
        appeal_workdays=settings.supervision_appeal_workdays,
        zone=timezone.get_default_timezone(),
    )


class ShownEntry(Struct, frozen=True):
    """A field of an act's form, with what was typed and what is wrong with it."""

    entry: Entry
    label: str
    typed: str
    error: str


class ShownMove(Struct, frozen=True):
    move: Move
    label: str
    entries: Sequence[ShownEntry]
    main: bool


class ShownNode(Struct, frozen=True):
    """A step of the flow: ``state`` is done, current or later."""

    node: Node
    title: str
    state: str


def context_of(supervision: Supervision, party: Party, request: HttpRequest, refused: Refused | None) -> dict[str, Any]:
    """What the templates ``web/parts/supervision_*`` need."""
    language = get_language()
    node, running = step.node_of(supervision), supervision.status == Supervision.Status.RUNNING
    requests, sums = queries.cancel_requests(supervision), step.sums_of(supervision)
    currency, parts = supervision.line.order.currency, milestones.of(supervision)
    most = Money(refundable(node.refundable, sums), currency)
    asked = next((one for one in requests if one.status == CancelRequest.Status.OPEN), None)
    # What act.py refuses while its buyer asks to cancel it is not offered.
    mine = [move for move in node.moves if move.by is party and not (asked and move.act in BARRED)]
    return {
        "supervision": supervision,
        "product": supervision.line.product,
        "party": party.value,
        "nodes": _nodes(supervision, language),
        "waits": node.waits.in_language(language),
        "mine": running and node.owner is party,
        "moves": _moves(mine, request, refused, language) if running else [],
        "events": _events(supervision, language),
        "story": [(one, one.entries(language)) for one in queries.story(supervision) if one.says_something],
        "requests": requests,
        "milestones": parts,
        "current_milestone": next((one for one in parts if one.accepted_at is None), None) if running else None,
        "file": handed_file(supervision),
        "most_back": most,
        "may_ask_back": against(node.refundable, sums, sums.rest, ends=True) is None,
        "may_ask_part": node.refundable is Refundable.REST and most.minor > 0,
        "left_to_seller": Money(kept(sums, sums.rest), currency),
        "open_request": asked,
        "returning": next((one for one in requests if one.status == CancelRequest.Status.RETURNING), None),
        "may_give_up": may_give_up(supervision),
        "return_first": bool(node.agreed_to),
        "goods_first": bool(asked is not None and asked.ends and node.agreed_to),
        "in_use": step.flow_of(supervision).provision is Provision.AT_PAYMENT,
        "open_appeal": queries.open_appeal(supervision),
        "proof_fields": range(MOST_PROOFS),
        "refused": refused,
        "acted": request.POST.get("act", ""),
        "typed": {key: value for key, value in request.POST.items() if isinstance(value, str)},
    }


def _nodes(supervision: Supervision, language: str | None) -> list[ShownNode]:
    flow = step.flow_of(supervision)
    aside = {one.agreed_to for one in flow.nodes} | {"returned"}
    shown = supervision.node in aside
    nodes = [
        one for one in flow.nodes if (one.code != "review" or supervision.reviewed) and (one.code not in aside or shown)
    ]
    at = next((place for place, one in enumerate(nodes) if one.code == supervision.node), 0)
    over = supervision.status in {Supervision.Status.ACCEPTED, Supervision.Status.COMPLETED}
    return [
        ShownNode(
            one,
            one.title.in_language(language),
            "done" if place < at or over else "current" if place == at else "later",
        )
        for place, one in enumerate(nodes)
    ]


def _moves(
    mine: Sequence[Move], request: HttpRequest, refused: Refused | None, language: str | None
) -> list[ShownMove]:
    acted = request.POST.get("act", "")
    return [
        ShownMove(
            move,
            move.label.in_language(language),
            [
                ShownEntry(
                    entry, entry.label.in_language(language),
                    request.POST.get(entry.code, "") if acted == move.act.value else "",
                    refused.message if refused and acted == move.act.value and _is_about(refused, entry) else "",
                )
                for entry in move.entries
            ],
            place == 0,
        )
        for place, move in enumerate(mine)
    ]  # fmt: skip


def _is_about(refused: Refused, entry: Entry) -> bool:
    return refused.field == ("proof" if entry.files and refused.field == "proof" else entry.code)


def _events(supervision: Supervision, language: str | None) -> list[TimelineEvent]:
    """Oldest first."""
    events = [TimelineEvent(supervision.opened_at, _("Paid; the delivery began"), icon="credit-card")]
    nodes = step.flow_of(supervision).by_code
    for one in queries.story(supervision):
        if one.visit is not None:
            node = nodes.get(one.visit.node)
            move = next((m for m in node.moves if m.act.value == one.visit.act), None) if node else None
            title = move.label.in_language(language) if move else one.visit.act
            said = f"{one.visit.get_party_display()}: {title}"
            events.append(TimelineEvent(one.visit.at, said, icon="check" if one.visit.act != "reject" else "ban"))
        elif one.appeal is not None:
            events.append(
                TimelineEvent(one.appeal.opened_at, _("The operator was asked to decide"), icon="alert-circle")
            )
            if one.appeal.decided_at is not None:
                decided = one.appeal.get_decision_display()
                events.append(
                    TimelineEvent(one.appeal.decided_at, _("The operator decided: %(what)s") % {"what": decided})
                )
    for request in queries.cancel_requests(supervision):
        if request.status == CancelRequest.Status.AGREED and not request.ends and request.amount is not None:
            words = _("%(amount)s went back to the buyer; the delivery goes on") % {"amount": in_words(request.amount)}
            events.append(TimelineEvent(request.ended_at, words, icon="arrows-exchange"))
    if supervision.ended_at is not None and supervision.status == Supervision.Status.REFUNDED:
        events.append(
            TimelineEvent(supervision.ended_at, _("Paid back to the buyer's balance"), icon="arrows-exchange")
        )
    return sorted(events, key=lambda event: event.at or supervision.opened_at)


# --- what a form says ---------------------------------------------------------------------------------------------------


def act_of(request: HttpRequest) -> Act:
    """Raises ``Refused`` for what is no act."""
    try:
        return Act(request.POST.get("act", ""))
    except ValueError:
        raise Refused("supervision.not_now", _("This cannot be done now: it is somebody else's turn.")) from None


def said_in(request: HttpRequest, supervision: Supervision, *, by: User, of_buyer: bool, now: datetime) -> Said:
    """Raises ``Refused`` for a document that cannot be kept."""
    values = {key: value for key, value in request.POST.items() if isinstance(value, str)}
    visit = values.get("visit", "")
    return Said(
        visit=int(visit) if visit.isascii() and visit.isdigit() and len(visit) < 9 else 0,
        values=values,
        proofs=proofs_in(request, supervision, by=by, of_buyer=of_buyer, now=now),
    )


def amount_in(request: HttpRequest, currency: str) -> int | None:
    """What is asked for, in the smallest unit: None for all that is left, -1 for what is no amount."""
    if request.POST.get("all") == "on":
        return None
    number = decimal_number(request.POST.get("amount", ""), digits=10, decimals=MINOR_DIGITS[currency])
    return -1 if number is None else Money.of(number, currency).minor


def proofs_in(
    request: HttpRequest, supervision: Supervision, *, by: User, of_buyer: bool, now: datetime
) -> tuple[str, ...]:
    uploads = [one for n in range(MOST_PROOFS) if (one := uploaded_in(request, f"proof_{n}")) is not None]
    kept = [keep_proof(one, seller=supervision.seller, by=by, now=now, of_buyer=of_buyer).sha256 for one in uploads]
    return tuple(dict.fromkeys(kept))


def document_of(supervision: Supervision, sha256: str) -> HttpResponse:
    """What either side showed, always as a download: a browser that showed it would run in our name what a PDF may hold."""
    proof: Proof | None = queries.proof_shown(supervision, sha256)
    return given(proof)


def status_of(refused: Refused | None) -> int:
    return int(refused.status) if refused else HTTPStatus.OK.value
