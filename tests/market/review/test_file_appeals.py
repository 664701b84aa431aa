"""A seller appeals against findings that refused a file of its asset center, and an operator decides (business-rules §2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.configured import changed
from tests.factories import make_operator, make_proof
from tests.factories.assets import check_uploads, make_asset, make_version, package, submission_of, upload_version
from tests.factories.companies import approve, owner_of
from tests.factories.people import NOW
from tests.factories.publishable import may_publish
from tests.market.assets.archives import zipped
from tests.market.assets.clamd import fake_clamd
from tests.market.engine import react
from tests.market.sites.seller_center.shops import enter
from tradepost.market.assets import retention, versions
from tradepost.market.assets.asset_models import Asset, AssetVersion, FalsePositive
from tradepost.market.assets.contested import blocking_of
from tradepost.market.assets.scan_contract import fingerprint_of
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.market.base.models import Move
from tradepost.market.notifications.models import Notice
from tradepost.market.review import appeals, decide
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.models import Submission

pytestmark = pytest.mark.django_db
Status, Verdict = AssetVersion.Status, AssetVersion.Verdict
WHY = "测试样本，用于验证防护功能"


@pytest.fixture
def asset() -> Asset:
    return make_asset(may_publish(now=clock.now()), name="Agent")


def infected(asset: Asset, content: bytes | None = None, *, label: str = "1.0") -> AssetVersion:
    version = upload_version(asset, content, label=label)
    with fake_clamd(lambda _stream: "Eicar-Test-Signature FOUND") as clamd:
        check_uploads(changed(config(), clamd_url=clamd.url))
    version.refresh_from_db()
    return version


def findings_of(version: AssetVersion) -> dict[str, str]:
    return {fingerprint_of(finding): WHY for finding in blocking_of(version)}


def appealed(version: AssetVersion, *, whys: Mapping[str, str] | None = None, proofs: int = 1) -> Submission:
    hashes = [make_proof(version.asset.seller).sha256 for _ in range(proofs)]
    by = owner_of(version.asset.seller)
    reasons = findings_of(version) if whys is None else whys
    sent = appeals.appeal_file(version, reasons, hashes, by=by, settings=config(), now=NOW)
    version.refresh_from_db()
    return sent


def assert_refused(version: AssetVersion, **more: object) -> set[str]:
    """Return the code of the refusal, and check that nothing changed."""
    status = version.status
    with pytest.raises(Incomplete) as error:
        appealed(version, **more)  # type: ignore[arg-type]
    version.refresh_from_db()
    assert version.status == status
    assert not Submission.objects.filter(kind="appeal", about=f"asset:{version.pk}").exists()
    assert {finding.rule for finding in error.value.findings} == {"business-rules §2.7"}
    return {finding.code for finding in error.value.findings}


def test_false_positive_is_reviewed_and_accepted_by_an_operator(asset: Asset) -> None:
    """§2.7: "Appeal: … false-positive conclusion, upload evidence; status 审核中; decided in 3 wd"; and "any malware"
    fails: the file is never called clean, and a buyer cannot get it because of a pending appeal.
    """
    version = infected(asset)
    sent = appealed(version)
    assert (sent.kind, sent.status, version.status) == ("appeal", Submission.Status.PENDING, Status.APPEALED)
    assert sent.due_at is not None
    assert timedelta(days=3) <= sent.due_at - NOW <= timedelta(days=6), "three working days"
    approved = approve(sent)
    assert approved.reasons == {"appeal": "Seen, and it is so."}, "the reason is kept"
    version.refresh_from_db()
    assert (version.status, version.verdict) == (Status.REVIEW, Verdict.INFECTED)
    assert versions.deliverable_versions(asset.seller, ("package",)) == []
    react(now=NOW)
    second_submission = submission_of(version)
    assert (second_submission.status, second_submission.earlier) == (
        Submission.Status.PENDING,
        Submission.objects.get(kind="asset", status="failed"),
    )
    with pytest.raises(Refused, match=r"review\.checklist"):
        decide.approve(
            second_submission, checklist=["content", "findings"], by=make_operator(), settings=config(), now=NOW
        )
    approve(second_submission)
    version.refresh_from_db()
    assert (version.status, version.verdict, bool(version.confirmed_by)) == (Status.APPROVED, Verdict.INFECTED, True)
    moves = Move.objects.filter(lifecycle="asset version").order_by("pk").values_list("event", flat=True)
    assert list(moves) == ["fail", "appeal", "accept", "approve"]
    links = set(Notice.objects.filter(kind="seller_submission_approved").values_list("link", flat=True))
    assert f"/seller/assets/versions/{version.pk}/" in links, "where those who keep assets may read it"


def test_same_file_is_not_refused_again_but_another_file_is(asset: Asset) -> None:
    approve(appealed(infected(asset, package(a=b"1"))))
    assert FalsePositive.objects.count() == 1
    assert infected(asset, package(a=b"1"), label="2.0").status == Status.REVIEW
    assert infected(asset, package(a=b"2"), label="3.0").status == Status.FAILED, "the same name in another file"
    other = infected(make_asset(may_publish(now=NOW)), package(a=b"1"))
    assert other.status == Status.FAILED, "nobody decided that for another seller"


@pytest.mark.parametrize("ends", ["reject", "withdraw"])
def test_unaccepted_appeal_changes_nothing(asset: Asset, ends: str) -> None:
    version = make_version(asset, zipped({"../x": b"1"}), label="1.0")
    sent = appealed(version)
    with pytest.raises(Refused, match=r"asset\.label_taken"):
        upload_version(asset, label="1.0")
    if ends == "reject":
        decide.reject(sent, reasons={"appeal": "确会写到目录之外。"}, by=make_operator(), settings=config(), now=NOW)
    else:
        decide.withdraw(sent, by=owner_of(asset.seller), settings=config(), now=NOW)
    version.refresh_from_db()
    assert (version.status, FalsePositive.objects.count()) == (Status.FAILED, 0)
    react(now=NOW)
    assert submission_of(version).status == Submission.Status.FAILED, "nobody is asked about the file"
    assert appealed(version).status == Submission.Status.PENDING, "and again, with better evidence"


def test_appeal_covers_every_finding_with_reasons_and_evidence(asset: Asset) -> None:
    version = make_version(asset, zipped({"../x": b"1", "../y": b"1"}))
    every = findings_of(version)
    assert len(every) == 2
    single = dict(list(every.items())[:1])
    assert assert_refused(version, whys=single) == {"appeal.part"}
    assert assert_refused(version, whys={}) == {"appeal.none"}
    assert assert_refused(version, whys={**every, next(iter(every)): " "}) == {"appeal.missing"}
    assert assert_refused(version, whys={**every, next(iter(every)): "x" * 1001}) == {"appeal.long"}
    assert assert_refused(version, proofs=0) == {"appeal.proof"}


def test_only_an_available_file_refused_by_its_report_can_be_appealed(asset: Asset) -> None:
    version = make_version(asset, zipped({"../x": b"1"}), label="1.0")
    make_version(asset, package(a=b"mended"), label="1.0")
    assert assert_refused(version) == {"appeal.report"}, "a mended file has its label"
    long = make_version(asset, zipped({f"../{n}": b"1" for n in range(120)}), label="2.0")
    assert assert_refused(long) == {"appeal.report"}, "what is not listed cannot be looked at"
    assert assert_refused(make_version(asset, label="3.0")) == {"appeal.report"}, "nothing refuses it"
    deleted = make_version(asset, zipped({"../z": b"1"}), label="4.0")
    clean = make_version(asset, zipped({"../k": b"1"}), label="5.0")
    appealed(clean)
    *_others, sweep = retention.uploads(Files(config().files), config().uploads, keep=timedelta(days=7))
    sweep.work(NOW + timedelta(days=31))
    for file_version in (deleted, clean):
        file_version.refresh_from_db()
    assert (deleted.file_gone, clean.file_gone) == (True, False), "evidence of an open appeal stays"
    assert assert_refused(deleted) == {"appeal.report"}


def test_pages_from_the_finding_to_the_decision(asset: Asset) -> None:
    version = infected(asset)
    page, at = enter(owner_of(asset.seller)), f"/seller/assets/versions/{version.pk}/"
    assert f"{at}appeal/" in page.get(at).content.decode()
    [finding] = findings_of(version)
    form = page.get(f"{at}appeal/").content.decode()
    assert "Eicar-Test-Signature" in form
    assert "This finding is a false positive" not in form, "there is no choice: one left refuses the file"
    answer = page.post(f"{at}appeal/", {f"why.{finding}": WHY})
    assert (answer.status_code, WHY in answer.content.decode()) == (422, True)
    proof = SimpleUploadedFile("report.pdf", b"%PDF-1.7\n%%EOF\n")
    assert page.post(f"{at}appeal/", {f"why.{finding}": WHY, "proof0_file": proof}).status_code == 302
    shown = page.get(at).content.decode()
    assert "An operator decides it by" in shown
    assert f"{at}appeal/" in shown, "to withdraw it"
    assert "is being decided" in page.get(f"{at}appeal/").content.decode()
    sent = Submission.objects.get(kind="appeal")
    console = Client()
    operator = make_operator()
    console.force_login(operator)
    review = console.get(f"/console/reviews/{sent.pk}/").content.decode()
    for words in ("Eicar-Test-Signature", WHY, f"/console/assets/{version.pk}/", 'name="reason"'):
        assert words in review
    console.post(f"/console/reviews/{sent.pk}/approve/", {"checklist": ["finding.0"], "reason": ""})
    sent.refresh_from_db()
    assert sent.status == "pending"
    console.post(f"/console/reviews/{sent.pk}/approve/", {"checklist": ["finding.0"], "reason": "EICAR alone."})
    text = page.get(at).content.decode()
    assert "EICAR alone." in text
    assert "Marked as false positive by the operator" in text
    assert "does not mean that the file is clean" in text
