"""The shelf: what lists and searches of buyers read. It is filled after the migrations, by the code that keeps it."""

import django.db.models.deletion
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('catalog', '0005_product_grants'),
        ('identity', '0005_companies'),
    ]

    operations = [
        migrations.CreateModel(
            name="Shelf",
            fields=[
                (
                    "product",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="on_shelf",
                        serialize=False,
                        to="catalog.product",
                    ),
                ),
                ("ways", models.PositiveIntegerField(default=0)),
                ("price_from", models.PositiveBigIntegerField()),
                ("sold_30d", models.PositiveIntegerField(default=0)),
                ("charging_mode", models.CharField(max_length=16)),
                ("currency", models.CharField(max_length=3)),
                ("period_type", models.CharField(blank=True, default="", max_length=8)),
                ("periods", models.PositiveIntegerField(default=1)),
                ("quantity", models.PositiveIntegerField(default=1)),
                ("counted", models.BooleanField(default=False)),
                ("unit_name", models.CharField(blank=True, default="", max_length=64)),
                ("unit_name_en", models.CharField(blank=True, default="", max_length=64)),
                ("usage_price", models.DecimalField(decimal_places=8, default=Decimal(0), max_digits=16)),
                ("picture", models.CharField(blank=True, default="", max_length=64)),
                ("indexed_as", models.PositiveIntegerField()),
                (
                    "category",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.category",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="identity.seller",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ShelfTerm",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "term", "shelf", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("term", models.CharField(max_length=40)),
                ("weight", models.PositiveSmallIntegerField()),
                (
                    "shelf",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="terms", to="catalog.shelf"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="shelf",
            index=models.Index(fields=["category", "-product"], name="shelf_category"),
        ),
        migrations.AddIndex(
            model_name="shelf",
            index=models.Index(fields=["seller", "-product"], name="shelf_seller"),
        ),
        migrations.AddIndex(
            model_name="shelf",
            index=models.Index(fields=["price_from", "product"], name="shelf_price"),
        ),
        migrations.AddIndex(
            model_name="shelf",
            index=models.Index(fields=["-sold_30d", "-product"], name="shelf_sold"),
        ),
        migrations.AddIndex(
            model_name="shelf",
            index=models.Index(fields=["indexed_as"], name="shelf_indexed_as"),
        ),
    ]
