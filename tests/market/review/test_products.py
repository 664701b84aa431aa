"""Review of a product: checked, replayed, listed; a change of it in the same way; and the end of its sale."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories import make_buyer, make_offer, make_operator, make_order
from tests.factories.companies import approve, owner_of
from tests.factories.people import NOW, make_seller
from tests.factories.pictures import PDF, make_proof
from tests.factories.publishable import ONCE, TRIAL, drafted, may_publish, period, right_document, save_all
from tests.market.debugging.answering import answer, tried
from tests.market.review.publishing import end_replay, listed, pending, ready, submitted
from tradepost.market.assets.asset_models import FileScan
from tradepost.market.assets.models import Proof, ProofUse
from tradepost.market.base import stored
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import read_findings
from tradepost.market.base.values import replace
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import drafts, upgrade_rules
from tradepost.market.catalog.document import Attribute, Document, Sku, Spec, Value
from tradepost.market.catalog.models import Offer, Product, Version
from tradepost.market.catalog.models import Spec as SpecRow
from tradepost.market.catalog.projection import differences
from tradepost.market.debugging.debug import delete_case
from tradepost.market.debugging.models import DebugCase
from tradepost.market.debugging.required import Purpose
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Binding
from tradepost.market.review import decide, hand_in
from tradepost.market.review.contract import Incomplete, InputKind
from tradepost.market.review.kinds.delist import KIND, Delisting
from tradepost.market.review.models import Submission
from tradepost.market.review.product_versions import findings_of, replay_of
from tradepost.market.review.registry import review_kind
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db
STATUS = Submission.Status
LATER = NOW + timedelta(hours=2)


def version_of(submission: Submission) -> Version:
    return Version.objects.get(submissions=submission)


def draft_of(product: Product) -> Document:
    return documents.load(drafts.open_draft(product, by=None, now=LATER).document)


def change(product: Product, **sections: object) -> None:
    """Return a draft with these sections changed."""
    document = replace(draft_of(product), **sections)
    save_all(product, document, by=owner_of(product.seller), now=LATER)


def test_product_is_checked_replayed_reviewed_and_listed() -> None:
    """business-rules §2.3–2.4: self-check, replay at submit, review, auto-listed."""
    product = ready()
    sent = submitted(product)
    version = Version.objects.get(product=product)
    assert (sent.kind, sent.status, sent.due_at, version.status) == ("publish", STATUS.CHECKING, None, "sealed")
    assert sent.sha256 == version.sha256
    end_replay()
    sent.refresh_from_db()
    assert (sent.status, sent.due_at is not None) == (STATUS.PENDING, True)
    assert Product.objects.get().status == Product.Status.DRAFT
    approve(sent)
    product.refresh_from_db()
    assert (product.status, Version.objects.get().status) == (Product.Status.ON_SALE, "listed")
    assert Offer.objects.get().price_minor == 9950
    assert list(differences(product, documents.load(version.document))) == []


def test_missing_parts_are_listed_and_nothing_is_sealed() -> None:
    """Issue 9: every automatic refusal cites its rule; a missing case names itself and blocks (saas-v2 §5.3)."""
    seller = may_publish()
    product = drafted(seller, right_document(seller))
    change(product, support=documents.SECTIONS["support"]())
    with pytest.raises(Incomplete) as refused:
        submitted(product)
    findings = refused.value.findings
    assert {finding.section for finding in findings} == {"support", "interface"}
    cases = {finding.field for finding in findings if finding.section == "interface"}
    assert {f"case.{name}." for name in ("newInstance", "queryInstance", "refreshInstance", "releaseInstance")} <= cases
    assert all("§" in finding.rule for finding in findings)
    assert (Submission.objects.filter(product=product).count(), Version.objects.get(product=product).status) == (
        0,
        "draft",
    )


def test_product_without_an_address_or_of_a_seller_that_may_not_publish_is_refused() -> None:
    product = ready()
    Binding.objects.all().delete()
    Seller.objects.update(status=Seller.Status.SUSPENDED)
    with pytest.raises(Incomplete) as refused:
        submitted(Product.objects.get())
    assert [(finding.section, finding.field) for finding in refused.value.findings] == [
        ("interface", "address"), ("seller", "status"),
    ]  # fmt: skip
    assert Version.objects.get(product=product).status == "draft"


def test_failing_case_blocks_and_the_draft_is_kept() -> None:
    """Issue 9, must show 2: a failing case names itself and blocks."""
    product = ready()
    sent = submitted(product)
    end_replay(failing="releaseInstance")
    sent.refresh_from_db()
    (finding,) = read_findings(sent.findings)
    assert (sent.status, finding.field) == (STATUS.FAILED, "case.releaseInstance.")
    assert "releaseInstance" in str(finding.words)
    assert version_of(sent).status == "dropped"
    version = Version.objects.get(product=product, status="draft")
    assert (version.number, version.base, version.document == sent.document) == (2, version_of(sent), True)
    second = submitted(product, now=LATER)
    assert (second.earlier, second.status) == (sent, STATUS.CHECKING)


def test_approval_needs_a_recent_replay() -> None:
    """shelf §3: the replay is younger than ``replay_valid``."""
    product = ready()
    sent = pending(product)
    late = NOW + timedelta(minutes=61)
    with pytest.raises(Refused, match=r"review\.replay"):
        approve(sent, now=late)
    sent.refresh_from_db()
    assert (sent.status, Product.objects.get().status) == (STATUS.PENDING, "draft")
    hand_in.restart_replay(sent, by="operator@market.example", settings=config(), now=late)
    with pytest.raises(Refused, match=r"review\.replay"):
        approve(sent, now=late)
    end_replay(failing="newInstance", now=late)
    sent.refresh_from_db()
    assert sent.status == STATUS.PENDING, "it is the operator's to decide"
    with pytest.raises(Refused, match=r"review\.replay"):
        approve(sent, now=late)
    hand_in.restart_replay(sent, by="operator@market.example", settings=config(), now=late)
    end_replay(now=late)
    approve(sent, now=late)
    assert Product.objects.get().status == Product.Status.ON_SALE


def test_approval_needs_the_replayed_address_and_key() -> None:
    """saas-v2 §5: only cases of the current key and URL count; results at another address do not count."""
    product = ready()
    sent = pending(product)
    keys.rotate_signing_key(product.seller, "base", now=NOW)
    with pytest.raises(Refused, match=r"review\.cases"):
        approve(sent)
    Binding.objects.filter(product=product).delete()
    with pytest.raises(Refused, match=r"review\.cases"):
        approve(sent)
    sent.refresh_from_db()
    assert (sent.status, Product.objects.get().status) == (STATUS.PENDING, "draft")


@pytest.mark.slow
def test_rejection_has_a_reason_and_keeps_the_evidence() -> None:
    product = ready()
    sent = pending(product)
    decide.reject(sent, reasons={"media": "图片不清晰。"}, by=make_operator(), settings=config(), now=NOW)
    sent.refresh_from_db()
    assert (sent.status, sent.reasons, version_of(sent).status) == (
        STATUS.REJECTED,
        {"media": "图片不清晰。"},
        "dropped",
    )
    with pytest.raises(Refused, match=r"submission|lifecycle|not_allowed|decided"):
        approve(sent)
    assert Product.objects.get().status == Product.Status.DRAFT


@pytest.mark.slow
def test_seller_withdraws_the_submission_and_continues_editing() -> None:
    product = ready()
    sent = pending(product)
    with pytest.raises(Refused, match=r"draft\.handed_in"):
        change(product, support=documents.SECTIONS["support"]())
    decide.withdraw(sent, by=owner_of(product.seller), settings=config(), now=NOW)
    sent.refresh_from_db()
    assert (sent.status, version_of(sent).status) == (STATUS.WITHDRAWN, "dropped")
    change(product, purchase=replace(draft_of(product).purchase, public=False))
    assert submitted(product, now=LATER).status == STATUS.CHECKING


@pytest.mark.slow
def test_change_goes_live_on_approval_and_orders_keep_their_terms() -> None:
    """business-rules §2.8; issue 9, must show 3."""
    product = listed()
    order = make_order(buyer=make_buyer(balance="1000"), offer=make_offer(product))
    first = order.lines.get().version_id
    (spec,) = draft_of(product).pricing.specs
    dearer = replace(
        spec, skus=(replace(spec.skus[0], prices=(replace(spec.skus[0].prices[0], amount=Decimal(120)),)),)
    )
    change(product, pricing=documents.Pricing(specs=(dearer,)))
    sent = pending(product, now=LATER)
    assert (sent.kind, Offer.objects.get().price_minor, Product.objects.get().status) == ("modify", 9950, "on_sale")
    sections = {difference.section for difference in review_kind("modify").diff(
        stored.load(Document, sent.document), documents.load(Version.objects.get(pk=first).document)
    )}  # fmt: skip
    assert sections == {"pricing"}
    approve(sent, now=LATER)
    assert Offer.objects.get().price_minor == 12_000
    line = order.lines.get()
    assert (line.version_id, line.version.status) == (first, Version.Status.RETIRED)
    assert line.amount.minor == 9950


def test_change_that_breaks_sold_services_is_refused_with_the_rule() -> None:
    """business-rules §2.8: specs are not removed, charging modes not changed; issue 9, must show 3."""
    product = listed()
    (spec,) = draft_of(product).pricing.specs
    for wrong, code in (
        (replace(spec, key="", name=Text(zh="另一版", en="Other")), "evolves.spec_missing"),
        (replace(spec, skus=(replace(spec.skus[0], prices=(ONCE,)),)), "evolves.price_missing"),
    ):
        change(product, pricing=documents.Pricing(specs=(wrong,)))
        with pytest.raises(Incomplete) as refused:
            submitted(product, now=LATER)
        assert [(finding.code, finding.rule) for finding in refused.value.findings] == [(code, "business-rules §2.8")]
        change(product, pricing=documents.Pricing(specs=(spec,)))
    assert Submission.objects.filter(kind="modify").count() == 0
    assert Offer.objects.get().on_sale


def test_new_modes_need_their_cases_in_addition_to_those_of_the_listing() -> None:
    """saas-v1-license A4: a modification replays all cases of the published specifications."""
    product = listed()
    (spec,) = draft_of(product).pricing.specs
    both = replace(spec, skus=(replace(spec.skus[0], prices=(*spec.skus[0].prices, period("year", "999"))),))
    change(product, pricing=documents.Pricing(specs=(both,)))
    sent = submitted(product, now=LATER)
    job = replay_of(sent)
    assert job is not None
    assert len(job.payload["cases"]) == 5


def both_kinds() -> Spec:
    """Two SKUs, so that a service can change between them."""
    tiers = (("v1", "基础", "Basic", "99"), ("v2", "高级", "Plus", "199"))
    return Spec(
        name=Text(zh="标准版", en="Standard"),
        attributes=(
            Attribute(
                code="a1", name=Text(zh="档位", en="Tier"),
                values=tuple(Value(code=code, name=Text(zh=zh, en=en)) for code, zh, en, _ in tiers),
            ),
        ),
        skus=tuple(Sku(values={"a1": code}, prices=(period(amount=amount),)) for code, _, _, amount in tiers),
    )  # fmt: skip


def test_product_with_upgrade_rules_needs_the_upgrade_case_until_they_are_removed() -> None:
    """saas-v2 §1.4 "upgradeInstance: needed if the product is upgradable", §8.2; business-rules §2.5 "upgrade needs its
    own case". Applies to a change and its review; deleting the last rule removes the requirement.
    """
    product = listed(both_kinds())
    low, high = (
        Offer.objects.filter(sku__spec__product=product).order_by("price_minor").values_list("sku__code", flat=True)
    )
    rule = upgrade_rules.add_rule(product, low, high, now=LATER)
    change(product, discovery=documents.Discovery(keywords=Text(zh="账务", en="books")))
    with pytest.raises(Incomplete) as refused:
        submitted(product, now=LATER)
    assert [finding.field for finding in refused.value.findings] == ["case.upgradeInstance."]
    assert not Submission.objects.filter(kind="modify").exists()

    address = Binding.objects.get(product=product).address
    answer(tried(address, "upgradeInstance"), now=LATER)
    sent = submitted(product, now=LATER)
    job = replay_of(sent)
    assert job is not None
    upgrade = DebugCase.objects.get(activity="upgradeInstance")
    assert upgrade.pk in job.payload["cases"]
    end_replay(now=LATER)
    delete_case(upgrade)
    with pytest.raises(Refused, match=r"review\.cases"):
        approve(Submission.objects.get(pk=sent.pk), now=LATER)
    upgrade_rules.remove_rule(product, rule.pk)
    approve(Submission.objects.get(pk=sent.pk), now=LATER)
    assert Submission.objects.get(pk=sent.pk).status == STATUS.APPROVED


@pytest.mark.parametrize(
    ("protocol", "kinds", "refused"),
    [
        # saas-v1-license A2.1: periodType "year / month (day for trial)"; B1: "year / month"
        ("saas_v1", ("day",), True), ("saas_v1", ("month", "day"), True), ("saas_v1", ("month", "year"), False),
        ("saas_v1", ("month", "trial"), False), ("saas_v2", ("day", "month"), False),
    ],
)  # fmt: skip
def test_period_that_the_protocol_cannot_express_is_refused_beside_its_price(
    protocol: str, kinds: tuple[str, ...], *, refused: bool
) -> None:
    seller = may_publish()
    prices = tuple(TRIAL if kind == "trial" else period(kind) for kind in kinds)
    document = right_document(seller, Spec(name=Text(zh="标准版", en="Standard"), skus=(Sku(prices=prices),)))
    product = drafted(seller, document, protocol=protocol)
    findings = findings_of(
        product, documents.load(Version.objects.get().document), purpose=Purpose.SUBMIT, settings=config(), now=NOW
    )
    periods = [
        (finding.section, finding.field, finding.rule) for finding in findings if finding.code == "interface.period"
    ]
    at = f"specs.0.skus.0.prices.{len(kinds) - 1}.period_type"
    assert periods == ([("pricing", at, "saas-v1-license §A2.1, §B1")] if refused else [])


@pytest.mark.parametrize(
    ("protocol", "supervised", "refused"),
    [("license_v1", "yes", True), ("license_v1", "", False), ("license_online", "yes", False)],
)
def test_supervised_license_needs_an_interface_that_accepts_a_machine_code(
    protocol: str, supervised: str, *, refused: bool
) -> None:
    """business-rules §2.10: "user submits system code or hardware code"; saas-v1-license §B1 has no request for it."""
    seller = may_publish()
    spec = Spec(name=Text(zh="标准版", en="Standard"), skus=(Sku(prices=(period(),)),))
    document = right_document(seller, spec)
    document = replace(
        document, product_type="LICENSE", details=replace(document.details, fields={"supervised": supervised})
    )
    product = drafted(seller, document, protocol=protocol)
    findings = findings_of(
        product, documents.load(Version.objects.get().document), purpose=Purpose.SUBMIT, settings=config(), now=NOW
    )
    rules = [(finding.field, finding.rule) for finding in findings if finding.code == "interface.machine_codes"]
    assert rules == ([("fields.supervised", "business-rules §2.10")] if refused else [])


def delisting(product: Product, node: str = "product", key: str = "", **said: str) -> Submission:
    document = Delisting(
        what=node,
        key=key,
        reason="不再维护。",
        proof="已邮件通知全部用户。",
        attachment=make_proof(product.seller).sha256,
    )
    return hand_in.request_delisting(
        product, replace(document, **said), by=owner_of(product.seller), settings=config(), now=LATER
    )


def test_spec_or_product_is_delisted_after_approval() -> None:
    """business-rules §2.8: delist with reason and proof, reviewed, irreversible."""
    pro = Spec(name=Text(zh="专业版", en="Pro"), skus=(Sku(prices=(period("year", "999"),)),))
    product = listed(Spec(name=Text(zh="标准版", en="Standard"), skus=(Sku(prices=(period(),)),)), pro)
    key = SpecRow.objects.get(product=product, name="专业版").key
    sent = delisting(product, "spec", key)
    assert (sent.status, Offer.objects.filter(on_sale=True).count()) == (STATUS.PENDING, 2)
    approve(sent, now=LATER)
    assert list(Offer.objects.filter(on_sale=True).values_list("sku__spec__name", flat=True)) == ["标准版"]
    with pytest.raises(Incomplete) as refused:
        delisting(product, "spec", key)
    assert [finding.field for finding in refused.value.findings] == ["node"]
    approve(delisting(product), now=LATER)
    product.refresh_from_db()
    assert product.status == Product.Status.STOPPED
    with pytest.raises(Refused, match=r"delist\.not_listed"):
        delisting(product)


def test_operator_reads_the_proof_document_and_the_seller_keeps_it() -> None:
    """§2.8: "reason + proof attachment; reviewed"; scanned as every document (§2.7)."""
    product = listed()
    sent = delisting(product)
    proof = Proof.objects.get(seller=product.seller, sha256=sent.document["attachment"])
    assert ProofUse.objects.filter(proof=proof, owner=f"submission:{sent.pk}").exists()
    assert FileScan.objects.filter(sha256=proof.sha256).exists()
    shown = [fact for fact in KIND.facts(stored.load(Delisting, sent.document)) if fact.look is InputKind.PROOF]
    assert [fact.value for fact in shown] == [proof.sha256]


def test_document_of_another_seller_is_no_proof() -> None:
    product, other = listed(), make_proof(make_seller(), content=PDF + b" another")
    with pytest.raises(Incomplete) as refused:
        delisting(product, attachment=other.sha256)
    assert [(finding.field, finding.code) for finding in refused.value.findings] == [("attachment", "proof.unknown")]


@pytest.mark.parametrize(
    ("answers", "field"),
    [({"reason": " "}, "reason"), ({"proof": "x" * 501}, "proof"), ({"attachment": ""}, "attachment")],
)
def test_delisting_needs_a_reason_and_a_proof(answers: dict[str, str], field: str) -> None:
    product = listed()
    with pytest.raises(Incomplete) as refused:
        delisting(product, **answers)
    assert [(finding.field, finding.rule) for finding in refused.value.findings] == [(field, "business-rules §2.8")]
    assert Product.objects.get().status == Product.Status.ON_SALE
