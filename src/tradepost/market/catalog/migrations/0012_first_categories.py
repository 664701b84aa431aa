from django.db import migrations

# Slug, Chinese name, English name, icon, as they were when this migration was written.
FIRST = (
    ("office", "办公协同", "Office & collaboration", "apps"),
    ("sales-service", "营销与客服", "Sales & service", "headset"),
    ("finance-people", "财税与人事", "Finance & people", "file-invoice"),
    ("industry", "工业软件", "Industrial software", "settings"),
    ("data-ai", "数据与智能", "Data & AI", "chart-bar"),
    ("development", "开发与运维", "Development & operations", "code"),
    ("security", "安全与合规", "Security & compliance", "shield-check"),
    ("retail", "零售与餐饮", "Retail & hospitality", "building-store"),
)


def create(apps: object, schema_editor: object) -> None:
    """Runs once per database, so a category that an operator deletes later does not come back."""
    del schema_editor
    categories = apps.get_model('catalog', 'Category').objects  # type: ignore[attr-defined]
    if categories.exists():
        return
    categories.bulk_create(
        categories.model(slug=slug, name=name, name_en=name_en, icon=icon, position=position)
        for position, (slug, name, name_en, icon) in enumerate(FIRST)
    )


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0011_category_levels'),
    ]

    operations = [
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
