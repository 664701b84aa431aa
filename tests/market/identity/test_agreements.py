"""Agreements with versions: published, accepted, never changed; who accepted what and when (business-rules §1.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories.people import NOW, make_buyer, make_operator, make_seller
from tradepost.market.base.errors import Refused
from tradepost.market.identity import agreements
from tradepost.market.identity.company_models import Acceptance, Agreement

pytestmark = pytest.mark.django_db
LONG = "本协议。" * 40


def test_every_kind_has_a_first_version_in_both_languages() -> None:
    for kind in Agreement.Kind.values:
        first = agreements.in_force(kind, now=NOW)
        assert first is not None
        assert first.number == 1
        assert first.text.count("## ") == first.text_en.count("## ") > 5


def test_a_new_version_is_accepted_anew_and_the_old_one_can_be_read() -> None:
    owner, operator = make_buyer(balance="0"), make_operator()
    seller = make_seller(member=owner)
    [first, _] = agreements.to_accept(seller, now=NOW)
    agreements.accept(seller, first, by=owner, now=NOW)
    agreements.accept(seller, first, by=owner, now=NOW + timedelta(days=1))
    assert Acceptance.objects.get(seller=seller).at == NOW, "once"
    second = agreements.publish("seller", text=LONG, text_en=LONG, change="两处 two places", by=operator, now=NOW)
    assert [each.pk for each in agreements.to_accept(seller, ["seller"], now=NOW)] == [second.pk]
    with pytest.raises(Refused, match=r"agreement\.changed"):
        agreements.accept(seller, first, by=owner, now=NOW)
    agreements.accept(seller, second, by=owner, now=NOW)
    assert [each.agreement.number for each in agreements.accepted_by(seller)] == [2, 1]
    assert agreements.version_of("seller", 1) == first


def test_a_version_counts_from_its_moment_on() -> None:
    """What a buyer agreed to is the version in force at that moment."""
    made = agreements.publish("buyer", text=LONG, text_en=LONG, change="x", by=make_operator(), now=NOW)
    before = agreements.in_force("buyer", now=NOW - timedelta(seconds=1))
    assert before is not None
    assert (before.number, agreements.in_force("buyer", now=NOW)) == (1, made)


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"text": "short"}, "text"),
        ({"text_en": "x" * 100_001}, "text_en"),
        ({"change": " "}, "change"),
        ({"kind": "none"}, ""),
    ],
)
def test_what_is_not_published(other: dict[str, str], field: str) -> None:
    said = {"kind": "seller", "text": LONG, "text_en": LONG, "change": "x"} | other
    with pytest.raises(Refused) as refused:
        agreements.publish(said.pop("kind"), **said, by=make_operator(), now=NOW)
    assert refused.value.field == field
    assert Agreement.objects.filter(number=2).count() == 0


def test_the_same_text_is_no_new_version() -> None:
    first = agreements.in_force("seller", now=NOW)
    assert first is not None
    with pytest.raises(Refused, match=r"agreement\.text"):
        agreements.publish("seller", text=first.text, text_en=first.text_en, change="x", by=make_operator(), now=NOW)


def test_a_buyers_agreement_is_not_a_sellers() -> None:
    owner = make_buyer(balance="0")
    buyers = agreements.in_force("buyer", now=NOW)
    assert buyers is not None
    with pytest.raises(Refused):
        agreements.accept(make_seller(member=owner), buyers, by=owner, now=NOW)
