"""The states of a supervised delivery as a table (joint.md §2). The nodes belong to the flow."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Supervision

Status = Supervision.Status


class SupervisionEvent(StrEnum):
    APPEAL = "appeal"
    CONTINUE = "continue"
    ACCEPT = "accept"
    DELIVER = "deliver"
    """The accepted service is in use."""
    REFUND = "refund"


SUPERVISION: Lifecycle[Status, SupervisionEvent] = Lifecycle(
    "supervision",
    {
        (Status.RUNNING, SupervisionEvent.APPEAL): Status.APPEALED,
        (Status.APPEALED, SupervisionEvent.CONTINUE): Status.RUNNING,
        (Status.RUNNING, SupervisionEvent.ACCEPT): Status.ACCEPTED,
        (Status.APPEALED, SupervisionEvent.ACCEPT): Status.ACCEPTED,
        (Status.ACCEPTED, SupervisionEvent.DELIVER): Status.COMPLETED,
        (Status.ACCEPTED, SupervisionEvent.REFUND): Status.REFUNDED,
        (Status.RUNNING, SupervisionEvent.REFUND): Status.REFUNDED,
        (Status.APPEALED, SupervisionEvent.REFUND): Status.REFUNDED,
    },
)
