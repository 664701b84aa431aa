"""Issue 25, item 10: documents outside of the asset center are inspected and scanned like assets (business-rules §2.7)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.architecture.source import ROOT
from tests.factories.assets import owner_of
from tests.factories.pictures import PDF
from tests.factories.transfers import announce, show
from tradepost.market.assets import file_scans, proofs, retention
from tradepost.market.assets.asset_models import FileScan
from tradepost.market.assets.events import DocumentInfected
from tradepost.market.assets.models import Proof
from tradepost.market.assets.scan_contract import Report, Verdict
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.files import Files
from tradepost.market.base.models import Event, LeasedJob
from tradepost.market.notifications import document_reactions
from tradepost.market.notifications.models import Notice

pytestmark = pytest.mark.django_db
UPLOAD_MODULES = {
    "assets/check_version.py": "an asset: inspected and scanned by check_version",
    "assets/pictures.py": "a picture: decoded, and only what is drawn anew is kept",
    "assets/proofs.py": "a document: type by content, inspected and scanned by file_scans",
    "invoices/invoice_files.py": "an invoice: refused with scripts, inspected and scanned by file_scans (issue.py)",
    "licenses/license_files.py": "a license: its hash is the seller's; delivered to one buyer, as a download alone",
    "organisations/import_members.py": "a table: read by base/spreadsheet.py, never given away",
    "seed/proofs.py": "the demo's own certificates, put back",
}
"""Every module that stores uploaded bytes, with its inspection."""
RECEIVERS = {
    "auth_centre/token_api.py", "web/auditing.py", "web/uploads.py", "sites/seller_center/pictures.py",
}  # fmt: skip
"""Modules that read ``request.FILES``: to refuse it, to record its names, and the two entry points of forms."""


def _modules_with(*marks: str) -> set[str]:
    market = ROOT / "src/tradepost/market"
    return {
        path.relative_to(market).as_posix()
        for path in market.rglob("*.py")
        if any(mark in path.read_text(encoding="utf-8") for mark in marks)
    }


def test_every_upload_declares_its_inspection() -> None:
    """A new module fails here until it has a row."""
    storing_modules = _modules_with("files.put(", "files.put_part(", "files.adopt(") - {"base/files.py"}
    assert storing_modules == set(UPLOAD_MODULES)
    assert _modules_with("request.FILES") == RECEIVERS


def stored_proof(content: bytes = PDF, **more: Any) -> Proof:
    seller = more.pop("seller", None) or factories.make_seller(member=factories.make_buyer())
    return proofs.store_proof(
        content, name="r.pdf", seller=seller, by=owner_of(seller), files=Files(config().files), most_bytes=10_000,
        a_day=5, now=clock.now(), **more,
    )  # fmt: skip


def end_scan(proof: Proof, verdict: str, store: str = file_scans.PROOFS) -> None:
    """End the scan of a document, as a worker does."""
    job = LeasedJob.objects.get(kind=file_scans.KIND, key=f"{store}:{proof.sha256}")
    job.result = Report(verdict=verdict).stored()
    file_scans._ended(job, clock.now())


def test_document_is_scanned_once_for_its_content() -> None:
    first, second = stored_proof(), stored_proof()
    assert first.sha256 == second.sha256
    assert FileScan.objects.get().bytes == len(PDF)
    assert LeasedJob.objects.filter(kind=file_scans.KIND).count() == 1


def test_document_without_a_scanner_is_never_clean() -> None:
    proof = stored_proof()
    [job] = LeasedJob.objects.filter(kind=file_scans.KIND)
    running: Any = SimpleNamespace(payload=job.payload, progress=lambda *_: None, go_on=lambda: None)
    work = file_scans.task(config).work(running)
    assert work is not None
    assert work["verdict"] == Verdict.NOT_SCANNED
    end_scan(proof, work["verdict"])
    assert file_scans.verdicts([proof.sha256]) == {proof.sha256: Verdict.NOT_SCANNED}
    assert file_scans.verdicts(["0" * 64]) == {"0" * 64: Verdict.NOT_SCANNED}, "from before documents were scanned"


@pytest.mark.parametrize("verdict", ["", Verdict.CLEAN, Verdict.NOT_SCANNED])
def test_scan_state_is_shown_beside_the_link(verdict: str) -> None:
    buyer = factories.make_buyer(balance="0")
    intent = show(announce(buyer, now=clock.now()), now=clock.now())
    proof = Proof.objects.get(by=buyer)
    if verdict:
        end_scan(proof, verdict)
    client = Client(headers={"accept-language": "en"})
    client.force_login(factories.make_operator())
    page = client.get(f"/console/transfers/{intent.pk}/").content.decode()
    assert f'data-scan="{verdict or "waiting"}"' in page
    assert client.get(f"/proofs/{proof.sha256}/").status_code == 200


def test_infected_document_is_withheld_and_its_sender_is_notified() -> None:
    proof = stored_proof()
    sender, operator = owner_of(proof.seller), factories.make_operator()  # type: ignore[arg-type]
    end_scan(proof, Verdict.INFECTED)
    for reader in (sender, operator):
        client = Client(headers={"accept-language": "en"})
        client.force_login(reader)
        response = client.get(f"/proofs/{proof.sha256}/")
        assert response.status_code == 422
        assert "send a clean file" in response.content.decode()
        assert PDF not in response.content
    event = Event.objects.get(name="document_infected")
    for _ in range(2):
        document_reactions.on_document_infected(
            DocumentInfected(sha256=event.facts["sha256"], store=event.facts["store"]), clock.now()
        )
    assert Notice.objects.get(kind="document_infected").user_id == sender.pk


def test_infected_invoice_is_withheld_and_not_mailed() -> None:
    scan = FileScan.objects.create(
        sha256="1" * 64, store=file_scans.INVOICES, bytes=1, verdict="", created_at=clock.now()
    )
    may = [file_scans.is_attachable(scan.sha256, store=file_scans.INVOICES, scans=scans) for scans in (False, True)]
    assert may == [True, False], "a file waiting for its scan is not mailed"
    scan.verdict = Verdict.INFECTED
    scan.save()
    assert not file_scans.is_attachable(scan.sha256, store=file_scans.INVOICES, scans=False)
    with pytest.raises(Exception, match=r"document\.infected"):
        file_scans.check_not_infected(scan.sha256, store=file_scans.INVOICES)


def test_scan_row_is_deleted_with_the_last_document() -> None:
    proof = stored_proof()
    Proof.objects.all().delete()
    retention.delete_files([proof.sha256], Files(Path(config().files)))
    assert not FileScan.objects.exists()
