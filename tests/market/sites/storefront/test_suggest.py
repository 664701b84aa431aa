"""Issue 27, 9: suggestions below the store's search field, with their rate and duration limits."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tradepost.market.base.values import replace
from tradepost.market.identity import limits

pytestmark = pytest.mark.django_db
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def shop() -> None:
    seller = factories.make_seller(slug="qingxie", name="青榭软件有限公司", name_en="Qingxie Software")
    factories.make_product(seller, slug="meetings", name="视频会议", name_en="Video Meetings", category="office")
    factories.make_product(seller, slug="mail", name="企业邮局", name_en="Business Mail", category="office")
    factories.make_product(slug="draft", name="会议草稿", name_en="Meeting draft", on_sale=False)


def options(client: Client, text: str) -> list[tuple[str, str]]:
    """Return the address and text of each option."""
    page = client.get(reverse("storefront:suggest"), {"q": text}, headers=ENGLISH).content.decode()
    matches = re.findall(r'role="option"[^>]*data-href="([^"]+)">(.*?)</div>', page, re.DOTALL)
    return [(href, re.sub(r"<[^>]*>|\s+", " ", words).strip()) for href, words in matches]


def test_categories_sellers_and_products_are_suggested(client: Client, shop: None) -> None:
    del shop
    assert [href for href, _ in options(client, "会议")] == ["/products/meetings/"]
    assert [href for href, _ in options(client, "hui")] == ["/products/meetings/"]
    assert [href for href, _ in options(client, "会仪")] == ["/products/meetings/"]
    assert "/sellers/qingxie/" in [href for href, _ in options(client, "青榭")]
    assert options(client, "qing")[0] == ("/sellers/qingxie/", "Qingxie Software")
    assert options(client, "collab") == [("/?category=office", "Office &amp; collaboration")]
    for text in ("", " ", "%", "zzz", "x" * 200):
        assert options(client, text) == []


def test_response_announces_the_number_of_options_or_none(client: Client, shop: None) -> None:
    del shop
    page = client.get("/suggest/?q=meeting", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert 'data-said="1 条建议"' in page
    assert "视频会议" in page
    none = client.get("/suggest/?q=zzz", headers=ENGLISH).content.decode()
    assert 'data-said="0 suggestions"' in none
    assert "No results found" in none
    assert "data-href" not in none


def test_product_name_is_escaped(client: Client) -> None:
    factories.make_product(slug="bold", name="<b>会议</b>", name_en='"><script>')
    page = client.get("/suggest/?q=会议", headers=ENGLISH).content.decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_response_is_cached_for_a_minute_by_language_and_cookie(client: Client, shop: None) -> None:
    del shop
    answer = client.get("/suggest/?q=会议")
    assert answer["Cache-Control"] == "max-age=60, public"
    assert {"accept-language", "cookie"} <= {name.strip().lower() for name in answer["Vary"].split(",")}
    assert not answer.cookies
    assert len(answer.content) < 4000
    client.force_login(factories.make_buyer())
    assert client.get("/suggest/?q=会议")["Cache-Control"] == "max-age=60, private"


def test_suggestions_have_their_own_limit(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (("SEARCHES_OF_A_NETWORK", 2), ("SUGGESTIONS_OF_A_NETWORK", 6)):
        monkeypatch.setattr(limits, name, replace(getattr(limits, name), most=most))
    statuses = [client.get("/suggest/?q=m").status_code for _ in range(7)]
    assert statuses == [200] * 6 + [429]
    assert [client.get("/?q=m").status_code for _ in range(3)] == [200, 200, 429]
