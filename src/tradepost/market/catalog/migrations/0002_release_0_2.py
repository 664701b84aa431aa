"""Tables of 0.2.0, second part, the trigger that seals product versions, and the first categories and synonyms."""

import django.db.models.deletion
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from tradepost.market.catalog import first_categories, first_synonyms


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


def seal_versions(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Refuse changes of a product version that has left its draft."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)
        schema_editor.execute(POSTGRESQL_TRIGGER)
    else:
        schema_editor.execute(SQLITE, params=None)


def create_first_rows(apps: StateApps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Runs once per database, so rows that an operator deletes later do not come back."""
    category, group, synonym = (apps.get_model("catalog", name).objects for name in ("Category", "SynonymGroup", "Synonym"))  # type: ignore[attr-defined]
    first_categories.create_first(category)
    first_synonyms.create_first(group, synonym)


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0001_release_0_2'),
        ('identity', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='attributetemplate',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='attributes', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='category',
            name='parent',
            field=models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='catalog.category'),
        ),
        migrations.AddField(
            model_name='factor',
            name='offer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='factors', to='catalog.offer'),
        ),
        migrations.CreateModel(
            name='Shelf',
            fields=[
                ('product', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='on_shelf', serialize=False, to='catalog.product')),
                ('ways', models.PositiveIntegerField(default=0)),
                ('price_from', models.PositiveBigIntegerField()),
                ('sold_30d', models.PositiveIntegerField(default=0)),
                ('charging_mode', models.CharField(max_length=16)),
                ('currency', models.CharField(max_length=3)),
                ('period_type', models.CharField(blank=True, default='', max_length=8)),
                ('periods', models.PositiveIntegerField(default=1)),
                ('quantity', models.PositiveIntegerField(default=1)),
                ('counted', models.BooleanField(default=False)),
                ('unit_name', models.CharField(blank=True, default='', max_length=64)),
                ('unit_name_en', models.CharField(blank=True, default='', max_length=64)),
                ('usage_price', models.DecimalField(decimal_places=8, default=Decimal('0'), max_digits=16)),
                ('picture', models.CharField(blank=True, default='', max_length=64)),
                ('indexed_as', models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Stock',
            fields=[
                ('product', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='stock', serialize=False, to='catalog.product')),
                ('total', models.PositiveIntegerField(default=999)),
                ('used', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name='product',
            name='category',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='catalog.category'),
        ),
        migrations.AddField(
            model_name='product',
            name='seller',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='productgrant',
            name='member',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='identity.member'),
        ),
        migrations.AddField(
            model_name='productgrant',
            name='product',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='granted', to='catalog.product'),
        ),
        migrations.AddField(
            model_name='purchaselimit',
            name='product',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='limits', to='catalog.product'),
        ),
        migrations.AddField(
            model_name='salestarget',
            name='holders_of',
            field=models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.product'),
        ),
        migrations.AddField(
            model_name='salestarget',
            name='product',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='catalog.product'),
        ),
        migrations.AddField(
            model_name='offer',
            name='sku',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='offers', to='catalog.sku'),
        ),
        migrations.AddField(
            model_name='spec',
            name='product',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='specs', to='catalog.product'),
        ),
        migrations.AddField(
            model_name='sku',
            name='spec',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='skus', to='catalog.spec'),
        ),
        migrations.AddField(
            model_name='synonym',
            name='group',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='words', to='catalog.synonymgroup'),
        ),
        migrations.AddField(
            model_name='targetbuyer',
            name='target',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='buyers', to='catalog.salestarget'),
        ),
        migrations.AddField(
            model_name='upgraderule',
            name='source',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='upgrades', to='catalog.sku'),
        ),
        migrations.AddField(
            model_name='upgraderule',
            name='target',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='upgraded_from', to='catalog.sku'),
        ),
        migrations.AddField(
            model_name='version',
            name='base',
            field=models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.version'),
        ),
        migrations.AddField(
            model_name='version',
            name='product',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='catalog.product'),
        ),
        migrations.AddField(
            model_name='version',
            name='saved_by',
            field=models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='attributetemplate',
            constraint=models.UniqueConstraint(fields=('seller', 'code'), name='attribute_code'),
        ),
        migrations.AddConstraint(
            model_name='attributetemplate',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'enum'), ('least', None), ('most', None), ('step', None)), models.Q(('kind', 'number'), ('least__gte', 1), ('least__isnull', False), ('most__gte', models.F('least')), ('most__isnull', False), ('step__gte', 1), ('step__isnull', False)), _connector='OR'), name='attribute_numbers'),
        ),
        migrations.AddConstraint(
            model_name='factor',
            constraint=models.UniqueConstraint(fields=('offer', 'code'), name='factor_code'),
        ),
        migrations.CreateModel(
            name='ShelfTerm',
            fields=[
                ('pk', models.CompositePrimaryKey('term', 'shelf', blank=True, editable=False, primary_key=True, serialize=False)),
                ('term', models.CharField(max_length=40)),
                ('shelf', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='terms', to='catalog.shelf')),
                ('weight', models.PositiveSmallIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name='shelf',
            name='category',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.category'),
        ),
        migrations.AddField(
            model_name='shelf',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.seller'),
        ),
        migrations.AddConstraint(
            model_name='stock',
            constraint=models.CheckConstraint(condition=models.Q(('used__lte', models.F('total'))), name='stock_not_oversold'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(fields=['status', 'category', '-id'], name='product_shelf'),
        ),
        migrations.AddConstraint(
            model_name='purchaselimit',
            constraint=models.UniqueConstraint(fields=('product', 'spec_key'), name='limit_once'),
        ),
        migrations.AddConstraint(
            model_name='salestarget',
            constraint=models.UniqueConstraint(fields=('product', 'spec_key'), name='target_once'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.UniqueConstraint(fields=('sku', 'charging_mode', 'period_type', 'quota', 'trial'), name='offer_once'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('bands', []), ('model', 'linear')), models.Q(models.Q(('model', 'linear'), _negated=True), models.Q(('bands', []), _negated=True)), _connector='OR'), name='offer_bands_fit_model'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('charging_mode__in', ['PERIOD', 'ON_DEMAND_PKG']), models.Q(('period_type', ''), _negated=True)), models.Q(models.Q(('charging_mode__in', ['PERIOD', 'ON_DEMAND_PKG']), _negated=True), ('period_type', '')), _connector='OR'), name='offer_period_fits_mode'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('charging_mode__in', ['ON_DEMAND', 'ON_DEMAND_PKG']), models.Q(('usage_unit', ''), _negated=True)), models.Q(models.Q(('charging_mode__in', ['ON_DEMAND', 'ON_DEMAND_PKG']), _negated=True), ('usage_unit', '')), models.Q(('charging_mode', 'ONE_TIME'), ('quota__gt', 0), ('stops_when_used_up', True), models.Q(('usage_unit', ''), _negated=True)), _connector='OR'), name='offer_unit_fits_mode'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('charging_mode__in', ['ON_DEMAND']), ('price_minor', 0), ('usage_price__gt', 0)), models.Q(models.Q(('charging_mode__in', ['ON_DEMAND']), _negated=True), ('usage_price', 0)), _connector='OR'), name='offer_usage_price_fits_mode'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('charging_mode__in', ['ON_DEMAND_PKG']), ('quota__gt', 0)), models.Q(models.Q(('charging_mode__in', ['ON_DEMAND_PKG']), _negated=True), ('quota', 0)), models.Q(('charging_mode', 'ONE_TIME'), ('quota__gt', 0), ('stops_when_used_up', True), models.Q(('usage_unit', ''), _negated=True)), _connector='OR'), name='offer_quota_fits_mode'),
        ),
        migrations.AddConstraint(
            model_name='spec',
            constraint=models.UniqueConstraint(fields=('product', 'key'), name='spec_key'),
        ),
        migrations.AddConstraint(
            model_name='targetbuyer',
            constraint=models.UniqueConstraint(fields=('target', 'customer_id'), name='target_buyer_once'),
        ),
        migrations.AddConstraint(
            model_name='upgraderule',
            constraint=models.UniqueConstraint(condition=models.Q(('lapsed_at', None)), fields=('source', 'target'), name='upgrade_rule_once'),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.UniqueConstraint(fields=('product', 'number'), name='version_number'),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['draft', 'sealed'])), fields=('product',), name='version_open_once'),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'listed')), fields=('product',), name='version_listed_once'),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'draft'), models.Q(('sha256', ''), _negated=True), _connector='XOR'), name='version_sealed_has_sha256'),
        ),
        migrations.AddIndex(
            model_name='shelf',
            index=models.Index(fields=['category', '-product'], name='shelf_category'),
        ),
        migrations.AddIndex(
            model_name='shelf',
            index=models.Index(fields=['seller', '-product'], name='shelf_seller'),
        ),
        migrations.AddIndex(
            model_name='shelf',
            index=models.Index(fields=['price_from', 'product'], name='shelf_price'),
        ),
        migrations.AddIndex(
            model_name='shelf',
            index=models.Index(fields=['-sold_30d', '-product'], name='shelf_sold'),
        ),
        migrations.AddIndex(
            model_name='shelf',
            index=models.Index(fields=['indexed_as'], name='shelf_indexed_as'),
        ),
        migrations.RunPython(seal_versions, migrations.RunPython.noop),
        migrations.RunPython(create_first_rows, migrations.RunPython.noop),
    ]
