"""The checklist of the access standard: what may be answered, what is refused with words beside the item, and that nothing changed
then (business-rules §2.5, §17.9; saas-v1-license B3, C)."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from tests import factories
from tests.factories import NOW
from tests.market.at_once import at_once
from tradepost.market.identity.models import Seller
from tradepost.market.industrial_road.models import RetrofitAnswer
from tradepost.market.industrial_road.retrofit import AnswersRefused, Said, answer, answers_of
from tradepost.market.product_types.roads.industrial import CHECKLIST, ITEMS


def says(seller: Seller, **said: str | tuple[str, str]) -> None:
    read = {
        code: Said(says=one) if isinstance(one, str) else Said(says=one[0], note=one[1]) for code, one in said.items()
    }
    answer(seller, read, by="shen@qingxie.example", now=NOW)


def test_each_item_stands_once_and_says_which_section_asks_for_it() -> None:
    assert len(ITEMS) == sum(len(part.items) for part in CHECKLIST)
    assert all(
        item.source.split(" ")[0] in {"business-rules", "saas-v1-license", "openapi-jointkit"}
        for item in ITEMS.values()
    )
    assert all(len(code) <= 32 for code in ITEMS)


@pytest.mark.django_db
def test_answers_are_kept_changed_and_taken_back() -> None:
    seller = factories.make_seller()
    says(seller, https="met", usage=("not_needed", "  Sold on private clouds\0 only. "), unknown="met")
    kept = answers_of(seller)
    assert {code: (one.says, one.note) for code, one in kept.items()} == {
        "https": ("met", ""), "usage": ("not_needed", "Sold on private clouds only."),
    }  # fmt: skip
    says(seller, https="not_yet", usage="")
    assert {code: one.says for code, one in answers_of(seller).items()} == {"https": "not_yet"}
    assert answers_of(factories.make_seller()) == {}, "another seller's"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        ("https", ("not_needed", "we are special"), "asks this of every software"),
        ("usage", ("not_needed", " "), "Say why it does not apply"),
        ("https", ("perhaps", ""), "Choose one"),
        ("https", ("met", "x" * 301), "at most 300"),
        ("https", ("met", "<script>alert(1)</script>"), "Plain text"),
    ],
)
def test_what_is_refused_changes_nothing(code: str, said: tuple[str, str], words: str) -> None:
    seller = factories.make_seller()
    says(seller, signature="met")
    with override("en"), pytest.raises(AnswersRefused) as refused:
        wanted: dict[str, str | tuple[str, str]] = {"signature": "not_yet", code: said}
        says(seller, **wanted)
    assert list(refused.value.errors) == [code]
    assert words in refused.value.errors[code]
    assert list(RetrofitAnswer.objects.values_list("item", "says")) == [("signature", "met")]


@pytest.mark.django_db(transaction=True)
def test_two_who_answer_at_once_leave_one_answer() -> None:
    seller = factories.make_seller()
    outcomes = at_once([lambda: says(seller, https="met"), lambda: says(seller, https="not_yet")] * 3)
    assert set(outcomes) == {"done"}
    assert RetrofitAnswer.objects.filter(seller=seller).count() == 1
