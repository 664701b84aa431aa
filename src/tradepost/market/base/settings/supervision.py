"""Settings of supervised delivery (rules §2.10)."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class SupervisionSettings(Group):
    """See ``Config.supervision``."""

    shipping_auto_accept_days: int = Field(
        default=10,
        ge=1,
        le=90,
        description="Days after shipping when goods count as received, if the receiver's telephone number is the "
        "buyer's.",
    )
    shipping_return_days: int = Field(
        default=10,
        ge=1,
        le=90,
        description="Days within which a buyer must send goods back after a refund was agreed. Otherwise the buyer "
        "keeps them (§4.7).",
    )
    shipping_returned_days: int = Field(
        default=15,
        ge=1,
        le=90,
        description="Days within which a seller must confirm that goods came back, or appeal to the operator. Then "
        "the buyer is refunded (§4.7).",
    )
    supervision_remind_days: int = Field(
        default=3,
        ge=1,
        le=90,
        description="Days after which the party that must act in a supervised delivery is reminded.",
    )
    supervision_stale_days: int = Field(
        default=180,
        ge=7,
        description="Age in days from which buyer and seller are reminded repeatedly of a supervised delivery.",
    )
    supervision_stale_repeat_days: int = Field(
        default=7, ge=1, description="Days between two such reminders of a supervised delivery."
    )
    supervision_appeal_workdays: int = Field(
        default=3,
        ge=1,
        le=30,
        description="Working days within which an operator decides an appeal about a supervised delivery.",
    )
