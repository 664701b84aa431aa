"""Calls at the erasure of an account: times and outcomes stay, contents are deleted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Exported, Person, Personal
from tradepost.market.orders.models import Order

from .models import Attempt, Call
from .retention import EMPTIED_BODY

_ATTEMPT: dict[str, Any] = {
    "url": "", "request_headers": [], "request_body": EMPTIED_BODY, "response_headers": [], "response_body": EMPTIED_BODY,
    "detail": "", "findings": None,
}  # fmt: skip
_CALL: dict[str, Any] = {"sealed_answer": "", "last_detail": ""}
_BUYER_FIELDS = ("customer_name", "user_id", "user_name", "mobile_phone", "email")
BATCH_SIZE = 500


def _empty(person: Person, _files: Path) -> None:
    """Empty the calls. ``Call.command`` keeps its type because pages load it; the buyer's data is removed."""
    service_calls = Call.objects.filter(subscription__buyer=person.pk)
    _in_batches(service_calls)
    numbers = Order.objects.filter(buyer=person.pk).order_by("pk").values_list("number", flat=True)
    for number in numbers.iterator():  # order notifications have no service
        _in_batches(Call.objects.filter(order_number=number, subscription=None))


def _in_batches(calls: QuerySet[Call]) -> None:
    after, rows = 0, calls.order_by("pk").values_list("pk", "command")
    while batch := list(rows.filter(pk__gt=after)[:BATCH_SIZE]):
        after = batch[-1][0]
        keys = [pk for pk, _command in batch]
        with transaction.atomic():
            Attempt.objects.filter(call__in=keys).update(**_ATTEMPT)
            Call.objects.filter(pk__in=keys).update(**_CALL)
            for pk, command in batch:
                if (without := _without_buyer(command)) != command:
                    Call.objects.filter(pk=pk).update(command=without)


def _without_buyer(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _emptied_value(name, item) for name, item in value.items()}
    return [_without_buyer(item) for item in value] if isinstance(value, list) else value


def _emptied_value(name: str, value: Any) -> Any:
    if name == "extend_params":
        return []
    return "" if name in _BUYER_FIELDS and isinstance(value, str) else _without_buyer(value)


EXPORTED = (
    Exported(
        name="calls", title=_("Requests to sellers about your services"), model=Call, whose="subscription__buyer",
        columns="created_at seller__name order_number activity outcome ended_at",
    ),
)  # fmt: skip

PERSONAL = Personal(first=_empty, exported=EXPORTED)
