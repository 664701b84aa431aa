"""Packages that are in use already are deducted from, from now on: only sandboxes sold any."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.utils import timezone

SCALE = 10_000
MONTHS = {"month": 1, "year": 12}
WITHIN = {"month": ("month", "year"), "year": ("year",)}


def adopt(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    subscriptions = apps.get_model("subscriptions", "Subscription").objects.filter(status__in=("active", "frozen"))
    lines = apps.get_model("orders", "OrderLine").objects
    sold = subscriptions.filter(
        offer__charging_mode="ON_DEMAND_PKG", started_at__isnull=False, expires_at__isnull=False
    )  # fmt: skip
    for held in sold.select_related("offer").order_by("pk"):
        line = lines.filter(number=held.order_line_number).first()
        services = subscriptions.filter(
            buyer=held.buyer_id, product=held.product_id, offer__charging_mode="ON_DEMAND",
            offer__usage_unit=held.offer.usage_unit,
        )  # fmt: skip
        service = services.order_by("pk").first()
        if line is not None and service is not None and line.quota > 0:
            _adopt(apps, held, service, line)


def _adopt(apps: StateApps, held: Any, service: Any, line: Any) -> None:
    offer = held.offer
    reset = offer.reset_rule if offer.period_type in WITHIN.get(offer.reset_rule, ()) else ""
    package = apps.get_model("metering", "Package").objects.create(
        subscription=held, service=service, seller_id=held.seller_id, stops=False, reset=reset, starts_at=held.started_at,
        ends_at=held.expires_at,
    )  # fmt: skip
    amount = int((line.quota / line.period_number if reset and line.period_number else line.quota) * SCALE)
    quotas = apps.get_model("metering", "Quota").objects
    for begins, ends in _windows(held.started_at, held.expires_at, reset):
        quotas.create(
            package=package, service=service, starts_at=begins, ends_at=ends, amount=amount, remaining=amount
        )  # fmt: skip


def _windows(since: datetime, until: datetime, reset: str) -> Iterator[tuple[datetime, datetime]]:
    if not reset:
        yield since, until
        return
    begins, number = since, 1
    while begins < until:
        ends = min(_later(since, MONTHS[reset] * number), until)
        yield begins, ends
        begins, number = ends, number + 1


def _later(since: datetime, months: int) -> datetime:
    local = since.astimezone(timezone.get_default_timezone())
    year, month0 = divmod(local.year * 12 + local.month - 1 + months, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    return local.replace(year=year, month=month0 + 1, day=min(local.day, last)).astimezone(UTC)


class Migration(migrations.Migration):

    dependencies = [
        ("metering", "0003_packages"),
        ("catalog", "0008_packages_that_stop"),
        ("orders", "0017_invoiced_lines"),
    ]

    operations = [
        migrations.RunPython(adopt, migrations.RunPython.noop),
    ]
