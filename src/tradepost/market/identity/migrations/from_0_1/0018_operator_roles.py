"""Operators have a role. Those from before are owners, who may do everything, as they could."""

from django.db import migrations, models

IS_OPERATOR = models.Q(("operator_role", ""), _negated=True)


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0017_joined"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="operator_role",
            field=models.CharField(
                blank=True,
                choices=[
                    ("owner", "Owner"),
                    ("finance", "Finance"),
                    ("reviewer", "Reviewer"),
                    ("service", "Service"),
                    ("support", "Support"),
                    ("auditor", "Auditor"),
                ],
                db_default="",
                default="",
                max_length=8,
                verbose_name="Role",
            ),
        ),
        migrations.RunSQL(
            "UPDATE identity_user SET operator_role = 'owner' WHERE is_operator",
            "UPDATE identity_user SET is_operator = (operator_role <> '')",
        ),
        migrations.RemoveIndex(model_name="user", name="user_operator"),
        migrations.RemoveField(model_name="user", name="is_operator"),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(condition=IS_OPERATOR, fields=["-id"], name="user_operator"),
        ),
    ]
