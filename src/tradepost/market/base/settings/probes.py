"""Settings of daily checks of what is on sale (saas-v2 §6)."""

from __future__ import annotations

from datetime import time
from typing import Literal

from pydantic import Field, field_validator

from .group import Group, split_at_commas


class ProbeSettings(Group):
    """See ``Config.probes``."""

    probe_slots: str = Field(
        default="09:00-11:00,15:00-17:00",
        description="Daily times of probes, in the market's time zone: at most one slot before noon and one after "
        "(saas-v2 §6). Empty: never.",
    )
    probe_tries: int = Field(
        default=3, ge=1, le=10, description="Attempts of a case in a slot before it counts as failed."
    )
    probe_gap_minutes: int = Field(default=10, ge=1, le=60, description="Minutes between two attempts of a case.")
    probe_freeze_days: int = Field(
        default=5,
        ge=0,
        description="Number of consecutive failing days after which sales are suspended (saas-v2 §6). 0: only "
        "operators suspend sales.",
    )
    probe_judges: Literal["needed", "all"] = Field(
        default="needed",
        description="Saved cases that decide whether a product fails: the required ones (needed), or all.",
    )
    probe_protocols: tuple[str, ...] = Field(
        default=(
            "saas_v1",
            "saas_v2",
            "license_code",
            "license_online",
            "joint_kit_v1",
            "joint_kit_v2",
            "order_notice",
        ),
        description="Protocols whose saved cases are probed, separated by commas. Those of the joint-operation kit "
        "are probed at the addresses of the applications with which products were published "
        "(openapi-jointkit §A.10); order notifications at the addresses that receive notifications of "
        "their orders.",
    )
    probe_places_percent: int = Field(
        default=10, ge=1, le=100, description="Maximum percentage of concurrent calls that probes may use."
    )
    probe_void_percent: int = Field(
        default=30, ge=1, le=100,
        description="Percentage of unreachable addresses above which the results of a slot are discarded, because the "
        "market's own network is the likely cause.",
    )  # fmt: skip
    probe_void_addresses: int = Field(
        default=20, ge=1, description="Minimum number of addresses in a slot for probe_void_percent to apply."
    )
    keep_probes_days: int = Field(
        default=90,
        ge=0,
        description="Days after which probes and their calls are deleted. Daily results stay. 0: never.",
    )
    failed_orders_month: int = Field(
        default=5,
        ge=0,
        description="Maximum number of orders of a product per month that may fail because of its interface. One more "
        "asks operators to delist it (rules §10).",
    )

    @field_validator("probe_slots")
    @classmethod
    def _slots(cls, value: str) -> str:
        slots = _windows(value)
        if any(closes <= opens for _, opens, closes in slots) or len({half for half, *_ in slots}) < len(slots):
            raise ValueError("at most one slot before noon and one after, each from an earlier time to a later one")
        return value

    @field_validator("probe_protocols", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return split_at_commas(value)

    @property
    def probe_windows(self) -> tuple[tuple[str, time, time], ...]:
        """The slots for probes in their order: ``am`` or ``pm``, and from when until when first tries are made."""
        return _windows(self.probe_slots)


def _windows(text: str) -> tuple[tuple[str, time, time], ...]:
    """Raises ``ValueError`` for what is no list of times."""
    pairs = (part.strip().partition("-") for part in text.split(",") if part.strip())
    windows = [(time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip())) for begins, _, ends in pairs]
    return tuple(("am" if begins < time(12) else "pm", begins, ends) for begins, ends in sorted(windows))
