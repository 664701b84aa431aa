"""Retention of probes. Runs and slots are deleted after a season; the results of days are kept."""

from __future__ import annotations

from tradepost.market.base.retention import Rule

from .models import ProbeRun, ProbeSlot

RUNS = Rule(name="probes", model=ProbeRun, when="started_at", setting="keep_probes_days")
SLOTS = Rule(name="slots of probes", model=ProbeSlot, when="opened_at", setting="keep_probes_days")
