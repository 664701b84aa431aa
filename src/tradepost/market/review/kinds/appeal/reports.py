"""The reports that sellers appeal against, a class each: what blocks in one, and what becomes of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.assets import contested, scan_words
from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.assets.scan_contract import print_of
from tradepost.market.identity.models import Seller
from tradepost.market.web_scan import standing
from tradepost.market.web_scan.models import WebScan
from tradepost.market.web_scan.report import title_of

from .documents import Appeal, Contested


class Report(Protocol):
    """``label``: what its subject is called. ``whole``: whether all that blocks is contested together, because whoever mends a
    part has another report."""

    label: ClassVar[str | Promise]
    whole: ClassVar[bool]

    def wrong(self) -> str:
        """Why nobody can appeal against it now; empty when one can."""

    def blocking(self) -> Sequence[Contested]:
        """What blocks, without the seller's words."""

    def sent(self, *, by: str, now: datetime) -> None:
        """The appeal waits for an operator."""

    def denied(self, *, by: str, now: datetime) -> None:
        """It was rejected or withdrawn."""

    def accept(self, prints: Collection[str], *, submission: int, by: str, now: datetime) -> None:
        """These findings block no more."""


class OfWebSite(Struct, frozen=True):
    run: WebScan
    label: ClassVar[str | Promise] = gettext_lazy("Web site")
    whole: ClassVar[bool] = False

    def wrong(self) -> str:
        """An older report blocks nothing."""
        stands = self.run.status == WebScan.Status.DONE and standing.is_newest(self.run)
        return "" if stands else _("This report is not there any more, or not the newest one.")

    def blocking(self) -> Sequence[Contested]:
        return [
            Contested(
                code=one.code, where=one.where, evidence=tuple(one.evidence), fingerprint=one.fingerprint
            )
            for one in standing.blocking_of(self.run)
        ]  # fmt: skip

    def sent(self, *, by: str, now: datetime) -> None:
        """The site stands as it did."""

    def denied(self, *, by: str, now: datetime) -> None:
        """The site stands as it did."""

    def accept(self, prints: Collection[str], *, submission: int, by: str, now: datetime) -> None:
        standing.accept(self.run, prints, submission=submission, by=by, now=now)


class OfFile(Struct, frozen=True):
    version: AssetVersion
    label: ClassVar[str | Promise] = gettext_lazy("File")
    whole: ClassVar[bool] = True

    def wrong(self) -> str:
        return contested.against_appeal(self.version)

    def blocking(self) -> Sequence[Contested]:
        return [
            Contested(
                code=one["code"], where=one["where"], evidence=(one["what"],) if one["what"] else (),
                fingerprint=print_of(one),
            )
            for one in contested.blocking_of(self.version)
        ]  # fmt: skip

    def sent(self, *, by: str, now: datetime) -> None:
        contested.appealed(self.version, actor=by, now=now)

    def denied(self, *, by: str, now: datetime) -> None:
        contested.denied(self.version, actor=by, now=now)

    def accept(self, prints: Collection[str], *, submission: int, by: str, now: datetime) -> None:
        contested.accept(self.version, prints, submission=submission, by=by, now=now)


def report_of(said: Appeal, seller: Seller) -> Report | None:
    """The seller's own report that an appeal is about, as it is now; None where there is none any more."""
    if said.version:
        version = AssetVersion.objects.select_related("asset").filter(pk=said.version, asset__seller=seller).first()
        return OfFile(version) if version is not None else None
    run = WebScan.objects.filter(pk=said.scan, seller=seller).first()
    return OfWebSite(run) if run is not None else None


def title(said: Appeal, one: Contested) -> str:
    """What was found, in the reader's language."""
    return scan_words.title_of(one.code, "".join(one.evidence)) if said.version else title_of(one.code)
