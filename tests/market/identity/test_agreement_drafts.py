"""Issue 28: "Agreements are drafts until an operator publishes them" (business-rules §1.5, decision 0106)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.factories.companies import admitted
from tests.factories.people import NOW, make_buyer, make_operator
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import MarketIdentity
from tradepost.market.identity import agreement_drafts, agreements, certify, enter, first_start, registration
from tradepost.market.identity.company_models import Acceptance, Agreement, AgreementDraft
from tradepost.market.identity.models import Seller, User
from tradepost.market.identity.registration import Access

pytestmark = pytest.mark.django_db
TEXT, OTHER_TEXT = "协议正文。" * 40, "另一份正文。" * 40


def save(*, kind: str = "seller", text: str = TEXT, change: str = "x", revision: int = 0, by: User) -> AgreementDraft:
    return agreement_drafts.save(kind, text=text, text_en=text, change=change, revision=revision, by=by, now=NOW)


def current_number() -> int:
    version = agreements.number_in_force("seller", now=NOW)
    assert version is not None
    return version.number


def test_publishing_a_draft_creates_the_next_version() -> None:
    operator = make_operator()
    draft = save(by=operator)
    assert current_number() == 1, "a draft is not in force"
    changed_draft = save(text=OTHER_TEXT, revision=draft.revision, by=operator)
    version = agreement_drafts.publish("seller", revision=changed_draft.revision, by=operator, now=NOW)
    assert (version.number, version.text, version.published_by) == (2, OTHER_TEXT, operator)
    assert agreement_drafts.draft_of("seller") is None


def test_discarding_a_draft_keeps_the_version_in_force() -> None:
    draft = save(by=make_operator())
    agreement_drafts.discard("seller", revision=draft.revision)
    assert (AgreementDraft.objects.count(), current_number()) == (0, 1)


def test_outdated_draft_revision_is_refused() -> None:
    first, second = make_operator(), make_operator()
    seen_draft = save(by=first)
    save(text=OTHER_TEXT, revision=seen_draft.revision, by=second)
    for outdated_action in (
        lambda: save(revision=seen_draft.revision, by=first),
        lambda: save(revision=0, by=first),
        lambda: agreement_drafts.publish("seller", revision=seen_draft.revision, by=first, now=NOW),
        lambda: agreement_drafts.discard("seller", revision=seen_draft.revision),
    ):
        with pytest.raises(Refused, match=r"agreement\.draft_changed"):
            outdated_action()
    draft = AgreementDraft.objects.get()
    assert (draft.text, draft.revision, draft.saved_by) == (OTHER_TEXT, 2, second)
    assert not Agreement.objects.filter(number=2).exists()


def test_unchanged_text_is_not_published_and_the_draft_is_kept() -> None:
    current = agreements.in_force("seller", now=NOW)
    assert current is not None
    operator = make_operator()
    draft = agreement_drafts.save(
        "seller", text=current.text, text_en=current.text_en, change="x", revision=0, by=operator, now=NOW
    )
    with pytest.raises(Refused, match=r"agreement\.text"):
        agreement_drafts.publish("seller", revision=draft.revision, by=operator, now=NOW)
    assert AgreementDraft.objects.get().revision == draft.revision


def test_publishing_and_discarding_need_a_draft() -> None:
    with pytest.raises(Refused, match=r"agreement\.no_draft"):
        agreement_drafts.publish("seller", revision=0, by=make_operator(), now=NOW)
    with pytest.raises(Refused, match=r"agreement\.no_draft"):
        agreement_drafts.discard("seller", revision=0)


@pytest.mark.parametrize("changes", [{"text": "short"}, {"change": " "}, {"kind": "none"}])
def test_invalid_draft_is_not_saved(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        save(**changes, by=make_operator())
    assert not AgreementDraft.objects.exists()


# --- the first start --------------------------------------------------------------------------------------------------


def start_market(*, sandbox: bool) -> set[str]:
    """Start a market for the first time. Return the kinds of agreements in force."""
    MarketIdentity.objects.all().delete()
    first_start.ensure_identity(sandbox=sandbox, now=NOW)
    return set(Agreement.objects.values_list("kind", flat=True))


def test_new_production_market_starts_with_drafts() -> None:
    default_texts = {agreement.kind: agreement.text for agreement in Agreement.objects.all()}
    assert start_market(sandbox=False) == set()
    assert {draft.kind: draft.text for draft in AgreementDraft.objects.all()} == default_texts
    first_start.ensure_identity(sandbox=False, now=NOW + timedelta(days=1))
    assert AgreementDraft.objects.count() == len(default_texts), "a second start adds no drafts"
    operator = make_operator()
    for draft in agreement_drafts.drafts().values():
        version = agreement_drafts.publish(draft.kind, revision=draft.revision, by=operator, now=NOW)
        assert version.number == 1
    assert not agreements.unpublished(Agreement.Kind.values, now=NOW)


def test_sandbox_starts_with_published_agreements() -> None:
    assert start_market(sandbox=True) == set(Agreement.Kind.values)
    assert not AgreementDraft.objects.exists()


def test_existing_production_market_keeps_its_agreements() -> None:
    """A market created before the mode was stored stores it at the first start of this version."""
    make_buyer(balance="0")
    assert start_market(sandbox=False) == set(Agreement.Kind.values)
    assert not AgreementDraft.objects.exists()


# --- effects of missing agreements ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "sign_up", "sell"), [("buyer", False, True), ("seller", True, False), ("publish", True, False)]
)
def test_registration_requires_its_agreements(kind: str, sign_up: bool, sell: bool) -> None:
    Agreement.objects.filter(kind=kind).delete()
    user = make_buyer(balance="0")
    assert (registration.sign_up_access(now=NOW) == Access.OPEN) == sign_up
    assert (registration.selling_access(user, now=NOW) == Access.OPEN) == sell
    if not sell:
        with pytest.raises(Refused, match=r"enter\.not_open"):
            enter.apply(user, now=NOW)
    else:
        enter.apply(user, now=NOW)
    assert Seller.objects.exists() == sell


@pytest.mark.parametrize("kind", agreements.NEEDED)
def test_publishing_a_product_requires_the_agreements(kind: str) -> None:
    """Without a buyer agreement, no page could show what a buyer accepts."""
    seller = admitted()
    Acceptance.objects.all().delete()
    Agreement.objects.filter(kind=kind).delete()
    assert kind in {finding.field for finding in certify.publishing_obstacles(seller, now=NOW)}
