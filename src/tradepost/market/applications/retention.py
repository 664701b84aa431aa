"""Retention of runs of sync calls, their calls, and the sign-in logs of enterprises."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from tradepost.market.base.retention import Rule, Sweep
from tradepost.market.base.work import State
from tradepost.market.production.models import Call

from . import sign_in_log
from .models import SignInEntry, Sync

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
SIGN_INS = Sweep(
    name="sign-in log", model=SignInEntry, setting="keep_sign_ins_days", work=sign_in_log.delete_old, of_real_time=True
)
RULES = (RUNS, CALLS, SIGN_INS)
