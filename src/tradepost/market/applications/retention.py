"""How long what was told sellers of enterprises is kept: runs, and after them their calls."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from tradepost.market.base.retention import Rule
from tradepost.market.base.work import State
from tradepost.market.production.models import Call

from .models import Sync

SETTING = "keep_syncs_days"
RUNS = Rule(
    name="runs of sync calls",
    model=Sync,
    when="created_at",
    setting=SETTING,
    needed=Q(status__in=[Sync.Status.RUNNING, Sync.Status.STOPPED]),
)
CALLS = Rule(
    name="sync calls",
    model=Call,
    when="created_at",
    setting=SETTING,
    only=Q(purpose=Call.Purpose.SYNC),
    needed=~Q(state=State.ENDED) | Q(Exists(Sync.objects.filter(call=OuterRef("pk")))),
    sparse=True,
)
RULES = (RUNS, CALLS)
