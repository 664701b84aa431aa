"""The checklist of the access standard: allowed answers, and refusals that name the item and change nothing
(business-rules §2.5, §17.9; saas-v1-license B3, C).
"""

from __future__ import annotations

import pytest
from django.utils.translation import override

from tests import factories
from tests.factories import NOW
from tests.market.at_once import at_once
from tradepost.market.identity.models import Seller
from tradepost.market.industrial_road.models import RetrofitAnswer
from tradepost.market.industrial_road.retrofit import AnswersRefused, ItemAnswer, answer, answers_of
from tradepost.market.product_types.roads.industrial import CHECKLIST, ITEMS


def answer_items(seller: Seller, **says_by_code: str | tuple[str, str]) -> None:
    answers = {
        code: ItemAnswer(says=text) if isinstance(text, str) else ItemAnswer(says=text[0], note=text[1])
        for code, text in says_by_code.items()
    }
    answer(seller, answers, by="shen@qingxie.example", now=NOW)


def test_each_item_is_listed_once_and_names_its_source() -> None:
    assert len(ITEMS) == sum(len(part.items) for part in CHECKLIST)
    assert all(
        item.source.split(" ")[0] in {"business-rules", "saas-v1-license", "openapi-jointkit"}
        for item in ITEMS.values()
    )
    assert all(len(code) <= 32 for code in ITEMS)


@pytest.mark.django_db
def test_answers_are_stored_changed_and_removed() -> None:
    seller = factories.make_seller()
    answer_items(seller, https="met", usage=("not_needed", "  Sold on private clouds\0 only. "), unknown="met")
    stored_answers = answers_of(seller)
    assert {code: (stored.says, stored.note) for code, stored in stored_answers.items()} == {
        "https": ("met", ""), "usage": ("not_needed", "Sold on private clouds only."),
    }  # fmt: skip
    answer_items(seller, https="not_yet", usage="")
    assert {code: stored.says for code, stored in answers_of(seller).items()} == {"https": "not_yet"}
    assert answers_of(factories.make_seller()) == {}, "another seller's"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "item_answer", "message"),
    [
        (
            "https",
            ("not_needed", "we are special"),
            "The access standard requires this of all software. Choose “Done” or “Not yet”",
        ),
        ("usage", ("not_needed", " "), "Explain why it does not apply"),
        ("https", ("perhaps", ""), "Choose one"),
        ("https", ("met", "x" * 301), "at most 300"),
        ("https", ("met", "<script>alert(1)</script>"), "Plain text"),
    ],
)
def test_refused_answer_changes_nothing(code: str, item_answer: tuple[str, str], message: str) -> None:
    seller = factories.make_seller()
    answer_items(seller, signature="met")
    with override("en"), pytest.raises(AnswersRefused) as error:
        new_answers: dict[str, str | tuple[str, str]] = {"signature": "not_yet", code: item_answer}
        answer_items(seller, **new_answers)
    assert list(error.value.errors) == [code]
    assert message in error.value.errors[code]
    assert list(RetrofitAnswer.objects.values_list("item", "says")) == [("signature", "met")]


@pytest.mark.django_db(transaction=True)
def test_concurrent_answers_leave_one() -> None:
    seller = factories.make_seller()
    outcomes = at_once([lambda: answer_items(seller, https="met"), lambda: answer_items(seller, https="not_yet")] * 3)
    assert set(outcomes) == {"done"}
    assert RetrofitAnswer.objects.filter(seller=seller).count() == 1
