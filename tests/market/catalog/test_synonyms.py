"""Issue 27, 9: synonyms edited by operators, and the initial ones of a new market."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.market.plans import plan
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import first_synonyms, synonym_queries, synonyms
from tradepost.market.catalog.models import Synonym, SynonymGroup
from tradepost.market.catalog.shelf_queries import Search, shelf
from tradepost.market.catalog.synonym_queries import synonyms_of

pytestmark = pytest.mark.django_db


def slugs_for(query: str) -> list[str]:
    return [card.product.slug for card in shelf(Search(q=query)).page.rows]


def stored() -> set[tuple[int, str]]:
    return set(Synonym.objects.values_list("group", "word"))


def test_new_market_has_synonyms_and_deleted_ones_do_not_return() -> None:
    assert SynonymGroup.objects.count() == len(first_synonyms.FIRST)
    words = [word for group in first_synonyms.FIRST for word in group]
    assert set(Synonym.objects.values_list("word", flat=True)) == set(words)
    SynonymGroup.objects.order_by("pk")[0].delete()
    before = stored()
    first_synonyms.create_first(SynonymGroup.objects, Synonym.objects)
    assert stored() == before


def test_initial_synonyms_are_valid_input() -> None:
    SynonymGroup.objects.all().delete()
    for words in first_synonyms.FIRST:
        assert synonyms_of(synonyms.add(words)) == list(words)


def test_search_follows_changed_synonyms() -> None:
    factories.make_product(slug="robots", name="机械臂", name_en="Arm")
    assert slugs_for("机器人") == []
    group = synonyms.add(["机器人", "机械臂", "Robot arm"])
    assert slugs_for("机器人") == slugs_for("机器人软件") == slugs_for("robot arms") == ["robots"]
    synonyms.change(group, ["机器人", "无人机"])
    assert slugs_for("机器人") == []
    synonyms.change(group, ["机器人", "arms"])
    assert slugs_for("机器人") == ["robots"]
    synonyms.delete(group)
    assert slugs_for("机器人") == []


def test_word_ranks_before_its_synonyms_and_a_name_before_a_description() -> None:
    factories.make_product(slug="told", description="<p>开票</p>")
    factories.make_product(slug="synonym", name="发票")
    factories.make_product(slug="named", name="开票")
    assert slugs_for("开票") == ["named", "synonym", "told"]
    assert slugs_for("发票") == ["synonym", "named", "told"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], "synonym.few"),
        (["机器人"], "synonym.few"),
        (["Robots", "robot", "ＲＯＢＯＴ"], "synonym.few"),
        (["机器人", "%"], "synonym.empty"),
        (["机器人", "一二三四五六七八九"], "synonym.long"),
        (["机器人", "one two three four"], "synonym.long"),
        (["机器人", "x" * 33], "synonym.long"),
        (["机器人", "ﷺ" * 32], "synonym.long"),
        ([f"w{n}" for n in range(21)], "synonym.many"),
        (["机器人", "開票"], "synonym.taken"),
        (["机器人", "Invoices"], "synonym.taken"),
    ],
)
def test_unusable_synonyms_are_refused_and_change_nothing(words: list[str], code: str) -> None:
    group = synonyms.add(["无人机", "drone"])
    before = stored()
    for act in (lambda: synonyms.add(words), lambda: synonyms.change(group, words)):
        with pytest.raises(Refused) as refusal:
            act()
        assert (refusal.value.code, refusal.value.field) == (code, "words")
        assert (stored(), SynonymGroup.objects.count()) == (before, len(first_synonyms.FIRST) + 1)


def test_group_keeps_its_words_when_changed_and_a_deleted_one_is_gone() -> None:
    group = synonyms.add(["无人机", "drone"])
    assert synonyms_of(synonyms.change(group, ["Drones", "无人机", "飞行器"])) == ["Drones", "无人机", "飞行器"]
    synonyms.delete(group)
    for act in (lambda: synonyms.change(group, ["无人机", "drone"]), lambda: synonyms.delete(group)):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == "synonym.unknown"


def test_input_is_split_at_lines_and_commas() -> None:
    assert synonyms.split(" 开票，发票\r\n\n e  sign;Invoice、| ") == ["开票", "发票", "e sign", "Invoice"]


def test_synonyms_of_a_query_are_read_by_index_in_one_query() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert set(synonym_queries.synonyms_in("我想要开票软件和源码托管")) == {"开票", "源码"}
    assert len(queries) == 1
    plans = plan(synonym_queries.mentioned(["开票", "源码"]))
    assert ("SCAN" in plans, "Seq Scan" in plans, "catalog_synonym_key" in plans or "autoindex" in plans) == (
        False,
        False,
        True,
    )
    with CaptureQueriesContext(connection) as queries:
        assert synonym_queries.synonyms_in("%") == {}
    assert len(queries) == 0


@pytest.mark.parametrize(("text", "number"), [("发票", 1), ("发", 1), ("INVOIC", 1), ("票", 0), ("%", 0)])
def test_group_is_found_by_the_prefix_of_a_word(text: str, number: int) -> None:
    assert len(synonym_queries.all_groups(text).rows) == number
