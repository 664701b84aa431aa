"""Changes, exit and suspension of a company: what applies until the approval, what must be finished, and the results."""

from __future__ import annotations

import pytest

from tests.factories.buying import make_order, make_subscription
from tests.factories.companies import admitted, approve, licence_of, owner_of, send
from tests.factories.people import NOW, make_buyer, make_operator
from tests.factories.pictures import make_proof
from tests.factories.products import make_offer, make_product
from tradepost.market import wiring
from tradepost.market.base import outbox
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import as_dict, replace
from tradepost.market.catalog.models import Product, Shelf
from tradepost.market.catalog.shelf_queries import product_on_sale
from tradepost.market.identity import enter, keys
from tradepost.market.identity.company_models import Company
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.orders.place import find_offer
from tradepost.market.review import drafts, submit
from tradepost.market.review.cases import case_of
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.models import Submission
from tradepost.market.review.registry import review_kind

pytestmark = pytest.mark.django_db


def drafted_change(seller: Seller, **other: str) -> Submission:
    begun = drafts.begin("company", seller, by=owner_of(seller), now=NOW)
    return drafts.save(begun, other, revision=begun.revision, now=NOW)


def test_current_data_applies_until_the_change_is_approved() -> None:
    """business-rules §1.4 'Info change': an application of its own."""
    seller = admitted()
    before = enter.document_of(seller)
    draft = drafted_change(seller, capital="9000000", service_phone="400-800-9999")
    sent = send(draft)
    assert sent.status == "pending", "the same website is not asked again"
    assert enter.document_of(Seller.objects.get(pk=seller.pk)) == before
    kind = review_kind("company")
    differences = kind.diff(replace(before, capital="9000000", service_phone="400-800-9999"), before)
    assert [(str(difference.before and difference.before.value), str(difference.after and difference.after.value)) for difference in differences] == [
        ("5,000,000", "9,000,000"), ("400-800-1234", "400-800-9999"),
    ]  # fmt: skip
    approve(sent)
    seller.refresh_from_db()
    assert (seller.contact_phone, Company.objects.get(seller=seller).capital) == ("400-800-9999", 9_000_000)


def test_legal_entity_cannot_change() -> None:
    seller, other = admitted(), admitted()
    theirs = Company.objects.get(seller=other).registration_number
    with pytest.raises(Incomplete) as refused:
        send(drafted_change(seller, registration_number=theirs))
    assert [finding.code for finding in refused.value.findings] == ["company.registration_number.entity"]
    with pytest.raises(Refused, match=r"company\.entity"):
        enter.change_company(seller, replace(enter.document_of(seller), registration_number=theirs), now=NOW)


def test_empty_change_is_not_reviewed() -> None:
    with pytest.raises(Incomplete) as refused:
        send(drafted_change(admitted()))
    assert [finding.code for finding in refused.value.findings] == ["company.unchanged"]


def test_changed_website_is_checked_first() -> None:
    assert send(drafted_change(admitted(), website="http://127.0.0.1:9/new")).status == "checking"


def finding_codes(draft: Submission) -> list[str]:
    with pytest.raises(Incomplete) as refused:
        send(draft)
    assert Submission.objects.get(pk=draft.pk).status == "draft"
    return [finding.code for finding in refused.value.findings]


def test_new_name_or_address_needs_a_new_licence() -> None:
    """business-rules §1.4: "Address: as on the licence", "Licence: latest business licence". The licence submitted
    before does not show the new data; for everything else it stays valid.
    """
    seller = admitted()
    draft = drafted_change(seller, name="深圳市青榭云软件有限公司")
    assert finding_codes(draft) == ["company.licence.outdated"]
    draft = drafts.save(draft, {"licence": ""}, revision=draft.revision, now=NOW)
    assert finding_codes(draft) == ["company.licence.missing"]
    latest = make_proof(seller, content=b"%PDF-1.7\nlatest\n%%EOF\n").sha256
    sent = send(drafts.save(draft, {"licence": latest}, revision=draft.revision, now=NOW))
    assert "licence" in {
        item.code for item in review_kind("company").checklist(case_of(sent, settings=config(), now=NOW))
    }
    approve(sent)
    assert Company.objects.get(seller=seller).licence == latest
    seller.refresh_from_db()
    other = send(drafted_change(seller, capital="9000000"))
    assert "licence" not in {
        item.code for item in review_kind("company").checklist(case_of(other, settings=config(), now=NOW))
    }


def test_seller_without_a_licence_on_file_submits_one_with_a_new_address() -> None:
    seller = admitted()
    Company.objects.filter(seller=seller).update(licence="")
    assert finding_codes(drafted_change(seller, street="科技园路 9 号")) == ["company.licence.missing"]
    drafts.discard(Submission.objects.get(seller=seller, status="draft"))
    assert send(drafted_change(seller, capital="9000000")).status == "pending"


def drafted_exit(seller: Seller) -> Submission:
    begun = drafts.begin("exit", seller, by=owner_of(seller), now=NOW)
    return drafts.save(begun, {"reason": "停业"}, revision=begun.revision, now=NOW)


def test_seller_leaves_when_everything_is_finished_and_cannot_return() -> None:
    """business-rules §1.4 'Exit'."""
    seller = admitted()
    owner, helper = owner_of(seller), make_buyer(balance="0")
    Member.objects.create(seller=seller, user=helper, role=Member.Role.MEMBER)
    keys.rotate_signing_key(seller, "base", now=NOW)
    keys.create_access_key(seller, by=owner, now=NOW)
    approve(send(drafted_exit(seller)))
    seller.refresh_from_db()
    assert seller.status == Seller.Status.EXITED
    assert keys.signing_secrets(seller.pk, "base", now=NOW) == ()
    assert not keys.valid_access_keys(seller, now=NOW).exists()
    assert [member.user for member in seller.members.all()] == [owner]
    with pytest.raises(Refused, match=r"enter\.exited"):
        enter.apply(User.objects.get(pk=owner.pk), now=NOW)
    assert Company.objects.filter(seller=seller).exists(), "its number stays taken"


def test_unfinished_matters_are_listed_and_checked_again_at_the_approval() -> None:
    seller = admitted()
    product = make_product(seller)
    draft = drafted_exit(seller)
    with pytest.raises(Incomplete) as refused:
        send(draft)
    assert {finding.field for finding in refused.value.findings} == {"products"}
    buyer = make_buyer()
    order = make_order(buyer, offer=make_offer(product), paid=True)
    Product.objects.filter(pk=product.pk).update(status=Product.Status.STOPPED)
    assert {finding.field for finding in submit.findings_of(draft, agreed=(), settings=config(), now=NOW)} >= {"orders"}
    make_subscription(order)
    fields = {finding.field for finding in submit.findings_of(draft, agreed=(), settings=config(), now=NOW)}
    assert "services" in fields
    assert Seller.objects.get(pk=seller.pk).is_selling

    other = admitted()
    sent = send(drafted_exit(other))
    make_product(other)
    with pytest.raises(Incomplete):
        approve(sent)
    assert Seller.objects.get(pk=other.pk).is_selling
    assert Submission.objects.get(pk=sent.pk).status == "pending"


def test_suspended_seller_sells_nothing_until_it_is_resumed() -> None:
    seller, operator = admitted(), make_operator()
    product = make_product(seller)
    offer = make_offer(product)
    assert product_on_sale(slug=product.slug) is not None
    with pytest.raises(Refused, match=r"seller\.reason"):
        enter.suspend(seller, reason="  ", by=operator.email, now=NOW)
    assert Seller.objects.get(pk=seller.pk).is_selling
    enter.suspend(seller, reason="服务电话无人接听", by=operator.email, now=NOW)
    assert product_on_sale(slug=product.slug) is None
    outbox.dispatch(wiring.REACTIONS, now=NOW)
    assert not Shelf.objects.filter(product=product).exists(), "neither in the store nor in its searches"
    with pytest.raises(Refused, match=r"offer\.unknown"):
        find_offer(offer.product_id)
    with pytest.raises(Refused, match="not allowed"):
        enter.suspend(seller, reason="again", by=operator.email, now=NOW)
    enter.resume(seller, reason="已恢复", by=operator.email, now=NOW)
    outbox.dispatch(wiring.REACTIONS, now=NOW)
    assert Shelf.objects.filter(product=product).exists()
    assert find_offer(offer.product_id).pk == offer.pk
    assert Seller.objects.get(pk=seller.pk).status_reason == ""


def test_existing_sellers_submit_their_company_once() -> None:
    """Sellers registered before company data was required."""
    from tests.factories.companies import company, logo_of
    from tests.factories.people import make_seller

    seller = make_seller(member=make_buyer(balance="0"))
    document = company(
        logo=logo_of(seller), licence=licence_of(seller), website=seller.website or "http://127.0.0.1:9/"
    )
    draft = drafted_change(seller, **as_dict(document))
    sent = send(draft)
    if sent.status == "checking":
        submit.record_passed_checks(sent.pk, settings=config(), now=NOW)
    approve(Submission.objects.get(pk=sent.pk))
    assert Company.objects.get(seller=seller).registration_number == document.registration_number
