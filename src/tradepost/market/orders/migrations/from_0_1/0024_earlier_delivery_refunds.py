"""Refunds of deliveries from before they were listed: read from the ledger, whose references name the order or its line."""

from collections.abc import Iterator
from itertools import batched
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

AT_ONCE = 500


def store(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    refund_model = apps.get_model("orders", "DeliveryRefund")
    entries = apps.get_model("payments", "Entry").objects.filter(transfer__reason="refund", amount_minor__gt=0)
    booked = entries.select_related("transfer", "account").order_by("pk").iterator(AT_ONCE)
    for some in batched(booked, AT_ONCE):
        refund_model.objects.bulk_create(
            (refund_model(**values) for values in _refunds(apps, list(some))), ignore_conflicts=True
        )


def _refunds(apps: StateApps, entries: list[Any]) -> Iterator[dict[str, Any]]:
    lines_of: dict[str, list[Any]] = {}
    numbers = {one.transfer.order_number for one in entries}
    lines = apps.get_model("orders", "OrderLine").objects.filter(order__number__in=numbers)
    for line in lines.select_related("order").order_by("pk"):
        lines_of.setdefault(line.order.number, []).append(line)
    orders = {str(line.order_id) for ours in lines_of.values() for line in ours}
    moves = apps.get_model("base", "Move").objects.filter(lifecycle="order", subject__in=orders)
    ends = dict(moves.filter(event__in=("give up", "return")).values_list("subject", "event"))
    for entry in entries:
        for line, minor, kind in _parts(entry, lines_of.get(entry.transfer.order_number, []), ends):
            yield {
                "kind": kind, "line": line, "buyer_id": line.order.buyer_id, "seller_id": line.seller_id,
                "amount_minor": minor, "currency": entry.account.currency, "reference": entry.transfer.reference,
                "at": entry.transfer.at,
            }  # fmt: skip


def _parts(entry: Any, lines: list[Any], ends: dict[str, str]) -> Iterator[tuple[Any, int, str]]:
    """The lines that a transfer refunded; none for a refund that was requested, whose reference begins with another order."""
    transfer = entry.transfer
    if transfer.reference != transfer.order_number:
        for line in lines:
            if transfer.reference.startswith(f"{line.number}/back/"):
                yield line, entry.amount_minor, "ended" if line.order.ended_at == transfer.at else "reduced"
            elif transfer.reference.startswith(f"{line.number}/"):
                yield line, entry.amount_minor, "unbegun"
        return
    for line in lines:
        end = ends.get(str(line.order_id))
        if end is None:
            yield line, entry.amount_minor, "unbegun"
            return
        rest = line.amount_minor - line.reduced_minor
        if rest:
            yield line, rest, "returned" if end == "return" else "ended" if line.flow else "undelivered"


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0023_delivery_refunds"),
        ("base", "0005_market_identity"),
        ("payments", "0008_settled"),
    ]
    operations = [migrations.RunPython(store, migrations.RunPython.noop)]
