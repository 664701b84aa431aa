"""Verdicts of replays stay with their submission: they were deleted with the jobs that made them."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ABOUT = "submission:"


def keep(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Copy the verdicts of the jobs that still exist."""
    jobs, replays = apps.get_model("base", "LeasedJob"), apps.get_model("review", "Replay")
    submissions = set(apps.get_model("review", "Submission").objects.values_list("pk", flat=True))
    ended = jobs.objects.filter(kind="debugging.replay", key__startswith=ABOUT, ended_at__isnull=False)
    for job in ended.order_by("pk").iterator(chunk_size=500):
        number = job.key.removeprefix(ABOUT)
        if not number.isdecimal() or int(number) not in submissions:
            continue
        cases = (job.result or {}).get("cases", [])
        replays.objects.create(
            submission_id=int(number), job=job.pk, ended_at=job.ended_at, by=str(job.payload.get("by", "")), cases=cases,
            passed=job.outcome == "done" and all(case["passed"] for case in cases),
        )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("review", "0003_about_one_thing"), ("base", "0005_market_identity")]
    operations = [
        migrations.CreateModel(
            name="Replay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("job", models.BigIntegerField()),
                ("passed", models.BooleanField()),
                ("ended_at", models.DateTimeField()),
                ("by", models.CharField(blank=True, default="", max_length=254)),
                ("cases", models.JSONField(default=list)),
                (
                    "submission",
                    models.ForeignKey(
                        db_index=False, on_delete=models.deletion.CASCADE, related_name="replays", to="review.submission"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="replay",
            constraint=models.UniqueConstraint(fields=("submission", "job"), name="review_replay_once"),
        ),
        migrations.RunPython(keep, migrations.RunPython.noop, elidable=True),
    ]
