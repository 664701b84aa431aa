"""A submission that was not approved is corrected from its content: the form is filled in, with the remarks beside it,
for every kind."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.configured import changed
from tests.factories import make_buyer, make_operator, make_proof, make_seller
from tests.factories.assets import check_uploads, make_asset, make_version, submission_of, upload_version
from tests.factories.companies import (
    admitted,
    applicant,
    approve,
    certification,
    draft,
    owner_of,
    pending,
    send,
)
from tests.factories.people import NOW
from tests.factories.pictures import PDF, picture_file
from tests.factories.publishable import may_publish, save_all
from tests.factories.web_tasks import EXPIRED, checked, make_web_task
from tests.market.assets.clamd import fake_clamd
from tests.market.review import publishing
from tests.market.review.published_application import HERE, THERE, other_addresses, publish_application
from tests.market.sites.seller_center.shops import enter
from tradepost.market.assets.contested import blocking_of
from tradepost.market.assets.scan_contract import fingerprint_of
from tradepost.market.base.config import config
from tradepost.market.base.values import replace
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import drafts as catalog_drafts
from tradepost.market.catalog import trading
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.review import appeals, decide, drafts, hand_in, submit
from tradepost.market.review.kinds.delist import Delisting
from tradepost.market.review.kinds.restore import RestoreRequest
from tradepost.market.review.models import Submission
from tradepost.market.review.registry import review_kind, review_kinds
from tradepost.market.web_scan.standing import blocking_findings_of as blocking_findings
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db
BUTTON = {"en": "Correct and submit again", "zh-hans": "修改后重新提交"}
REASON = "第 3 项与营业执照不一致"


@dataclass(frozen=True)
class Sent:
    """A submission that waits for an operator, and the content of its form when it is corrected. ``at``: path of that
    form below the button's target."""

    submission: Submission
    filled: tuple[str, ...]
    at: str = ""


def _enter() -> Sent:
    sent = pending(draft(applicant()))
    document = sent.document
    return Sent(sent, (document["name"], document["registration_number"], document["logo"], document["licence"]))


def _company() -> Sent:
    seller = admitted()
    begun = drafts.begin("company", seller, by=owner_of(seller), now=NOW)
    saved = drafts.save(begun, {"capital": "9000001"}, revision=begun.revision, now=NOW)
    return Sent(send(saved), ("9000001", str(saved.document["logo"])))


def _certify() -> Sent:
    seller = admitted()
    begun = drafts.begin("certify", seller, by=owner_of(seller), now=NOW)
    saved = drafts.save(begun, certification(seller, branch="深圳福田支行"), revision=begun.revision, now=NOW)
    return Sent(send(saved), ("深圳福田支行", "3445"))


def _exit() -> Sent:
    seller = admitted()
    begun = drafts.begin("exit", seller, by=owner_of(seller), now=NOW)
    return Sent(send(drafts.save(begun, {"reason": "公司停业"}, revision=begun.revision, now=NOW)), ("公司停业",))


def _publish() -> Sent:
    product = publishing.ready()
    return Sent(publishing.pending(product), (product.name,), f"/seller/products/{product.pk}/draft/base/")


def _modify() -> Sent:
    product = publishing.listed()
    by = owner_of(product.seller)
    document = documents.load(catalog_drafts.open_draft(product, by=by, now=NOW).document)
    base = replace(document.base, summary=Text(zh="改过的一句话介绍", en="Changed"))
    save_all(product, replace(document, base=base), by=by, now=NOW)
    return Sent(publishing.pending(product), ("改过的一句话介绍",), f"/seller/products/{product.pk}/draft/base/")


def _delist() -> Sent:
    product = publishing.listed()
    attachment = make_proof(product.seller).sha256
    delisting = Delisting(what="product", reason="不再维护。", proof="已通知全部用户。", attachment=attachment)
    sent = hand_in.request_delisting(product, delisting, by=owner_of(product.seller), settings=config(), now=NOW)
    return Sent(sent, ("不再维护。", "已通知全部用户。", '<option value="product" selected', attachment))


def _restore() -> Sent:
    product = publishing.listed()
    trading.freeze(product, cause="证书过期", actor="test", now=NOW)
    restoring = RestoreRequest(repaired="证书已更换")
    sent = hand_in.request_restoring(product, restoring, by=owner_of(product.seller), settings=config(), now=NOW)
    publishing.end_replay()
    sent.refresh_from_db()
    return Sent(sent, ("证书已更换",))


def _credential() -> Sent:
    published = publish_application()
    kit, base = other_addresses(published)
    published.save_cases(base)
    sent = published.ask(kit)
    publishing.end_replay()
    sent.refresh_from_db()
    assert HERE != THERE
    return Sent(sent, (f'<option value="{kit.pk}" selected>{THERE}',))


def _appeal() -> Sent:
    seller = may_publish()
    run = checked(make_web_task(seller), EXPIRED)
    proof = make_proof(seller).sha256
    whys = {finding.fingerprint: "证书昨天已更换" for finding in blocking_findings(run)}
    sent = appeals.appeal(run, whys, [proof], by=owner_of(seller), settings=config(), now=NOW)
    return Sent(sent, ("证书昨天已更换", proof))


def _file_appeal() -> Sent:
    seller = may_publish()
    version = upload_version(make_asset(seller))
    with fake_clamd(lambda _stream: "Eicar-Test-Signature FOUND") as clamd:
        check_uploads(changed(config(), clamd_url=clamd.url))
    version.refresh_from_db()
    proof = make_proof(seller).sha256
    whys = {fingerprint_of(finding): "测试样本，不是病毒" for finding in blocking_of(version)}
    sent = appeals.appeal_file(version, whys, [proof], by=owner_of(seller), settings=config(), now=NOW)
    return Sent(sent, ("测试样本，不是病毒", proof))


def _asset() -> Sent:
    version = make_version(make_asset(may_publish()), label="2.4.1")
    return Sent(submission_of(version), ('value="2.4.1"',))


MADE: Mapping[str, Callable[[], Sent]] = {
    "enter": _enter, "company": _company, "certify": _certify, "exit": _exit, "publish": _publish, "modify": _modify,
    "delist": _delist, "restore": _restore, "credential": _credential, "appeal": _appeal, "appeal of a file": _file_appeal,
    "asset": _asset,
}  # fmt: skip
"""A waiting submission of every kind."""


def test_every_kind_is_in_the_table() -> None:
    assert {name.partition(" ")[0] for name in MADE} == set(review_kinds())


def _browser(user: User, language: str) -> Client:
    client = enter(user)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    return client


def corrected(page: Client, submission: Submission, language: str) -> str:
    """Return the page to which the button of a submission leads."""
    text = page.get(f"/seller/submissions/{submission.pk}/").text
    action = re.search(rf'<form method="post"\s+action="([^"]+)">(?:(?!</form>).)*{BUTTON[language]}', text, re.DOTALL)
    if action:
        return page.post(action[1], follow=True).text
    link = re.search(rf'<a class="btn btn-primary"\s+href="([^"]+)">(?:(?!</a>).)*{BUTTON[language]}', text, re.DOTALL)
    assert link, "no button leads to a correction"
    answer = page.get(link[1])
    assert answer.status_code == 200
    return answer.text


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("end", ["reject", "withdraw"])
@pytest.mark.parametrize("kind", MADE)
def test_form_is_filled_with_the_last_submission_and_shows_the_reasons(kind: str, end: str, language: str) -> None:
    submission = MADE[kind]()
    sent = submission.submission
    assert sent.status == Submission.Status.PENDING
    owner = owner_of(sent.seller)
    if end == "reject":
        section = review_kind(sent.kind).sections[0].code
        decide.reject(sent, reasons={section: REASON}, by=make_operator(), settings=config(), now=NOW)
    else:
        decide.withdraw(sent, by=owner, settings=config(), now=NOW)
    page = _browser(owner, language)
    text = corrected(page, sent, language)
    assert (REASON in text) == (end == "reject")
    assert 'id="remarks"' in text
    if submission.at:
        assert f'href="{submission.at.rpartition("draft/")[0]}draft/' in text, "its editor is a link away"
        text = page.get(submission.at).text
        assert (REASON in text) == (end == "reject")
    plain = html.unescape(re.sub(r"\s+", " ", text))
    for value in submission.filled:
        assert value in plain, value


# --- corrections of a company ---------------------------------------------------------------------------------------------

FORM = "/seller/company/draft/enter/"


def test_autosaving_form_learns_that_its_draft_is_gone(db: None) -> None:
    """It was submitted or discarded in another tab: the form reports this and stops retrying."""
    seller = make_seller()
    member = seller.members.create(user=make_buyer(balance="0"), role="owner")
    answer = enter(member.user).post("/seller/company/draft/company/", {}, headers={"x-autosave": "1"})
    assert (answer.status_code, answer.json()["saved"]) == (409, False)
    assert "in another tab" in answer.json()["words"]


def form_values(page: Client, *, act: str, **other: object) -> str:
    """Return the form as a browser without scripts submits it, with these values changed."""
    text = page.get(FORM).text
    revision = re.search(r'name="revision"[^>]*value="(\d+)"', text)
    assert revision, "no form"
    boxes = dict.fromkeys(re.findall(r'name="(agreement_\d+)"', text), "on")
    files = {
        name: token[1]
        for name in ("logo", "licence")
        if (token := re.search(rf'name="{name}"[^>]*value="([0-9a-f]{{64}})"', text))
    }
    return page.post(FORM, {**files, **boxes, "revision": revision[1], "act": act, **other}, follow=True).text


@pytest.fixture
def rejected_company() -> tuple[Client, Submission]:
    seller = applicant()
    sent = pending(draft(seller))
    reject(sent, presence=REASON)
    return enter(owner_of(seller)), Submission.objects.get(pk=sent.pk)


def reject(sent: Submission, **reasons: str) -> None:
    decide.reject(sent, reasons=reasons, by=make_operator(), settings=config(), now=NOW)


def newest_submission() -> Submission:
    """The newest submission, after its checks."""
    sent = Submission.objects.latest("pk")
    submit.record_passed_checks(sent.pk, settings=config(), now=NOW)
    sent.refresh_from_db()
    return sent


def test_rejected_form_is_corrected_in_two_sittings_rejected_again_and_approved(
    rejected_company: tuple[Client, Submission],
) -> None:
    """The company page shows the reason and offers the correction, without an empty form; files need no second upload;
    a closed tab loses nothing."""
    page, first = rejected_company
    shown = page.get("/seller/company/").text
    assert REASON in shown
    assert "Start the application" not in shown
    text = page.post(FORM, {"act": "begin"}, follow=True).text
    assert REASON in text
    assert first.document["name"] in text
    assert "Saved." in form_values(page, act="save", staff="77")
    reopened = page.get(FORM).text  # in a new tab
    assert 'value="77"' in reopened
    assert REASON in reopened
    assert "Continue the draft" in page.get("/seller/company/").text
    form_values(page, act="submit")
    second = newest_submission()
    assert (second.status, second.earlier) == ("pending", first)
    assert (second.document["staff"], second.document["logo"]) == ("77", first.document["logo"])
    assert REASON not in page.get("/seller/company/").text, "it was sent"
    reject(second, contact="电话无人接听")
    text = page.post(FORM, {"act": "begin"}, follow=True).text
    assert "电话无人接听" in text
    assert REASON not in text
    assert 'value="77"' in text
    png = SimpleUploadedFile("logo.png", picture_file(width=336, height=140), "image/png")
    pdf = SimpleUploadedFile("new.pdf", PDF + b"2", "application/pdf")
    form_values(page, act="submit", logo_file=png, licence_file=pdf)
    third = newest_submission()
    assert third.document["logo"] not in {"", first.document["logo"]}
    assert third.document["licence"] not in {"", first.document["licence"]}
    approve(third)
    assert Seller.objects.get(pk=first.seller_id).status == Seller.Status.ACTIVE


def test_withdrawn_and_discarded_correction_returns_to_the_submission(
    rejected_company: tuple[Client, Submission],
) -> None:
    page, first = rejected_company
    page.post(FORM, {"act": "begin"})
    form_values(page, act="submit", staff="78")
    second = newest_submission()
    page.post(f"/seller/submissions/{second.pk}/withdraw/")
    assert 'value="78"' in page.post(FORM, {"act": "begin"}, follow=True).text
    page.post(f"{FORM}discard/")
    assert not Submission.objects.filter(status="draft").exists()
    assert 'value="78"' in page.post(FORM, {"act": "begin"}, follow=True).text
    late = page.post(f"/seller/submissions/{first.pk}/correct/", follow=True).text
    assert "A later submission replaced this one" in late
    assert Submission.objects.get(status="draft").earlier == second


def test_two_tabs_edit_one_draft(rejected_company: tuple[Client, Submission]) -> None:
    """The second tab to save is asked; after the submission, others see the submission."""
    page, first = rejected_company
    for _tab in range(2):
        page.post(f"/seller/submissions/{first.pk}/correct/")
    assert Submission.objects.filter(status="draft").count() == 1
    stale = page.get(FORM).text
    revision = re.search(r'name="revision"[^>]*value="(\d+)"', stale)
    assert revision
    form_values(page, act="save", staff="79")
    other = page.post(FORM, {"revision": revision[1], "act": "save", "staff": "80"})
    assert (other.status_code, 'value="80"' in other.text, REASON in other.text) == (422, True, True)
    form_values(page, act="submit")
    sent = Submission.objects.latest("pk")
    for late in (FORM, f"/seller/submissions/{first.pk}/correct/"):
        answer = page.post(late, {"act": "begin"}, follow=True)
        assert answer.status_code == 200
        assert "submission" in answer.redirect_chain[-1][0]
    assert Submission.objects.count() == 2
    assert sent.document["staff"] == "79"


def test_member_reads_the_reasons_and_cannot_correct(rejected_company: tuple[Client, Submission]) -> None:
    _page, first = rejected_company
    helper = make_buyer(balance="0")
    Member.objects.create(seller=first.seller, user=helper, role=Member.Role.MEMBER)
    page = enter(helper)
    assert page.post(FORM, {"act": "begin"}).status_code == 403
    assert page.post(f"/seller/submissions/{first.pk}/correct/").status_code == 403
    assert not Submission.objects.filter(status="draft").exists()


def test_another_company_cannot_correct(rejected_company: tuple[Client, Submission]) -> None:
    _page, first = rejected_company
    stranger = enter(owner_of(applicant()))
    assert stranger.post(f"/seller/submissions/{first.pk}/correct/").status_code == 404
    assert not Submission.objects.filter(status="draft", earlier=first).exists()


def test_findings_of_the_checks_are_shown_beside_their_fields() -> None:
    seller = applicant()
    sent = send(draft(seller))
    words = {"zh": "官网没有应答", "en": "The website does not answer."}
    finding = {
        "section": "presence",
        "field": "website",
        "code": "website.down",
        "rule": "business-rules §1.4",
        "words": words,
    }
    submit.record_failed_checks(sent.pk, [finding], settings=config(), now=NOW)
    page = enter(owner_of(seller))
    text = page.post(FORM, {"act": "begin"}, follow=True).text
    assert text.count("The website does not answer.") == 1
    assert text.index("The website does not answer.") < text.index('name="website"') < text.index('name="about"')
