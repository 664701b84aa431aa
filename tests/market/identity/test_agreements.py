"""Versions of agreements: published, accepted, never changed; who accepted which version and when (business-rules §1.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories.people import NOW, make_buyer, make_operator, make_seller
from tradepost.market.base.errors import Refused
from tradepost.market.identity import agreements
from tradepost.market.identity.company_models import Acceptance, Agreement

pytestmark = pytest.mark.django_db
LONG_TEXT = "本协议。" * 40


def test_each_kind_has_a_first_version_in_both_languages() -> None:
    for kind in Agreement.Kind.values:
        first = agreements.in_force(kind, now=NOW)
        assert first is not None
        assert first.number == 1
        assert first.text.count("## ") == first.text_en.count("## ") > 5


def test_new_version_must_be_accepted_and_the_old_one_stays_readable() -> None:
    owner, operator = make_buyer(balance="0"), make_operator()
    seller = make_seller(member=owner)
    [first, _] = agreements.agreements_to_accept(seller, now=NOW)
    agreements.accept(seller, first, by=owner, now=NOW)
    agreements.accept(seller, first, by=owner, now=NOW + timedelta(days=1))
    assert Acceptance.objects.get(seller=seller).at == NOW, "the first acceptance is kept"
    second = agreements.publish(
        "seller", text=LONG_TEXT, text_en=LONG_TEXT, change="两处 two places", by=operator, now=NOW
    )
    assert [each.pk for each in agreements.agreements_to_accept(seller, ["seller"], now=NOW)] == [second.pk]
    with pytest.raises(Refused, match=r"agreement\.changed"):
        agreements.accept(seller, first, by=owner, now=NOW)
    agreements.accept(seller, second, by=owner, now=NOW)
    assert [each.agreement.number for each in agreements.accepted_by(seller)] == [2, 1]
    assert agreements.version_of("seller", 1) == first


def test_version_takes_effect_when_it_is_published() -> None:
    """A buyer agrees to the version in force at that moment."""
    published = agreements.publish("buyer", text=LONG_TEXT, text_en=LONG_TEXT, change="x", by=make_operator(), now=NOW)
    before = agreements.in_force("buyer", now=NOW - timedelta(seconds=1))
    assert before is not None
    assert (before.number, agreements.in_force("buyer", now=NOW)) == (1, published)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": "short"}, "text"),
        ({"text_en": "x" * 100_001}, "text_en"),
        ({"change": " "}, "change"),
        ({"kind": "none"}, ""),
    ],
)
def test_invalid_agreement_is_refused(changes: dict[str, str], field: str) -> None:
    arguments = {"kind": "seller", "text": LONG_TEXT, "text_en": LONG_TEXT, "change": "x"} | changes
    with pytest.raises(Refused) as refused:
        agreements.publish(arguments.pop("kind"), **arguments, by=make_operator(), now=NOW)
    assert refused.value.field == field
    assert Agreement.objects.filter(number=2).count() == 0


def test_unchanged_text_is_refused() -> None:
    first = agreements.in_force("seller", now=NOW)
    assert first is not None
    with pytest.raises(Refused, match=r"agreement\.text"):
        agreements.publish("seller", text=first.text, text_en=first.text_en, change="x", by=make_operator(), now=NOW)


def test_seller_cannot_accept_the_buyer_agreement() -> None:
    owner = make_buyer(balance="0")
    buyer_agreement = agreements.in_force("buyer", now=NOW)
    assert buyer_agreement is not None
    with pytest.raises(Refused):
        agreements.accept(make_seller(member=owner), buyer_agreement, by=owner, now=NOW)
