"""Perform an act of a party at the current node of a supervised delivery (business-rules §2.10)."""

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
from .timers import schedule_timer

WORDS, FILES, STARTED, PHONE = "words", "files", "started", "phone"
MOVED_CODE = "supervision.moved"
ACTS_BARRED_DURING_REQUEST = frozenset({Act.ACCEPT, Act.TAKE})
"""Acts that a buyer cannot perform while their refund request is open."""


class ActForm(Struct, frozen=True, kw_only=True):
    """The submitted form of an act.

    ``values``: the entered text by entry code. ``proofs``: hashes of documents uploaded to the seller. ``visit``: the
    visit that the actor's page showed.
    """

    visit: int
    values: Mapping[str, str] = field(default_factory=dict)
    proofs: tuple[str, ...] = ()


def act(
    pk: int, party: Party, performed: Act, form: ActForm, *, by: User, clocks: Clocks, now: datetime
) -> Supervision:
    """Perform the act. Raises ``Refused`` and then changes nothing. The caller has checked that ``by`` belongs to the
    party."""
    with transaction.atomic():
        service = locked_service(pk)
        supervision = step.lock_supervision(pk)
        move = _move(supervision, party, performed, form.visit)
        _check_no_open_request(supervision, performed)
        values = _checked_values(supervision, move, form, clocks, now)
        visit = Visit.objects.create(
            supervision=supervision, number=supervision.visit, node=supervision.node, act=move.act.value,
            party=party.value, actor=by.email, words=values.get(WORDS, ""), at=now,
            entries={code: text for code, text in values.items() if code != WORDS},
        )  # fmt: skip
        if form.proofs and any(entry.files for entry in move.entries):
            use_proofs(proofs_owner(visit), form.proofs, seller=supervision.seller)
        _store_details(supervision, values)
        step.apply_act(supervision, service, move, visit, clocks=clocks, now=now)
        schedule_timer(supervision, clocks=clocks, now=now)
    return supervision


def _check_no_open_request(supervision: Supervision, performed_act: Act) -> None:
    """Check that a buyer with an open refund request neither takes nor accepts the delivery. Raises ``Refused``."""
    if performed_act not in ACTS_BARRED_DURING_REQUEST or step.open_request(supervision) is None:
        return
    words = {
        Act.ACCEPT: _("You requested a refund. Withdraw that request before you accept the delivery."),
        Act.TAKE: _("You requested a refund. Withdraw that request before you reveal the code."),
    }
    raise Refused("supervision.cancelling", words[performed_act])


def locked_service(pk: int) -> Subscription:
    """Return the service of a supervised delivery, locked. The service is always locked first."""
    service_id = Supervision.objects.filter(pk=pk).values_list("subscription_id", flat=True).first()
    if service_id is None:
        raise Supervision.DoesNotExist
    return locked_subscriptions([service_id])[0]


def check_open(supervision: Supervision) -> None:
    """Check that the delivery is open. Raises ``Refused`` if it has ended, is accepted or awaits an operator's
    decision."""
    if not supervision.open:
        raise Refused("supervision.ended", _("This delivery has ended. No further action is possible."))
    if supervision.status == Supervision.Status.ACCEPTED:
        raise Refused("supervision.accepted", _("It was already accepted. The seller's server is opening it."))
    if supervision.status == Supervision.Status.APPEALED:
        raise Refused("supervision.appealed", _("The operator is deciding. No action is possible until then."))


def _move(supervision: Supervision, party: Party, performed_act: Act, visit: int) -> Move:
    check_open(supervision)
    if supervision.visit != visit:
        raise Refused(
            MOVED_CODE, _("The delivery was changed in the meantime. Check its current status and decide again.")
        )
    move = step.node_of(supervision).move(performed_act, party)
    if move is None or party is Party.MARKET:
        raise Refused("supervision.not_now", _("This is not possible now because another party must act first."))
    return move


def _checked_values(
    supervision: Supervision, move: Move, form: ActForm, clocks: Clocks, now: datetime
) -> dict[str, str]:
    """Return the cleaned values. Raises ``Refused`` with the field of a missing or too long value."""
    values = {}
    for entry in move.entries:
        if entry.files:
            _check_files(entry, form)
            continue
        text = form.values.get(entry.code, "").strip()
        if entry.required and not text:
            raise _missing_refusal(entry)
        if len(text) > entry.most:
            words = _("At most %(most)s characters.") % {"most": entry.most}
            raise Refused("supervision.too_long", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=entry.code)
        if entry.code == STARTED and text:
            _parse_start_day(supervision, text, clocks, now)
        if text:
            values[entry.code] = text
    return values


def _check_files(entry: Entry, form: ActForm) -> None:
    if entry.required and not form.proofs:
        raise _missing_refusal(entry)
    if len(form.proofs) > entry.most:
        words = _("At most %(most)s documents.") % {"most": entry.most}
        raise Refused("supervision.too_many", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=entry.code)


def _missing_refusal(entry: Entry) -> Refused:
    words = _("Required: %(what)s.") % {"what": entry.label.in_language(get_language())}
    return Refused("supervision.missing", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=entry.code)


def _parse_start_day(supervision: Supervision, text: str, clocks: Clocks, now: datetime) -> date:
    """Parse a date between the payment and today, in the market's time zone. Raises ``Refused``."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    paid_on = (supervision.line.order.paid_at or supervision.opened_at).astimezone(clocks.zone).date()
    if day is None or not paid_on <= day <= now.astimezone(clocks.zone).date():
        words = _("A day from %(paid)s, when it was paid, until today.") % {"paid": paid_on.isoformat()}
        raise Refused("supervision.started", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=STARTED)
    return day


def proofs_owner(visit: Visit) -> str:
    return f"supervision:{visit.supervision_id}/{visit.number}"


def _store_details(supervision: Supervision, values: Mapping[str, str]) -> None:
    """Store the values that later steps need."""
    if STARTED in values:
        supervision.started_on = date.fromisoformat(values[STARTED])
    if PHONE in values:
        supervision.receiver_phone = values[PHONE][:32]
