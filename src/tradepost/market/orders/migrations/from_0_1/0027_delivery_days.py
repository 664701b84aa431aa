"""Orders that could not be delivered know when; the orders of the last thirty-one days are counted by day of delivery."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import batched
from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.utils import timezone

KEPT = timedelta(days=31)
AT_ONCE = 500
COMPLETED = ("order_completed", "OrderCompleted")
"""Names of the event whose reaction counts an order."""


def mark_undelivered(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """A refunded order was not delivered if it was given up while it was processed; its history tells."""
    orders, moves = apps.get_model("orders", "Order"), apps.get_model("base", "Move")
    refunded = orders.objects.filter(status="refunded").exclude(origin="sandbox").exclude(order_type="UNSUBSCRIBE")
    for some in batched(refunded.order_by("pk").values_list("pk", flat=True).iterator(AT_ONCE), AT_ONCE):
        given_up = moves.objects.filter(lifecycle="order", subject__in=[str(pk) for pk in some], event="give up")
        for subject, at in given_up.values_list("subject", "at"):
            orders.objects.filter(pk=subject).update(undelivered_at=at)


def count_delivered(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Orders of which the event still waits are left out: its reaction counts them."""
    orders, days = apps.get_model("orders", "Order"), apps.get_model("orders", "DeliveryDay")
    newest = orders.objects.filter(ended_at__isnull=False).order_by("-pk").values_list("ended_at", flat=True).first()
    if newest is None:
        return
    waiting, zone = _waiting(apps), timezone.get_default_timezone()
    counted: Counter[Any] = Counter()
    for some in batched(_ended(orders, newest - KEPT), AT_ONCE):
        returned = _returned(apps, [pk for pk, _number, status, _at in some if status == "refunded"])
        for pk, number, _status, ended_at in some:
            if number not in waiting and str(pk) not in returned:
                counted[ended_at.astimezone(zone).date()] += 1
    days.objects.bulk_create(days(day=day, delivered=delivered) for day, delivered in sorted(counted.items()))


def _ended(orders: Any, since: Any) -> Iterator[tuple[int, str, str, Any]]:
    ended = orders.objects.filter(ended_at__gte=since, status__in=["completed", "refunded"], undelivered_at=None)
    ended = ended.exclude(origin="sandbox").exclude(order_type="UNSUBSCRIBE")
    found: Iterator[tuple[int, str, str, Any]] = (
        ended.order_by("pk").values_list("pk", "number", "status", "ended_at").iterator(AT_ONCE)
    )
    return found


def _returned(apps: StateApps, refunded: list[int]) -> set[str]:
    """Refunded orders that were never completed: their buyers returned them."""
    moves = apps.get_model("base", "Move").objects.filter(lifecycle="order", subject__in=[str(pk) for pk in refunded])
    completed = set(moves.filter(event="complete").values_list("subject", flat=True))
    return {str(pk) for pk in refunded} - completed


def _waiting(apps: StateApps) -> set[str]:
    """Orders whose completion no reaction has seen. One that failed before names those that are left to run."""
    events = apps.get_model("base", "Event").objects.filter(name__in=COMPLETED)
    return {facts["order"] for facts, left in events.values_list("facts", "left") if not left}


class Migration(migrations.Migration):
    dependencies = [
        ("base", "0005_market_identity"),
        ("orders", "0026_order_endings"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeliveryDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(unique=True)),
                ("delivered", models.PositiveBigIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="order",
            name="undelivered_at",
            field=models.DateTimeField(default=None, null=True),
        ),
        migrations.RunPython(mark_undelivered, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(count_delivered, migrations.RunPython.noop, elidable=True),
    ]
