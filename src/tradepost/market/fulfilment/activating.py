"""Activate authorisation codes for the seller's software, and return orders before that (openapi-jointkit §C.8,
business-rules §2.10).

With the activation the paid time begins, the order completes and the seller has earned the payment.
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
from tradepost.market.licenses.code_status import IN_LIST, UNKNOWN_CODE, CodeError, activation_error, error_of_list
from tradepost.market.licenses.codes import find_codes, locked_of, take, withdraw
from tradepost.market.licenses.events import CodeActivated
from tradepost.market.orders.models import OrderLine
from tradepost.market.product_types.acceptance import opens_at_payment
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.license_calls import Activate

from .apply import EndedOperation, apply
from .cases import line_of, locked_subscriptions, protocol_with_seller, view_of
from .contract import Case, Effects, NoParameters, OrderEnd
from .kinds.issue import KIND as ISSUE
from .kinds.issue import activated
from .lanes import LINE
from .lifecycle import OperationEvent
from .models import Operation
from .operate import settle

RETURN_NOTE = gettext_noop("Returned by the buyer")
"""Note of the operation."""


class NotActivated(Exception):
    """No code was activated. ``trouble``: row of the interface's error table."""

    def __init__(self, trouble: CodeError) -> None:
        super().__init__(trouble)
        self.trouble = trouble


class Activation(Struct, frozen=True, kw_only=True):
    """Activation by a seller's software. ``as_list``: whether errors name an element of a list (version 2)."""

    seller: int
    asked: Activate
    as_list: bool


def activate(activation: Activation, *, now: datetime) -> list[LicenseCode]:
    """Activate all of these codes, or none. Raises ``NotActivated``.

    Services are locked before their codes, so that of two concurrent activations the second finds the code activated.
    """
    texts = list(dict.fromkeys(activation.asked.licenses))
    with transaction.atomic():
        by_text = find_codes(activation.seller, texts)
        services = {license_code.subscription_id for license_code in by_text.values()} - {None}
        subscriptions = {
            locked_subscription.pk: locked_subscription
            for locked_subscription in locked_subscriptions([pk for pk in services if pk is not None])
        }
        operations = _waiting(list(subscriptions))
        codes = {
            license_code.code: license_code
            for license_code in _locked([license_code.pk for license_code in by_text.values()])
        }
        _check(activation, texts, codes, now)
        ordered_codes = [codes[text] for text in texts]
        since = activation.asked.since or now
        LICENSE_CODE.move_all(
            ordered_codes, CodeEvent.ACTIVATE, now=now, actor="seller", activated_at=now, effective_at=min(since, now)
        )
        ordered_by_buyers = [license_code for license_code in ordered_codes if license_code.subscription_id is not None]
        ended_operations = [
            _ended(
                subscriptions[license_code.subscription_id or 0],
                operations[license_code.subscription_id or 0],
                license_code,
                now,
            )
            for license_code in ordered_by_buyers
        ]
        apply(ended_operations, now=now)
        settle([ended_operation.subscription for ended_operation in ended_operations], now=now)
        outbox.publish_all(
            [CodeActivated(subscription=ended_operation.subscription.pk) for ended_operation in ended_operations],
            now=now,
        )
        for code in ordered_by_buyers:
            code.subscription = subscriptions[code.subscription_id or 0]
    return ordered_codes


def _locked(codes: Sequence[int]) -> list[LicenseCode]:
    return list(LicenseCode.objects.select_for_update(of=("self",)).filter(pk__in=codes).order_by("pk"))


def _waiting(services: Sequence[int]) -> dict[int, Operation]:
    """Lock and return the operations that wait for an activation, by service key."""
    running_operations = Operation.objects.filter(
        subscription__in=services, kind=ISSUE.name, status=Operation.Status.RUNNING
    )
    locked_operations = running_operations.select_for_update(of=("self",)).select_related(*LINE).order_by("pk")
    return {operation.subscription_id or 0: operation for operation in locked_operations}


def _check(activation: Activation, texts: Sequence[str], codes: dict[str, LicenseCode], now: datetime) -> None:
    errors: list[tuple[str, CodeError]] = []
    for text in texts:
        code = codes.get(text)
        error = (
            CodeError(UNKNOWN_CODE, "no code of yours is this one")
            if code is None
            else activation_error(code.status, ordered_at=code.ordered_at, since=activation.asked.since, now=now)
        )
        if error is not None:
            errors.append((text, error))
    if errors:
        error = error_of_list(errors) if activation.as_list else errors[0][1]
        raise NotActivated(error or CodeError(IN_LIST, ""))


def _ended(subscription: Subscription, operation: Operation, code: LicenseCode, now: datetime) -> EndedOperation:
    case = _case(subscription, operation, now)
    effects = activated(case, since=code.effective_at or now)
    return EndedOperation(
        operation=operation, subscription=subscription, effects=effects, event=OperationEvent.FINISH, actor="seller"
    )


def _case(subscription: Subscription, operation: Operation, now: datetime) -> Case[NoParameters]:
    protocol = protocol_with_seller(subscription, None)
    if protocol is None or operation.line is None:
        raise LookupError("a code is issued for an order line of a kind that names its protocol")
    return Case(
        held=view_of(subscription, protocol),
        wanted=NoParameters(),
        line=line_of(operation.line),
        step=0,
        said=None,
        now=now,
    )


# --- by the buyer: take or return a code ---


def take_code(subscription: Subscription, *, actor: str, now: datetime) -> LicenseCode:
    """Take the code of an order for its buyer. Raises ``Refused``."""
    with transaction.atomic():
        [locked_subscription] = locked_subscriptions([subscription.pk])
        _check_unsupervised(locked_subscription)
        return take(locked_subscription, actor=actor, now=now)


def return_code(subscription: Subscription, *, actor: str, now: datetime) -> None:
    """Return a code that was not taken, with a full refund. Raises ``Refused``."""
    with transaction.atomic():
        [locked_subscription] = locked_subscriptions([subscription.pk])
        _check_unsupervised(locked_subscription)
        operation, code = _waiting([locked_subscription.pk]).get(locked_subscription.pk), locked_of(locked_subscription)
        if code is None or operation is None or code.status != LicenseCode.Status.ISSUED:
            words = _("A code cannot be refunded after it was taken. Contact the seller if it does not work.")
            raise Refused("license.taken", words)
        withdraw(locked_subscription, actor=actor, now=now)
        effects = Effects(failed=True, order=OrderEnd.RETURN)
        ended_operation = EndedOperation(
            operation=operation, subscription=locked_subscription, effects=effects, event=OperationEvent.GIVE_UP, note=RETURN_NOTE,
            actor=actor,
        )  # fmt: skip
        apply([ended_operation], now=now)
        settle([locked_subscription], now=now)


def _check_unsupervised(subscription: Subscription) -> None:
    """Raise ``Refused`` for a code that people deliver step by step; it is taken or cancelled there."""
    flow = OrderLine.objects.filter(number=subscription.order_line_number).values_list("flow", flat=True).first()
    if opens_at_payment(flow or ""):
        raise Refused("license.supervised", _("This code is delivered step by step. Continue under My deliveries."))
