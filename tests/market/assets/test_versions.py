"""Versions of assets, from the upload to the delivered product (business-rules §2.4–§2.7)."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta

import pytest
from django.test import Client, TestCase

from tests import factories
from tests.configured import changed
from tests.factories import NOW, assets
from tests.factories.assets import check_uploads, make_asset, make_version, package, submission_of, upload_version
from tests.market.assets.archives import bomb, zipped
from tests.market.assets.clamd import fake_clamd
from tests.market.assets.tus_world import client_of
from tradepost.market.assets import check_version, retention, scan_words, versions
from tradepost.market.assets.asset_models import Asset, AssetVersion, Upload
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.config import Config, config
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files, sha256_of
from tradepost.market.base.models import LeasedJob, Move
from tradepost.market.catalog.complete import _asset
from tradepost.market.catalog.document import Details, Document
from tradepost.market.catalog.known import draft_context
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.review import decide
from tradepost.market.review.cases import case_of
from tradepost.market.review.models import Submission
from tradepost.market.review.registry import review_kind

Status, Verdict = AssetVersion.Status, AssetVersion.Verdict


@pytest.fixture
def seller(db: None) -> Seller:
    return factories.make_seller(member=factories.make_buyer())


@pytest.fixture
def asset(seller: Seller) -> Asset:
    return make_asset(seller, name="Agent")


def approve(version: AssetVersion, *, leave_out: str = "") -> None:
    submission = submission_of(version)
    case = case_of(submission, settings=config(), now=NOW)
    ticked = [item.code for item in review_kind("asset").checklist(case) if item.code != leave_out]
    decide.approve(submission, checklist=ticked, by=factories.make_operator(), settings=config(), now=NOW)
    version.refresh_from_db()


def run_checks(now: datetime) -> None:
    task = {versions.CHECK: check_version.task(config)}
    leased_jobs.run_due(task, now=lambda: now, wall=clock.wall, owner="a worker of tests")


def with_clamd(url: str) -> Config:
    return changed(config(), clamd_url=url)


def test_clean_file_waits_for_an_operator_and_is_usable_once_approved(asset: Asset) -> None:
    content = package()
    version = upload_version(asset, content, label="2.4.1")
    with fake_clamd() as clamd:
        check_uploads(with_clamd(clamd.url))
    version.refresh_from_db()
    assert (version.status, version.verdict, version.format) == (Status.REVIEW, Verdict.CLEAN, "zip")
    assert version.sha256 == sha256_of(content)
    assert Files(config().files).read(version.sha256) == content
    assert not (config().uploads / version.upload.token).exists(), "it is stored once"
    submission = submission_of(version)
    assert (submission.status, submission.about) == (Submission.Status.PENDING, f"asset:{version.pk}")
    assert submission.due_at is not None
    assert versions.deliverable_versions(asset.seller, ("package",)) == []
    approve(version)
    assert (version.status, version.confirmed_by) == (Status.APPROVED, None)
    assert versions.deliverable_versions(asset.seller, ("package",)) == [version]
    assert versions.deliverable_versions(asset.seller, ("image",)) == []
    moves = Move.objects.filter(lifecycle="asset version").order_by("pk").values_list("event", flat=True)
    assert list(moves) == ["pass", "approve"]


def test_operator_confirms_an_unscanned_file_by_name(asset: Asset) -> None:
    """Shelf §8: "Missing scanner: operator confirms". Unscanned files never count as clean."""
    version = make_version(asset)
    assert (version.status, version.verdict) == (Status.REVIEW, Verdict.NOT_SCANNED)
    assert version.report["why"] == "absent"
    with pytest.raises(Refused, match=r"review\.checklist"):
        approve(version, leave_out="not_scanned")
    version.refresh_from_db()
    assert version.status == Status.REVIEW
    approve(version)
    assert (version.status, version.verdict) == (Status.APPROVED, Verdict.NOT_SCANNED)
    assert version.confirmed_by is not None


def test_unavailable_scanner_neither_refuses_nor_confirms(asset: Asset) -> None:
    """Issue 10, "Must show" 4."""
    with socket.create_server(("127.0.0.1", 0)) as unused_socket:
        port = unused_socket.getsockname()[1]
    version = upload_version(asset)
    check_uploads(with_clamd(f"tcp://127.0.0.1:{port}"))
    version.refresh_from_db()
    assert (version.status, version.verdict, version.report["why"]) == (Status.REVIEW, Verdict.NOT_SCANNED, "away")
    assert LeasedJob.objects.get().outcome == "done"


def test_bomb_of_42_kb_is_not_scanned(asset: Asset) -> None:
    """Issue 10, "Must show" 4: it is reported without a crash, and an operator decides."""
    content = bomb()
    assert len(content) < 43_000
    version = upload_version(asset, content)
    with fake_clamd() as clamd:
        check_uploads(with_clamd(clamd.url))
    version.refresh_from_db()
    assert (version.verdict, version.report["why"]) == (Verdict.NOT_SCANNED, "bomb")
    assert version.status == Status.REVIEW
    assert version.report["unpacked"] < 12 * 2**20


@pytest.mark.parametrize(
    ("content", "file_name", "code"),
    [
        (zipped({"../x": b"1"}), "agent.zip", "archive.path"),
        (b"MZ" + bytes(100), "agent.zip", "file.format"),
        (zipped({"a": b"1"}), "agent.tar.gz", "file.renamed"),
    ],
)
def test_high_finding_is_refused_with_its_rule(asset: Asset, content: bytes, file_name: str, code: str) -> None:
    version = upload_version(asset, content, file_name=file_name)
    check_uploads()
    version.refresh_from_db()
    submission = submission_of(version)
    assert (version.status, submission.status) == (Status.FAILED, Submission.Status.FAILED)
    [finding] = submission.findings
    assert (finding["code"], finding["rule"]) == (code, "business-rules §2.7")
    assert set(finding["words"]) == {"zh", "en"}
    assert versions.deliverable_versions(asset.seller, ("package",)) == []


def test_malware_is_refused(asset: Asset) -> None:
    """§2.7: "any malware"."""
    version = upload_version(asset)
    with fake_clamd(lambda _stream: "Eicar-Test-Signature FOUND") as clamd:
        check_uploads(with_clamd(clamd.url))
    version.refresh_from_db()
    assert (version.status, version.verdict) == (Status.FAILED, Verdict.INFECTED)
    assert "Eicar-Test-Signature" in scan_words.shown_findings(version)[0].words


def test_update_replaces_a_version_once_approved(asset: Asset) -> None:
    """§2.6: "Add version … or update a version"; sold services keep their file."""
    first = make_version(asset, package(a=b"1"), label="1.0")
    approve(first)
    with pytest.raises(Refused, match=r"asset\.label_taken"):
        upload_version(asset, label="1.0")
    second = make_version(asset, package(a=b"2"), updates=first)
    assert (second.label, second.number) == ("1.0", 2)
    assert versions.deliverable_versions(asset.seller, ("package",)) == [first], "not before the approval"
    approve(second)
    first.refresh_from_db()
    assert first.status == Status.REPLACED
    assert versions.deliverable_versions(asset.seller, ("package",)) == [second]
    assert Files(config().files).has(first.sha256), "renewals keep the original version"
    with pytest.raises(Refused, match=r"asset\.updates"):
        upload_version(asset, updates=first)


def test_files_of_one_seller_are_decided_separately(asset: Asset) -> None:
    first, second = make_version(asset, label="1.0"), make_version(asset, package(a=b"2"), label="2.0")
    assert {submission_of(version).status for version in (first, second)} == {Submission.Status.PENDING}
    operator = factories.make_operator()
    decide.reject(submission_of(first), reasons={"scan": "No."}, by=operator, settings=config(), now=NOW)
    decide.withdraw(submission_of(second), by=assets.owner_of(asset.seller), settings=config(), now=NOW)
    for version in (first, second):
        version.refresh_from_db()
    assert (first.status, second.status) == (Status.REJECTED, Status.WITHDRAWN)


def test_check_restarts_after_a_worker_died(asset: Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after the file was moved to its place."""
    version = upload_version(asset)
    monkeypatch.setattr("tradepost.market.assets.check_version.format_of", lambda _file: 1 / 0)
    run_checks(NOW)
    version.refresh_from_db()
    assert (version.status, bool(version.sha256)) == (Status.CHECKING, True)
    monkeypatch.undo()
    run_checks(NOW + timedelta(minutes=1))
    version.refresh_from_db()
    assert version.status == Status.REVIEW


@pytest.mark.slow
def test_check_that_always_fails_is_not_scanned(asset: Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    version = upload_version(asset)
    monkeypatch.setattr("tradepost.market.assets.check_version.inspect_file", lambda *_args, **_more: 1 / 0)
    for minute in range(3):
        run_checks(NOW + timedelta(minutes=minute))
    version.refresh_from_db()
    assert (version.status, version.verdict, version.report["why"]) == (
        Status.REVIEW,
        Verdict.NOT_SCANNED,
        "broke_down",
    )


@pytest.mark.slow
def test_product_names_an_approved_version(asset: Asset) -> None:
    """§2.6, §2.7: for product types that need one."""
    first, waits = make_version(asset, label="1.0"), make_version(asset, package(a=b"2"), label="2.0")
    approve(first)
    other_version = make_version(make_asset(factories.make_seller(member=factories.make_buyer())))
    approve(other_version)

    def found(chosen: object) -> list[tuple[str, str]]:
        document = Document(product_type="LICENSE_PACKAGE", details=Details(fields={"asset": str(chosen)}))
        product = Product(seller=asset.seller, product_type=document.product_type)
        context = draft_context([(product, document)])
        return [(finding.code, finding.rule) for finding in _asset(document, asset.seller_id, context)]

    assert found(first.pk) == []
    assert found("") == [("asset.missing", "business-rules §2.6")]
    for value in (waits.pk, other_version.pk, "x", 999_999):
        assert found(value) == [("asset.not_approved", "business-rules §2.7")]


def test_refused_files_are_deleted_and_their_rows_stay(asset: Asset) -> None:
    """Files of versions that a buyer can have are never deleted."""
    kept_version = make_version(asset, package(a=b"kept"), label="1.0")
    approve(kept_version)
    failed = make_version(asset, zipped({"../x": b"1"}), label="2.0")
    shared_version = make_version(asset, package(a=b"same"), label="3.0")
    other_asset_version = make_version(make_asset(asset.seller), package(a=b"same"))
    decide.withdraw(submission_of(shared_version), by=assets.owner_of(asset.seller), settings=config(), now=NOW)
    files = Files(config().files)
    _unfinished_count, ended_count, refused_count = retention.uploads(files, config().uploads, keep=timedelta(days=7))
    for version in (failed, shared_version):
        _age(files, version.sha256)
    assert refused_count.work(NOW) == 0, "not yet"
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert refused_count.work(NOW + timedelta(days=31)) == 2
    for version in (failed, shared_version):
        version.refresh_from_db()
    assert (failed.file_gone, bool(failed.sha256)) == (True, True)
    assert files.read(failed.sha256) is None
    assert files.read(shared_version.sha256) is not None, f"it is {other_asset_version.label} of another asset as well"
    assert files.read(kept_version.sha256) is not None
    assert ended_count.old(NOW + timedelta(days=91)).count() == Upload.objects.count()


def _age(files: Files, sha256: str) -> None:
    os.utime(files.path(sha256), (1, 1))


def test_names_kinds_and_deletion_of_assets(seller: Seller) -> None:
    by = assets.owner_of(seller)
    for kind, name, code in (("package", "x", "asset.name"), ("other", "Agent", "asset.kind")):
        with pytest.raises(Refused, match=code):
            versions.create_asset(seller, kind=kind, name=name, by=by, now=NOW)
    empty = make_asset(seller, name="Agent")
    with pytest.raises(Refused, match=r"asset\.exists"):
        make_asset(seller, name="  Agent ")
    used = make_asset(seller)
    upload_version(used)
    with pytest.raises(Refused, match=r"asset\.in_use"):
        versions.delete_asset(used)
    versions.delete_asset(empty)
    assert list(Asset.objects.all()) == [used]


@pytest.mark.slow
def test_pages_from_the_upload_to_the_approval(asset: Asset) -> None:
    owner, operator = client_of(asset.seller), Client(headers={"accept-language": "en"})
    operator.force_login(factories.make_operator())
    page = owner.get(f"/seller/assets/{asset.pk}/").content.decode()
    assert 'data-upload="/uploads/"' in page
    assert "no malware scanner" in page
    version = make_version(asset, package(keys=b"AKIAIOSFODNN7EXAMPLE"), label="1.0")
    assert "Not scanned" in owner.get(f"/seller/assets/{asset.pk}/").content.decode()
    report = owner.get(f"/seller/assets/versions/{version.pk}/").content.decode()
    assert "An unscanned file is not known to be clean." in report
    assert "A cloud access key in plain text" in report
    assert "AKIAIOSFODNN7EXAMPLE" not in report, "the report shows no secret"
    review = operator.get(f"/console/reviews/{submission_of(version).pk}/").content.decode()
    assert "I had it checked by other means and take responsibility for it" in review
    assert "Each finding was checked and is harmless." in review
    assert "Agent 1.0" in operator.get("/console/assets/").content.decode()
    assert "Open its review" in operator.get(f"/console/assets/{version.pk}/").content.decode()
    for browser, path in (
        (owner, f"/seller/assets/versions/{version.pk}/file/"),
        (operator, f"/console/assets/{version.pk}/file/"),
    ):
        answer = browser.get(path)
        assert answer["X-Tradepost-File"] == str(Files(config().files).path(version.sha256).resolve())
        assert answer["Content-Disposition"] == 'attachment; filename="agent.zip"'
    answer = owner.post(f"/seller/assets/versions/{version.pk}/withdraw/")
    assert answer.status_code == 302
    version.refresh_from_db()
    assert version.status == Status.WITHDRAWN


def test_invalid_form_shows_its_error_beside_the_field(asset: Asset) -> None:
    answer = client_of(asset.seller).post("/seller/assets/new/", {"kind": "package", "name": "Agent"})
    assert answer.status_code == 422
    assert "You already have an asset with this name. Add a version to it" in answer.content.decode()
    assert Asset.objects.count() == 1
