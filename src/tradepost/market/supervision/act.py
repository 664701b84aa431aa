"""Act at the node of a supervised delivery: who may, what must be said, and what it leads to (business-rules §2.10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from msgspec import Struct, field

from tradepost.market.assets.proofs import use_proofs
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.identity.models import User
from tradepost.market.product_types.flows.contract import Act, Entry, Move, Party
from tradepost.market.subscriptions.models import Subscription

from . import step
from .clocks import Clocks
from .models import Supervision, Visit
from .timers import watch

WORDS, FILES, STARTED, PHONE = "words", "files", "started", "phone"
BEGUN = "supervision.moved"
BARRED = frozenset({Act.ACCEPT, Act.TAKE})
"""What a buyer who asks for money back cannot do meanwhile."""


class Said(Struct, frozen=True, kw_only=True):
    """``values``: by the code of an entry, as typed. ``proofs``: hashes of documents that were handed in to the seller.
    ``visit``: the one that whoever acts looked at."""

    visit: int
    values: Mapping[str, str] = field(default_factory=dict)
    proofs: tuple[str, ...] = ()


def act(pk: int, party: Party, what: Act, said: Said, *, by: User, clocks: Clocks, now: datetime) -> Supervision:
    """Do it. Raises ``Refused``, and nothing was changed then. Whether ``by`` is that party is looked at before."""
    with transaction.atomic():
        held = locked_service(pk)
        supervision = step.locked(pk)
        move = _move(supervision, party, what, said.visit)
        _must_not_ask_back(supervision, what)
        values = _values(supervision, move, said, clocks, now)
        visit = Visit.objects.create(
            supervision=supervision, number=supervision.visit, node=supervision.node, act=move.act.value,
            party=party.value, actor=by.email, words=values.get(WORDS, ""), at=now,
            entries={code: text for code, text in values.items() if code != WORDS},
        )  # fmt: skip
        if said.proofs and any(entry.files for entry in move.entries):
            use_proofs(proofs_owner(visit), said.proofs, seller=supervision.seller)
        _note(supervision, values)
        step.follow(supervision, held, move, visit, clocks=clocks, now=now)
        watch(supervision, clocks=clocks, now=now)
    return supervision


def _must_not_ask_back(supervision: Supervision, what: Act) -> None:
    """Whoever asks for money back does not take or accept what it was paid for. Raises ``Refused``."""
    if what not in BARRED or step.open_request(supervision) is None:
        return
    words = {
        Act.ACCEPT: _("You asked for money back. Withdraw that first, if you want to accept what was delivered."),
        Act.TAKE: _("You asked for money back. Withdraw that first, if you want to take the code."),
    }
    raise Refused("supervision.cancelling", words[what])


def locked_service(pk: int) -> Subscription:
    """The service of a supervised delivery, locked first, as everywhere."""
    found = Supervision.objects.filter(pk=pk).values_list("subscription_id", flat=True).first()
    if found is None:
        raise Supervision.DoesNotExist
    return locked_subscriptions([found])[0]


def must_run(supervision: Supervision) -> None:
    """Raises ``Refused`` for what has ended, and while an operator decides."""
    if not supervision.open:
        raise Refused("supervision.ended", _("This delivery has ended. Nothing more can be done to it."))
    if supervision.status == Supervision.Status.ACCEPTED:
        raise Refused("supervision.accepted", _("It is accepted already: the seller's server is opening it."))
    if supervision.status == Supervision.Status.APPEALED:
        raise Refused("supervision.appealed", _("The operator decides first. Until then nobody can do anything here."))


def _move(supervision: Supervision, party: Party, what: Act, seen: int) -> Move:
    must_run(supervision)
    if supervision.visit != seen:
        raise Refused(BEGUN, _("Somebody was faster: look at what stands there now, and decide again."))
    move = step.node_of(supervision).move(what, party)
    if move is None or party is Party.MARKET:
        raise Refused("supervision.not_now", _("This cannot be done now: it is somebody else's turn."))
    return move


def _values(supervision: Supervision, move: Move, said: Said, clocks: Clocks, now: datetime) -> dict[str, str]:
    """What was said, cleaned. Raises ``Refused`` beside the field of what is missing or too much."""
    values = {}
    for entry in move.entries:
        if entry.files:
            _check_files(entry, said)
            continue
        typed = said.values.get(entry.code, "").strip()
        if entry.required and not typed:
            raise _missing(entry)
        if len(typed) > entry.most:
            words = _("At most %(most)s characters.") % {"most": entry.most}
            raise Refused("supervision.too_long", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=entry.code)
        if entry.code == STARTED and typed:
            _started(supervision, typed, clocks, now)
        if typed:
            values[entry.code] = typed
    return values


def _check_files(entry: Entry, said: Said) -> None:
    if entry.required and not said.proofs:
        raise _missing(entry)
    if len(said.proofs) > entry.most:
        words = _("At most %(most)s documents.") % {"most": entry.most}
        raise Refused("supervision.too_many", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=entry.code)


def _missing(entry: Entry) -> Refused:
    words = _("Needed: %(what)s.") % {"what": entry.label.in_language(get_language())}
    return Refused("supervision.missing", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=entry.code)


def _started(supervision: Supervision, typed: str, clocks: Clocks, now: datetime) -> date:
    """A day from the payment to today, in the market's zone."""
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        day = None
    paid = (supervision.line.order.paid_at or supervision.opened_at).astimezone(clocks.zone).date()
    if day is None or not paid <= day <= now.astimezone(clocks.zone).date():
        words = _("A day from %(paid)s, when it was paid, until today.") % {"paid": paid.isoformat()}
        raise Refused("supervision.started", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=STARTED)
    return day


def proofs_owner(visit: Visit) -> str:
    return f"supervision:{visit.supervision_id}/{visit.number}"


def _note(supervision: Supervision, values: Mapping[str, str]) -> None:
    """What later steps need."""
    if STARTED in values:
        supervision.started_on = date.fromisoformat(values[STARTED])
    if PHONE in values:
        supervision.receiver_phone = values[PHONE][:32]
