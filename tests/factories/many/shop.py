"""People, sellers with their keys and addresses, and what they sell."""

from __future__ import annotations

from datetime import datetime, timedelta

from tradepost.market.base.secrets import seal
from tradepost.market.catalog.models import Category, Offer, Product, Sku, Spec
from tradepost.market.identity.models import AccessKey, Member, Seller, SigningKey, User
from tradepost.market.production.models import Address, Binding

from .insert import insert, text
from .stories import PRICE, Size

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"/>'
AK, SK, KEY = "TPMANY00000000000001", "s" * 40, "the signing key of every seller"


def people_and_products(size: Size, now: datetime) -> None:
    people = size.buyers + 1 + size.sellers
    kind = f"CASE WHEN n <= {size.buyers} THEN 'buyer' WHEN n = {size.operator} THEN 'operator' ELSE 'member' END"
    insert(
        User, f"generate_series(1, {people}) n", id="n", email=f"{kind} || n || '@many.example'",
        name="(ARRAY['王芳', '李雷', '张伟', '陈静'])[1 + mod(n, 4)] || n", customer_id="md5(n::text)",
        company="(ARRAY['蓝天实业', '青山数据', '远航物流'])[1 + mod(n, 3)] || n", is_operator=f"n = {size.operator}",
        password=text("!"), joined_at=now - timedelta(days=800),
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
        protocol=text("saas_v2"), created_at=now, last_success_at=now,
        breaker="CASE WHEN n BETWEEN 11 AND 15 THEN 'open' ELSE 'closed' END",
        opened_at=f"CASE WHEN n BETWEEN 11 AND 15 THEN TIMESTAMPTZ '{now.isoformat()}' END",
        trial_at=f"CASE WHEN n BETWEEN 11 AND 15 THEN TIMESTAMPTZ '{now.isoformat()}' END",
    )  # fmt: skip
    Category.objects.create(pk=1, slug="many", name="企业软件", name_en="Business software")
    products = f"generate_series(1, {2 * size.sellers}) n"
    insert(
        Product, products, id="n", seller_id="(n + 1) / 2", category_id="1", product_type=text("SAAS"), slug="'product-' || n",
        name="(ARRAY['企业云笺', '砺石分析', '蓝鲸客服', '云杉财务', '远山报表'])[1 + mod(n, 5)] || n",
        name_en="(ARRAY['Leaf', 'Whetstone', 'Whale Desk', 'Spruce', 'Ridge'])[1 + mod(n, 5)] || ' ' || n",
        picture=text(PICTURE), summary=text("好用"), summary_en=text("Useful"), description=text("好用"), description_en=text("Useful"),
        status=text("on_sale"), listed_at=now, created_at=now,
    )  # fmt: skip
    insert(Binding, products, id="n", product_id="n", address_id="(n + 1) / 2")
    insert(Spec, products, id="n", product_id="n", name=text("标准版"), name_en=text("Standard"))
    insert(Sku, products, id="n", spec_id="n", code="'SKU' || n")
    # Product 2 is charged by use; its services show what was reported.
    insert(
        Offer, products, id="n", sku_id="n", product_id="'OFFI' || lpad(n::text, 18, '0')", currency=text("CNY"),
        charging_mode="CASE WHEN n = 2 THEN 'ON_DEMAND' ELSE 'PERIOD' END",
        period_type="CASE WHEN n = 2 THEN '' ELSE 'month' END", price_minor=f"CASE WHEN n = 2 THEN 0 ELSE {PRICE} END",
        period_numbers="CASE WHEN n = 2 THEN '[]'::jsonb ELSE '[1, 12]'::jsonb END",
        usage_unit="CASE WHEN n = 2 THEN '次' ELSE '' END", usage_unit_en="CASE WHEN n = 2 THEN 'calls' ELSE '' END",
        usage_price="CASE WHEN n = 2 THEN 0.01 ELSE 0 END",
    )  # fmt: skip
