"""Events of assets and documents."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("asset_checked", about=("version",))
class AssetChecked(Struct, frozen=True, kw_only=True):
    """A file of an asset was inspected and scanned. ``passed``: an operator now decides on it."""

    version: int
    passed: bool


@event("document_infected", about=("sha256",))
class DocumentInfected(Struct, frozen=True, kw_only=True):
    """Malware was found in an uploaded document: a proof, or the file of an invoice."""

    sha256: str
    store: str
    """``file_scans.PROOFS`` or ``INVOICES``."""
