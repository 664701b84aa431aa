"""The life of a supervised delivery as a table (joint.md §2). Nodes are the flow's; this says whether it goes on."""

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
    """What was accepted is in use."""
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
