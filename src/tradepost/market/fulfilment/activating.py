"""Codes taken into use by the seller's software, and orders that are given back before that (openapi-jointkit §C.8, business-rules
§2.10). With the activation the paid time begins, the order is completed and the seller has earned.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.licenses.code_lifecycle import LICENSE_CODE, CodeEvent
from tradepost.market.licenses.code_models import LicenseCode
from tradepost.market.licenses.code_status import IN_LIST, NO_SUCH, Trouble, not_activable, of_a_list
from tradepost.market.licenses.codes import found, locked_of, take, withdraw
from tradepost.market.licenses.events import CodeActivated
from tradepost.market.orders.models import OrderLine
from tradepost.market.product_types.acceptance import opens_at_payment
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.license_calls import Activate

from .apply import Ended, apply
from .cases import held_of, line_of, locked_subscriptions, spoken_by
from .contract import Case, Effects, Nothing, OrderEnd
from .kinds.issue import KIND as ISSUE
from .kinds.issue import activated
from .lanes import LINE
from .lifecycle import OperationEvent
from .models import Operation
from .operate import settle

GIVEN_BACK = gettext_noop("Given back by its buyer")
"""Note of the operation."""


class NotActivated(Exception):
    """Nothing was activated. ``trouble``: the row of the interface's table, with what was wrong."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


class Activation(Struct, frozen=True, kw_only=True):
    """``as_list``: whether one that is wrong is named as one of a list (version 2)."""

    seller: int
    asked: Activate
    as_list: bool


def activate(activation: Activation, *, now: datetime) -> list[LicenseCode]:
    """Take all of these codes into use, or none. Raises ``NotActivated``.

    Services are locked before their codes, so that of two programs that activate one code the second finds it activated.
    """
    texts = list(dict.fromkeys(activation.asked.licenses))
    with transaction.atomic():
        known = found(activation.seller, texts)
        services = {one.subscription_id for one in known.values()} - {None}
        held = {one.pk: one for one in locked_subscriptions([pk for pk in services if pk is not None])}
        operations = _waiting(list(held))
        codes = {one.code: one for one in _locked([one.pk for one in known.values()])}
        _check(activation, texts, codes, now)
        ordered = [codes[text] for text in texts]
        since = activation.asked.since or now
        LICENSE_CODE.move_all(
            ordered, CodeEvent.ACTIVATE, now=now, actor="seller", activated_at=now, effective_at=min(since, now)
        )
        bought = [one for one in ordered if one.subscription_id is not None]
        ended = [
            _ended(held[one.subscription_id or 0], operations[one.subscription_id or 0], one, now) for one in bought
        ]
        apply(ended, now=now)
        settle([one.subscription for one in ended], now=now)
        outbox.publish_all([CodeActivated(subscription=one.subscription.pk) for one in ended], now=now)
        for code in bought:
            code.subscription = held[code.subscription_id or 0]
    return ordered


def _locked(codes: Sequence[int]) -> list[LicenseCode]:
    return list(LicenseCode.objects.select_for_update(of=("self",)).filter(pk__in=codes).order_by("pk"))


def _waiting(services: Sequence[int]) -> dict[int, Operation]:
    """The operation of each that waits for its activation, locked."""
    running = Operation.objects.filter(subscription__in=services, kind=ISSUE.name, status=Operation.Status.RUNNING)
    locked = running.select_for_update(of=("self",)).select_related(*LINE).order_by("pk")
    return {one.subscription_id or 0: one for one in locked}


def _check(activation: Activation, texts: Sequence[str], codes: dict[str, LicenseCode], now: datetime) -> None:
    wrong: list[tuple[str, Trouble]] = []
    for text in texts:
        code = codes.get(text)
        trouble = (
            Trouble(NO_SUCH, "no code of yours is this one")
            if code is None
            else not_activable(code.status, ordered_at=code.ordered_at, since=activation.asked.since, now=now)
        )
        if trouble is not None:
            wrong.append((text, trouble))
    if wrong:
        trouble = of_a_list(wrong) if activation.as_list else wrong[0][1]
        raise NotActivated(trouble or Trouble(IN_LIST, ""))


def _ended(subscription: Subscription, operation: Operation, code: LicenseCode, now: datetime) -> Ended:
    case = _case(subscription, operation, now)
    effects = activated(case, since=code.effective_at or now)
    return Ended(
        operation=operation, subscription=subscription, effects=effects, event=OperationEvent.FINISH, actor="seller"
    )


def _case(subscription: Subscription, operation: Operation, now: datetime) -> Case[Nothing]:
    spoken = spoken_by(subscription, None)
    if spoken is None or operation.line is None:
        raise LookupError("a code is issued for an order line of a kind that names its protocol")
    return Case(
        held=held_of(subscription, spoken), wanted=Nothing(), line=line_of(operation.line), step=0, said=None, now=now
    )


# --- by its buyer: taken, or given back ---------------------------------------------------------------------------------------------------------


def take_code(subscription: Subscription, *, actor: str, now: datetime) -> LicenseCode:
    """The buyer takes the code of an order. Raises ``Refused``."""
    with transaction.atomic():
        [held] = locked_subscriptions([subscription.pk])
        _must_be_alone(held)
        return take(held, actor=actor, now=now)


def give_back(subscription: Subscription, *, actor: str, now: datetime) -> None:
    """The buyer does not want a code that was not taken: what was paid comes back in full. Raises ``Refused``."""
    with transaction.atomic():
        [held] = locked_subscriptions([subscription.pk])
        _must_be_alone(held)
        operation, code = _waiting([held.pk]).get(held.pk), locked_of(held)
        if code is None or operation is None or code.status != LicenseCode.Status.ISSUED:
            words = _("A code that was taken is not paid back any more. Ask the seller if it does not work.")
            raise Refused("license.taken", words)
        withdraw(held, actor=actor, now=now)
        effects = Effects(failed=True, order=OrderEnd.RETURN)
        ended = Ended(
            operation=operation, subscription=held, effects=effects, event=OperationEvent.GIVE_UP, note=GIVEN_BACK,
            actor=actor,
        )  # fmt: skip
        apply([ended], now=now)
        settle([held], now=now)


def _must_be_alone(held: Subscription) -> None:
    """Where people deliver it step by step, it is taken or cancelled there. Raises ``Refused``."""
    flow = OrderLine.objects.filter(number=held.order_line_number).values_list("flow", flat=True).first()
    if opens_at_payment(flow or ""):
        raise Refused(
            "license.supervised", _("This code is delivered step by step: go on with it under My deliveries.")
        )
