"""Snapshots of the books, to check that a refusal changes nothing."""

from __future__ import annotations

from tradepost.market.assets.models import ProofUse
from tradepost.market.base.models import Event, Job, Move
from tradepost.market.payments import intents
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Account, Entry, Transfer


def reload(intent: Intent) -> Intent:
    return Intent.objects.select_related("user").get(pk=intent.pk)


def snapshot_of_the_books() -> dict[str, object]:
    """Return everything that a refusal must leave unchanged."""
    return {
        "intents": list(Intent.objects.order_by("pk").values()),
        "facts": list(ProviderFact.objects.order_by("pk").values()),
        "entries": list(Entry.objects.order_by("pk").values()),
        "transfers": list(Transfer.objects.order_by("pk").values()),
        "accounts": list(Account.objects.order_by("pk").values()),
        "timers": list(Job.objects.filter(kind=intents.TIMER_KIND).order_by("pk").values("key", "due_at")),
        "events": list(Event.objects.order_by("pk").values("name", "facts")),
        "uses": list(ProofUse.objects.order_by("pk").values()),
        "moves": list(Move.objects.order_by("pk").values()),
    }
