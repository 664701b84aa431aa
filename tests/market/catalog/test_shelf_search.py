"""What searches of the demo find, in which order: the same table on both databases, so both give the same answers."""

from __future__ import annotations

import pytest

from tests import factories
from tests.factories.demo import demo_on_sale
from tests.factories.products import MONTHLY, ON_DEMAND, ONCE, YEARLY, make_sku, make_spec
from tradepost.market.catalog import shelf_search
from tradepost.market.catalog.models import Shelf
from tradepost.market.catalog.shelf_queries import Listing, Search, shelf

pytestmark = pytest.mark.django_db

ANSWERS: dict[str, list[str]] = {
    # seen in use: these found nothing
    "财务软件": ["zhangfang-accounting", "zhangfang-invoice-check"],
    "账务": ["zhangfang-accounting", "qingxie-signin"],
    "邮局企业": ["qingxie-mail", "zhangfang-accounting"],
    # a word in the middle of a name, in a summary, in a description
    "视频": ["huiqi-meetings"],
    "合同": ["qianhu-esign", "yunjian-docs"],
    "发票": ["zhangfang-invoice-check", "zhangfang-accounting"],
    "数据治理": ["tangli-governance", "wenshu-assistant"],
    # one character, one beginning
    "客": ["kelai-crm"],
    "secur": ["heting-pipelines", "heting-assessment", "heting-logaudit", "qingxie-signin"],
    # several words, both languages, other widths and capitals
    "crm 客户": ["kelai-crm"],
    "收银ＰＯＳ": ["tangli-pos"],
    "mes排产": ["lishi-mes"],
    "青榭 邮局": ["qingxie-mail"],
    "machine health": ["machine-health"],
    # small errors
    "视屏会议": ["huiqi-meetings"],
    "在线协作文档": ["yunjian-docs"],
    "meetngs": ["huiqi-meetings"],
    "Ledgrhouse": ["zhangfang-accounting"],
    # nothing
    "没有的词": [],
    "%": [],
    "_*~": [],
}


@pytest.fixture
def demo() -> None:
    demo_on_sale(factories.NOW, seller_address="http://127.0.0.1:9/produce")


def slugs(found: Listing) -> list[str]:
    return [card.product.slug for card in found.page.rows]


@pytest.mark.slow
def test_every_search_has_its_answers_in_their_order(demo: None) -> None:
    del demo
    assert {query: slugs(shelf(Search(q=query))) for query in ANSWERS} == ANSWERS
    assert not any(shelf(Search(q=query)).close for query in ANSWERS)


def test_names_weigh_more_than_summaries_and_descriptions_least() -> None:
    factories.make_product(slug="told", description="<p>客服</p>")
    factories.make_product(slug="said", summary="客服")
    factories.make_product(slug="named", name="在线客服")
    factories.make_product(slug="other")
    assert slugs(shelf(Search(q="客服"))) == ["named", "said", "told"]


def test_where_nothing_has_all_words_those_with_most_come_first() -> None:
    factories.make_product(slug="one", name="财务", name_en="Books")
    factories.make_product(slug="two", name="财务客服", name_en="Desk")
    found = shelf(Search(q="财务 客服 billing"))
    assert (slugs(found), found.close, found.total) == (["two", "one"], True, 2)


def test_filters_narrow_and_counts_say_what_each_would_leave() -> None:
    shop = factories.make_seller(slug="shop")
    factories.make_product(shop, slug="a", category="office", prices=(MONTHLY,))
    factories.make_product(shop, slug="b", category="industry", prices=(YEARLY, MONTHLY))
    factories.make_product(slug="c", category="office", prices=(ONCE,))
    factories.make_product(slug="d", category="office", prices=(ON_DEMAND,))
    for query in ("", "Cloud"):
        assert sorted(slugs(shelf(Search(q=query)))) == ["a", "b", "c", "d"]
        assert slugs(shelf(Search(q=query, way="year"))) == ["b"]
        assert slugs(shelf(Search(q=query, way="on_demand", category="office"))) == ["d"]
        assert slugs(shelf(Search(q=query, low=10_001))) == (["d", "c"])
        assert slugs(shelf(Search(q=query, low=10_001, high=500_000))) == ["c"]
        assert slugs(shelf(Search(q=query, seller="nobody"))) == []
        assert slugs(shelf(Search(q=query, category="nowhere"))) == []
        found = shelf(Search(q=query, category="office", seller="shop"))
        assert (slugs(found), found.total) == (["a"], 1)
        assert [(one.what.slug, one.number) for one in found.categories] == [("office", 1), ("industry", 1)]
        assert {one.what.slug: one.number for one in found.sellers}["shop"] == 1
        assert sum(one.number for one in found.sellers) == 3


@pytest.mark.slow
@pytest.mark.parametrize("query", ["", "Cloud"])
@pytest.mark.parametrize("sort", ["new", "price", "sold", "match", ""])
def test_pages_follow_each_other_without_gap_in_every_order(query: str, sort: str) -> None:
    seller, address = factories.make_seller(), None
    for number in range(7):
        address = address or factories.make_address(seller)
        sku = make_sku(
            MONTHLY, quantity_name="席", quantity_name_en="Seats", quantity_min=1 + number % 3, quantity_max=9
        )
        product = factories.make_product(seller, address=address, specs=(make_spec(sku),))
        Shelf.objects.filter(pk=product.pk).update(sold_30d=number % 2)
    whole = slugs(shelf(Search(q=query, sort=sort)))
    found, after = [], ""
    while True:
        one = shelf(Search(q=query, sort=sort), after=after, size=2)
        assert one.total == 7
        found += slugs(one)
        after = one.page.next_key
        if not after:
            break
    assert found == whole
    assert len(set(found)) == 7
    prices = dict(Shelf.objects.values_list("product__slug", "price_from"))
    if sort == "price":
        assert [prices[slug] for slug in found] == sorted(prices.values())


@pytest.mark.parametrize("after", ["x", "0", "1-2-3", "9" * 40, "1-" + "9" * 19, "-", "99999999999999999999-1"])
@pytest.mark.parametrize("query", ["", "Cloud"])
def test_a_key_that_no_page_gave_begins_at_the_top(after: str, query: str) -> None:
    factories.make_product(slug="only")
    assert slugs(shelf(Search(q=query, sort="price"), after=after)) == ["only"]


def test_a_search_looks_at_the_best_ones_only_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf_search, "MOST_HITS", 2)
    for slug in ("a", "b", "c"):
        factories.make_product(slug=slug)
    found = shelf(Search(q="Cloud"))
    assert (slugs(found), found.total, found.more) == (["c", "b"], 2, True)
    factories.make_product(slug="d", name_en="Ledger")
    found = shelf(Search(q="Cloud Ledger"))
    assert (found.total, found.more, found.close) == (2, True, True)
    factories.make_product(slug="e", name_en="Cloud Ledger")
    found = shelf(Search(q="Cloud Ledger"))
    assert (slugs(found), found.total, found.more) == (["e"], 1, False)
