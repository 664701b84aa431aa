"""List applications for licenses in the order of their time: between two dates, the lists read all applications of that time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("licenses", "0004_asked_at"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="licenserequest",
            index=models.Index(fields=["-asked_at", "-id"], name="license_request_newest"),
        ),
        migrations.AddIndex(
            model_name="licenserequest",
            index=models.Index(fields=["seller", "-asked_at", "-id"], name="license_request_of_seller"),
        ),
        migrations.AddIndex(
            model_name="licenserequest",
            index=models.Index(fields=["seller", "status", "-asked_at", "-id"], name="license_request_of_seller_st"),
        ),
        migrations.AddIndex(
            model_name="licenserequest",
            index=models.Index(fields=["status", "-asked_at", "-id"], name="license_request_of_status"),
        ),
        migrations.RemoveIndex(model_name="licenserequest", name="license_request_seller"),
        migrations.RemoveIndex(model_name="licenserequest", name="license_request_seller_st"),
        migrations.RemoveIndex(model_name="licenserequest", name="license_request_status"),
        migrations.RemoveIndex(model_name="licenserequest", name="license_request_asked"),
    ]
