"""State transitions of announced transfers and of received money (money.md §2)."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .intent_models import Intent, ProviderFact

IntentStatus = Intent.Status
FactStatus = ProviderFact.Status


class IntentEvent(StrEnum):
    BEGIN = "begin"
    PROOF = "proof"
    ACCEPT = "accept"
    REJECT = "reject"
    SUCCEED = "succeed"
    """The money arrived without a proof."""
    EXPIRE = "expire"
    WITHDRAW = "withdraw"


INTENT: Lifecycle[IntentStatus, IntentEvent] = Lifecycle(
    "intent",
    {
        (IntentStatus.CREATED, IntentEvent.BEGIN): IntentStatus.PENDING,
        (IntentStatus.PENDING, IntentEvent.PROOF): IntentStatus.IN_REVIEW,
        (IntentStatus.PENDING, IntentEvent.SUCCEED): IntentStatus.SUCCEEDED,
        (IntentStatus.PENDING, IntentEvent.EXPIRE): IntentStatus.EXPIRED,
        (IntentStatus.PENDING, IntentEvent.WITHDRAW): IntentStatus.WITHDRAWN,
        (IntentStatus.IN_REVIEW, IntentEvent.PROOF): IntentStatus.IN_REVIEW,
        (IntentStatus.IN_REVIEW, IntentEvent.ACCEPT): IntentStatus.SUCCEEDED,
        (IntentStatus.IN_REVIEW, IntentEvent.REJECT): IntentStatus.FAILED,
        (IntentStatus.IN_REVIEW, IntentEvent.WITHDRAW): IntentStatus.WITHDRAWN,
        (IntentStatus.FAILED, IntentEvent.PROOF): IntentStatus.IN_REVIEW,
        (IntentStatus.FAILED, IntentEvent.SUCCEED): IntentStatus.SUCCEEDED,
        (IntentStatus.EXPIRED, IntentEvent.PROOF): IntentStatus.IN_REVIEW,
        (IntentStatus.EXPIRED, IntentEvent.SUCCEED): IntentStatus.SUCCEEDED,
        (IntentStatus.WITHDRAWN, IntentEvent.SUCCEED): IntentStatus.SUCCEEDED,
    },
)


class FactEvent(StrEnum):
    ASSIGN = "assign"
    RETURN = "return"
    BOUNCE = "bounce"
    """The bank could not deliver the returned money."""
    VOID = "void"
    """The receipt was entered by mistake."""


FACT: Lifecycle[FactStatus, FactEvent] = Lifecycle(
    "money",
    {
        (FactStatus.UNMATCHED, FactEvent.ASSIGN): FactStatus.MATCHED,
        (FactStatus.UNMATCHED, FactEvent.RETURN): FactStatus.RETURNED,
        (FactStatus.RETURNED, FactEvent.BOUNCE): FactStatus.UNMATCHED,
        (FactStatus.UNMATCHED, FactEvent.VOID): FactStatus.VOID,
    },
)
