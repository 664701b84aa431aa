"""How far a person has read all notices is one row; timers that were still marking them one by one become one."""

from datetime import datetime
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORMER_TIMER = "notifications.mark_read"


def marks_of_timers(apps: Any, _schema_editor: Any) -> None:
    timers = apps.get_model("base", "Job").objects.filter(kind=FORMER_TIMER)
    users = apps.get_model(settings.AUTH_USER_MODEL).objects
    marks = apps.get_model("notifications", "ReadMark").objects
    for payload in sorted(timers.values_list("payload", flat=True), key=lambda payload: payload["upto"]):
        if users.filter(pk=payload["user"]).exists():
            mark = {"upto": payload["upto"], "at": datetime.fromisoformat(payload["read_at"])}
            marks.update_or_create(user_id=payload["user"], defaults=mark)
    timers.delete()


class Migration(migrations.Migration):

    dependencies = [
        ('base', '0004_lists_of_leased_jobs'),
        ('identity', '0009_expiry_day'),
        ('notifications', '0008_search_of_a_seller'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReadMark',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='read_mark', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('upto', models.BigIntegerField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.RunPython(marks_of_timers, migrations.RunPython.noop),
    ]
