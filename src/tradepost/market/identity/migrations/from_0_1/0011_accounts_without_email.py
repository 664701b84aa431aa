"""An account that an enterprise makes for one of its people has no e-mail address: NULL, as many as there are."""

from django.db import migrations

import tradepost.market.identity.email_field


class Migration(migrations.Migration):
    dependencies = [("identity", "0010_self_operated")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="email",
            field=tradepost.market.identity.email_field.OptionalEmail(
                max_length=254, null=True, unique=True, verbose_name="E-mail"
            ),
        ),
    ]
