"""People, sellers with their keys and addresses, and their products."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal

from tradepost.market.base.models import LeasedJob
from tradepost.market.base.money import Money
from tradepost.market.base.secrets import fingerprints, seal
from tradepost.market.catalog import document as sold
from tradepost.market.catalog.models import (
    AttributeTemplate,
    Category,
    Factor,
    Offer,
    Product,
    Shelf,
    ShelfTerm,
    Sku,
    Spec,
    Version,
)
from tradepost.market.catalog.search_terms import Field, term_weights
from tradepost.market.catalog.shelf import VERSION
from tradepost.market.identity.domains import PROVE
from tradepost.market.identity.members import hash_of
from tradepost.market.identity.models import (
    AccessKey,
    Domain,
    Group,
    Invitation,
    Member,
    Seller,
    SigningKey,
    StagedKey,
    User,
)
from tradepost.market.notifications.models import Endpoint, Receiver
from tradepost.market.production.models import Address, Binding
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

from .insert import insert, text
from .stories import PRICE, Size

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"/>'
AK, SK, KEY = "TPMANY00000000000001", "s" * 40, "the signing key of every seller"


TOKEN = "the token of an invitation of seller 1"


def acting_for_the_first(size: Size, now: datetime) -> None:
    """Insert what the pages of members, domains and keys show of the largest seller."""
    Domain.objects.create(pk=1, seller_id=1, host="seller1.many.example", token="t" * 32, created_at=now)
    AttributeTemplate.objects.create(
        pk=1, seller_id=1, code="edition", kind="enum", name="版本", name_en="Edition", created_at=now,
        values=[{"zh": "标准", "en": "Standard"}],
    )  # fmt: skip
    group = Group.objects.create(pk=1, seller_id=1, name="Support", menus={"trade": "read"})
    Group.objects.create(pk=2, seller_id=1, name="Nobody", menus={"trade": "read"})
    member = Member.objects.create(pk=size.sellers + 1, seller_id=1, user_id=1, role=Member.Role.MEMBER)
    member.groups.add(group)
    Invitation.objects.create(
        pk=1, seller_id=1, email="new@many.example", token_hash=hash_of(TOKEN), created_at=now,
        expires_at=now + timedelta(days=7),
    )  # fmt: skip
    StagedKey.objects.create(
        pk=1, seller_id=1, interface_class="base", key_id="staged", sealed=seal("another key"), hint="…",
        fingerprint="f", created_at=now,
    )  # fmt: skip
    for pk, whose in enumerate(({"user_id": 1}, {"seller_id": 1}), start=1):  # sequences continue from test to test
        Receiver.objects.create(pk=pk, **whose, name="Li", email="li@many.example", language="en", created_at=now)
        Endpoint.objects.create(
            pk=pk, **whose, kind="webhook", name="Ours", shown="hooks.many.example/", sealed_address=seal("https://hooks.many.example/"),
            sealed_secret=seal("whsec_c2VjcmV0"), language="en", created_at=now,
        )  # fmt: skip
    LeasedJob.objects.create(pk=1, kind=PROVE, key="1", seller_id=1, payload={"domain": 1}, created_at=now, due_at=now)
    asked = fingerprints("receiver link", "receiver-token")[0]
    Receiver.objects.filter(user_id=1).update(token_hash=asked, confirm_until=now + timedelta(days=3000))


NAMES = (
    ("企业云笺", "Leaf"),
    ("砺石分析", "Whetstone"),
    ("蓝鲸客服", "Whale Desk"),
    ("云杉财务", "Spruce"),
    ("远山报表", "Ridge"),
)


def sql_literal(words: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + words.replace("'", "''").replace("%", "%%") + "'"


def _shelf(products: str, category: int) -> None:
    insert(
        Shelf, products, product_id="n", category_id=str(category), seller_id="(n + 1) / 2", ways="1", price_from="100 * mod(n, 97)",
        sold_30d="mod(n, 13)", charging_mode=text("PERIOD"), currency=text("CNY"), period_type=text("month"), indexed_as=f"{VERSION}",
    )  # fmt: skip
    for number, (name, name_en) in enumerate(NAMES):
        found = term_weights([Field(name, 12, 5), Field(name_en, 12, 5), Field("企业软件", 3)])
        values = ", ".join(f"({sql_literal(term)}, {weight})" for term, weight in found.items())
        insert(
            ShelfTerm, f"{products} CROSS JOIN (VALUES {values}) AS t(term, weight) WHERE mod(n, 5) = {number}",
            term="t.term", shelf_id="n", weight="t.weight",
        )  # fmt: skip


def people_and_products(size: Size, now: datetime) -> None:
    people = size.buyers + 1 + size.sellers
    kind = f"CASE WHEN n <= {size.buyers} THEN 'buyer' WHEN n = {size.operator} THEN 'operator' ELSE 'member' END"
    insert(
        User, f"generate_series(1, {people}) n", id="n", email=f"{kind} || n || '@many.example'",
        name="(ARRAY['王芳', '李雷', '张伟', '陈静'])[1 + mod(n, 4)] || n", customer_id="md5(n::text)",
        company="(ARRAY['蓝天实业', '青山数据', '远航物流'])[1 + mod(n, 3)] || n", operator_role=f"CASE WHEN n = {size.operator} THEN 'owner' ELSE '' END",
        password=text("!"), joined_at=f"TIMESTAMPTZ '{now.isoformat()}' - ({people} - n) * (interval '800 days' / {people})",
    )  # fmt: skip
    sellers = f"generate_series(1, {size.sellers}) n"
    insert(
        Seller, sellers, id="n", name="'青榭软件' || n", name_en="'Qingxie Software ' || n", slug="'seller-' || n",
        contact_email="'service' || n || '@many.example'", created_at=now,
    )  # fmt: skip
    insert(Member, sellers, id="n", seller_id="n", user_id=f"{size.buyers + 1} + n")
    insert(
        SigningKey, sellers, id="n", seller_id="n", interface_class=text("base"), key_id="md5('k' || n)",
        sealed=text(seal(KEY)), hint=text("…"), created_at=now,
    )  # fmt: skip
    insert(
        AccessKey, sellers, id="n", seller_id="n", access_key="'TPMANY' || lpad(n::text, 14, '0')", sealed=text(seal(SK)),
        created_at=now,
    )  # fmt: skip
    insert(
        Address, sellers, id="n", seller_id="n", url="'https://seller' || n || '.many.example/produce'",
        protocol=text("saas_v2"), created_at=now, last_success_at=now, proven="""'["upgradeInstance"]'::jsonb""",
        breaker="CASE WHEN n BETWEEN 11 AND 15 THEN 'open' ELSE 'closed' END",
        opened_at=f"CASE WHEN n BETWEEN 11 AND 15 THEN TIMESTAMPTZ '{now.isoformat()}' END",
        trial_at=f"CASE WHEN n BETWEEN 11 AND 15 THEN TIMESTAMPTZ '{now.isoformat()}' END",
    )  # fmt: skip
    category = Category.objects.create(slug="many", name="企业软件", name_en="Business software")
    products = f"generate_series(1, {2 * size.sellers}) n"
    insert(
        Product, products, id="n", seller_id="(n + 1) / 2", category_id=str(category.pk), product_type=text("SAAS"), slug="'product-' || n",
        name=f"(ARRAY[{', '.join(sql_literal(name) for name, _ in NAMES)}])[1 + mod(n, 5)] || n",
        name_en=f"(ARRAY[{', '.join(sql_literal(name) for _, name in NAMES)}])[1 + mod(n, 5)] || ' ' || n",
        picture=text(PICTURE), summary=text("好用"), summary_en=text("Useful"), description=text("好用"), description_en=text("Useful"),
        status=text("on_sale"), listed_at=now, created_at=now,
    )  # fmt: skip
    insert(Binding, products, id="n", product_id="n", address_id="(n + 1) / 2")
    insert(
        Version, "catalog_product p", id="p.id", product_id="p.id", number="1", status=text("listed"), sha256="md5(p.id::text)",
        document=f"CASE WHEN p.id = 2 THEN {_document(usage=True)} ELSE {_document(usage=False)} END",
        created_at=now, saved_at=now, sealed_at=now, listed_at=now, revisions="'{}'::jsonb",
    )  # fmt: skip
    _shelf(products, category.pk)
    insert(Spec, products, id="n", product_id="n", key="'spec' || n", name=text("标准版"), name_en=text("Standard"))
    insert(
        Sku, products, id="n", spec_id="n", code="'SKU' || n", quantity_name=text("席位"), quantity_name_en=text("Seats"),
        quantity_max="50",
    )  # fmt: skip
    # Product 2 is charged by use; its services show usage.
    insert(
        Offer, products, id="n", sku_id="n", product_id="'OFFI' || lpad(n::text, 18, '0')", currency=text("CNY"),
        charging_mode="CASE WHEN n = 2 THEN 'ON_DEMAND' ELSE 'PERIOD' END",
        period_type="CASE WHEN n = 2 THEN '' ELSE 'month' END", price_minor=f"CASE WHEN n = 2 THEN 0 ELSE {PRICE} END",
        period_numbers="CASE WHEN n = 2 THEN '[]'::jsonb ELSE '[1, 12]'::jsonb END",
        usage_unit="CASE WHEN n = 2 THEN '次' ELSE '' END", usage_unit_en="CASE WHEN n = 2 THEN 'calls' ELSE '' END",
        usage_price="CASE WHEN n = 2 THEN 0.01 ELSE 0 END",
    )  # fmt: skip
    insert(
        Factor, "generate_series(1, 1) n", id="n", offer_id="2", code=text("usage"), unit=text("次"), unit_en=text("calls"),
        cycle=text("hour"), price="0.01",
    )  # fmt: skip


def _document(*, usage: bool) -> str:
    """Return SQL for the document of a product ``p``, built from its rows."""
    if usage:
        factor = sold.Factor(code="usage", unit=Text(zh="次", en="calls"), amount=Decimal("0.01"))
        price = sold.Price(product_id="$offer", charging_mode=ChargingMode.ON_DEMAND, factors=(factor,))
    else:
        price = sold.Price(
            product_id="$offer", period_type="month", period_numbers=(1, 12), amount=Money(PRICE, "CNY").major
        )
    spec = sold.Spec(key="$spec", name=Text(zh="标准版", en="Standard"), skus=(sold.Sku(code="$sku", prices=(price,)),))
    document = sold.Document(
        product_type="SAAS",
        base=sold.Base(name=Text(zh="$name", en="$english"), summary=Text(zh="好用", en="Useful"), category="many"),
        media=sold.Media(drawing=PICTURE),
        description=sold.Description(body=Text(zh="好用", en="Useful")),
        pricing=sold.Pricing(specs=(spec,)),
    )
    written = f"'{json.dumps(sold.dump(document), ensure_ascii=False)}'"
    for word, value in (
        ("$offer", "'OFFI' || lpad(p.id::text, 18, '0')"), ("$spec", "'spec' || p.id"), ("$sku", "'SKU' || p.id"),
        ("$name", "p.name"), ("$english", "p.name_en"),
    ):  # fmt: skip
        written = f"replace({written}, '{word}', {value})"
    return f"({written})::jsonb"
