"""Data files of the demo: an error is reported with its file and key before anything is stored."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tradepost.market.seed import dev, people
from tradepost.market.seed.data_files import InvalidData, parse
from tradepost.market.seed.products import ProductFile, check, products

PRODUCT = """
[[product]]
slug = "yunjian-docs"
seller = "qingxie"
category = "office"
name = { zh = "云笺", en = "Cloudleaf" }
summary = { zh = "多人写一份文档。", en = "Write together." }
lead = { zh = "文档与表格。", en = "Documents and sheets." }
suits = { zh = "团队。", en = "Teams." }
features = [{ zh = "实时协作", en = "Live editing" }]
start = [{ zh = "登录。", en = "Sign in." }]
attribute = { zh = "版本", en = "Edition" }

[[product.editions]]
code = "team"
name = { zh = "团队版", en = "Team" }
month = "18.00"
"""


def problem(text: str, *, taken_slugs: frozenset[str] = frozenset()) -> str:
    with pytest.raises(InvalidData) as caught:
        check(parse(text, ProductFile, name="some.toml").product, name="some.toml", taken=set(taken_slugs))
    return str(caught.value)


def test_product_is_read_as_written() -> None:
    [product] = parse(PRODUCT, ProductFile, name="some.toml").product
    check((product,), name="some.toml", taken=set())
    [edition] = product.editions
    assert (product.name.en, product.name.zh, edition.month) == ("Cloudleaf", "云笺", Decimal("18.00"))


def test_all_files_are_valid() -> None:
    assert len(products()) == 18
    assert people.sellers()[0].slug == "qingxie", "the demo seller is the first"
    assert dev.server_file().product


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('slug = "yunjian-docs"', "", "some.toml: product[0]: Object missing required field `slug`"),
        ('slug = "yunjian-docs"', 'slug = "Yunjian Docs"', "some.toml: product[0].slug: Expected `str` matching regex"),
        ('seller = "qingxie"', 'seller = "nobody"', "some.toml: product[0].seller: nobody is none of heting, lishi"),
        ('category = "office"', 'category = "x"', "some.toml: product[0].category: x is none of data-ai"),
        (', en = "Cloudleaf" }', " }", "some.toml: product[0].name: needs words in zh and en, and nothing else"),
        ('en = "Live editing"', 'en = " "', "some.toml: product[0].features[0]: needs words in zh and en"),
        ('en = "Team" }', 'en = "Team", de = "x" }', "some.toml: product[0].editions[0].name: needs words in zh and en"),
        ('month = "18.00"', 'month = "18,00"', "some.toml: product[0].editions[0].month: Invalid decimal string"),
        ('month = "18.00"', 'month = "0"', "some.toml: product[0].editions[0]: a price must be above 0"),
        ('month = "18.00"', "", "some.toml: product[0].editions[0]: needs a price"),
        ('month = "18.00"', 'mouth = "18.00"', "some.toml: product[0].editions[0]: Object contains unknown field `mouth`"),
        ('code = "team"', "", "some.toml: product[0].editions[0]: code and name belong to a product with an attribute"),
        ('slug = "yunjian-docs"', 'slug = "no-picture"', "some.toml: product[0].slug: there is no picture pictures/no"),
        ("[[product.editions]]", "[[product.editions", "some.toml: "),
    ],
)  # fmt: skip
def test_error_names_its_file_and_key(old: str, new: str, message: str) -> None:
    assert old in PRODUCT
    assert problem(PRODUCT.replace(old, new, 1)).startswith(message)


def test_slug_belongs_to_one_product() -> None:
    assert problem(PRODUCT + PRODUCT) == "some.toml: product[1].slug: there is another product yunjian-docs"
    assert "there is another" in problem(PRODUCT, taken_slugs=frozenset({"yunjian-docs"}))


def test_minimum_quantity_is_below_the_maximum() -> None:
    quantity = 'quantity = { name = { zh = "用户", en = "Users" }, least = 9, most = 5 }'
    assert problem(PRODUCT + quantity) == "some.toml: product[0].editions[0].quantity.least: is above most"
