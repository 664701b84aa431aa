"""Orders that buyers placed before name the version of the buyer agreement that was in force when they accepted it."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def store(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    agreements = apps.get_model("identity", "Agreement").objects.filter(kind="buyer").order_by("number")
    lines = apps.get_model("orders", "OrderLine").objects.filter(buyer_agreement=None, order__origin="buyer")
    versions = list(agreements.values_list("pk", "published_at"))
    ends = [published for _pk, published in versions[1:]] + [None]
    for (pk, begins), end in zip(versions, ends, strict=True):
        accepted = lines.exclude(order__order_type="UNSUBSCRIBE").filter(agreed_at__gte=begins)
        if end is not None:
            accepted = accepted.filter(agreed_at__lt=end)
        accepted.update(buyer_agreement=pk)


class Migration(migrations.Migration):
    dependencies = [("orders", "0020_accepted_agreements")]
    operations = [migrations.RunPython(store, migrations.RunPython.noop)]
