"""Every product that there is becomes version 1 of itself, and the database refuses to change what was sealed.

The documents are written here as plain JSON of their first version: what ``document.Document`` is today may be another one day.
"""

import hashlib
import json
from collections import defaultdict
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

STATUS = {"draft": "draft", "on_sale": "listed", "stopped": "retired"}
AT_ONCE = 200
POSTGRESQL = """
CREATE OR REPLACE FUNCTION tradepost_sealed_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status <> 'draft' AND (NEW.document IS DISTINCT FROM OLD.document OR NEW.sha256 <> OLD.sha256
      OR NEW.product_id <> OLD.product_id OR NEW.number <> OLD.number OR NEW.status = 'draft') THEN
    RAISE EXCEPTION 'a sealed version never changes';
  END IF;
  RETURN NEW;
END $$;
"""
POSTGRESQL_TRIGGER = (
    "CREATE TRIGGER catalog_version_sealed BEFORE UPDATE ON catalog_version "
    "FOR EACH ROW EXECUTE FUNCTION tradepost_sealed_version()"
)
SQLITE = """
CREATE TRIGGER catalog_version_sealed BEFORE UPDATE ON catalog_version
WHEN OLD.status <> 'draft' AND (NEW.document IS NOT OLD.document OR NEW.sha256 <> OLD.sha256
    OR NEW.product_id <> OLD.product_id OR NEW.number <> OLD.number OR NEW.status = 'draft')
BEGIN SELECT RAISE(ABORT, 'a sealed version never changes'); END
"""


def text(zh: str, en: str) -> dict[str, str]:
    return {"en": en, "zh": zh}


def decimal(value: Any) -> str:
    return f"{value.normalize():f}"


def price_of(offer: Any, digits: int) -> dict[str, Any]:
    on_demand = offer.charging_mode == "ON_DEMAND"
    factor = {
        "code": "usage", "unit": text(offer.usage_unit, offer.usage_unit_en), "cycle": "hour", "accumulation": "",
        "model": "linear", "amount": decimal(offer.usage_price), "bands": [],
    }  # fmt: skip
    amount = None
    if not on_demand:
        whole, coins = divmod(offer.price_minor, 10**digits)
        amount = f"{whole}.{coins:0{digits}}" if digits else str(whole)
    return {
        "product_id": offer.product_id, "charging_mode": offer.charging_mode, "period_type": offer.period_type,
        "period_numbers": offer.period_numbers, "model": "linear", "amount": amount, "bands": [], "trial": False,
        "factors": [factor] if on_demand else [],
        "usage_unit": text("", "") if on_demand else text(offer.usage_unit, offer.usage_unit_en),
        "quota": decimal(offer.quota), "reset": "",
    }  # fmt: skip


def sku_of(sku: Any, offers: list[Any], digits: dict[str, int]) -> dict[str, Any]:
    quantity = None
    if sku.quantity_max > sku.quantity_min or sku.quantity_name:
        quantity = {
            "name": text(sku.quantity_name, sku.quantity_name_en), "least": sku.quantity_min,
            "most": sku.quantity_max, "step": sku.quantity_step,
        }  # fmt: skip
    prices = [price_of(offer, digits.get(offer.currency, 2)) for offer in offers]
    return {"code": sku.code, "values": sku.values, "quantity": quantity, "prices": prices}


def spec_of(spec: Any, skus: list[dict[str, Any]]) -> dict[str, Any]:
    attributes = [
        {
            "code": a["code"], "name": text(a["name"], a["name_en"]),
            "values": [{"code": v["code"], "name": text(v["name"], v["name_en"])} for v in a["values"]],
        }
        for a in spec.attributes
    ]  # fmt: skip
    return {"key": spec.key, "name": text(spec.name, spec.name_en), "attributes": attributes, "skus": skus}


def document_of(product: Any, category: str, specs: list[dict[str, Any]]) -> dict[str, Any]:
    params = [
        {"name": p["name"], "label": text(p.get("label", ""), p.get("label_en", "")), "required": bool(p.get("required"))}
        for p in product.extend_params
    ]
    return {
        "v": 1,
        "product_type": product.product_type,
        "base": {
            "name": text(product.name, product.name_en), "summary": text(product.summary, product.summary_en),
            "highlights": [], "category": category,
        },
        "media": {"logo": "", "pictures": [], "drawing": product.picture},
        "description": {"body": text(product.description, product.description_en), "pictures": []},
        "guide": {"body": text(product.guide, product.guide_en)},
        "support": {
            "hours": text("", ""), "content": text("", ""), "email": product.contact_email, "phone": product.contact_phone,
        },
        "purchase": {
            "extend_params": params, "asks_mobile": product.asks_mobile, "asks_email": product.asks_email,
            "access_by_message": product.access_by_message, "public": True,
        },
        "pricing": {"specs": specs},
        "details": {"fields": {}, "proofs": {}},
        "discovery": {"keywords": text("", ""), "tags": []},
    }  # fmt: skip


def digest(document: dict[str, Any]) -> str:
    written = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def make_versions(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    product_class, version_class = apps.get_model("catalog", "Product"), apps.get_model("catalog", "Version")
    spec_class = apps.get_model("catalog", "Spec")
    for spec in spec_class.objects.iterator():
        spec_class.objects.filter(pk=spec.pk).update(key=f"spec{spec.pk}")
    last = 0
    while batch := list(product_class.objects.filter(pk__gt=last).select_related("category").order_by("pk")[:AT_ONCE]):
        last = batch[-1].pk
        version_class.objects.bulk_create(versions_of(apps, batch))
    make_factors(apps)
    # What an operator took off the store by hand stays off it when a later version is listed.
    offer_class = apps.get_model("catalog", "Offer")
    for offer in offer_class.objects.filter(on_sale=False).select_related("sku__spec__product"):
        product = offer.sku.spec.product
        offer_class.objects.filter(pk=offer.pk).update(stopped_at=product.listed_at or product.created_at)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or the tables could not be altered in this transaction


def versions_of(apps: StateApps, products: list[Any]) -> list[Any]:
    specs: defaultdict[int, list[Any]] = defaultdict(list)
    skus: defaultdict[int, list[Any]] = defaultdict(list)
    offers: defaultdict[int, list[Any]] = defaultdict(list)
    for spec in apps.get_model("catalog", "Spec").objects.filter(product__in=products).order_by("position", "pk"):
        specs[spec.product_id].append(spec)
    for sku in apps.get_model("catalog", "Sku").objects.filter(spec__product__in=products).order_by("pk"):
        skus[sku.spec_id].append(sku)
    for offer in apps.get_model("catalog", "Offer").objects.filter(sku__spec__product__in=products).order_by("pk"):
        offers[offer.sku_id].append(offer)
    digits = {"JPY": 0}
    made = []
    for product in products:
        described = [
            spec_of(spec, [sku_of(sku, offers[sku.pk], digits) for sku in skus[spec.pk]]) for spec in specs[product.pk]
        ]
        document = document_of(product, product.category.slug, described)
        status = STATUS[product.status]
        at = product.listed_at or product.created_at
        made.append(
            apps.get_model("catalog", "Version")(
                product=product, number=1, document=document, sha256="" if status == "draft" else digest(document),
                status=status, created_at=product.created_at, saved_at=product.created_at,
                sealed_at=None if status == "draft" else at, listed_at=None if status == "draft" else at,
            )
        )  # fmt: skip
    return made


def make_factors(apps: StateApps) -> None:
    factor_class = apps.get_model("catalog", "Factor")
    on_demand = apps.get_model("catalog", "Offer").objects.filter(charging_mode="ON_DEMAND")
    factor_class.objects.bulk_create(
        factor_class(
            offer=offer, code="usage", unit=offer.usage_unit, unit_en=offer.usage_unit_en, cycle="hour",
            price=offer.usage_price,
        )
        for offer in on_demand
    )  # fmt: skip


def guard(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)
        schema_editor.execute(POSTGRESQL_TRIGGER)
    else:
        schema_editor.execute(SQLITE, params=None)


class Migration(migrations.Migration):

    dependencies = [("catalog", "0003_versions")]

    operations = [
        migrations.RunPython(make_versions, migrations.RunPython.noop),
        migrations.AlterField(model_name="spec", name="key", field=models.CharField(max_length=32)),
        migrations.AlterField(
            model_name="spec",
            name="product",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="specs", to="catalog.product"
            ),
        ),
        migrations.AddConstraint(
            model_name="spec", constraint=models.UniqueConstraint(fields=("product", "key"), name="spec_key")
        ),
        migrations.RunPython(guard, migrations.RunPython.noop),
    ]
