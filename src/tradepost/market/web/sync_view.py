"""What was told a seller of a binding, run by run, for pages of buyers, sellers and operators."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.applications.models import Sync, TenantBinding
from tradepost.market.applications.seller_queries import runs_of
from tradepost.market.production import reasons


class Run(Struct, frozen=True):
    """``why``: what stopped it, in words."""

    run: Sync
    why: str


class SyncView(Struct, frozen=True):
    """``stands_still``: something waits for a person who tries it again; ``runs``: newest first."""

    runs: list[Run]
    stands_still: bool
    running: bool


def sync_view(binding: TenantBinding) -> SyncView:
    runs = [
        Run(one, reasons.title(one.note, protocol=binding.address.protocol) if one.note else "")
        for one in runs_of(binding)
    ]
    waiting = Sync.objects.filter(binding=binding)
    return SyncView(
        runs,
        stands_still=waiting.filter(status=Sync.Status.STOPPED).exists(),
        running=waiting.filter(status=Sync.Status.RUNNING).exists(),
    )
