"""Write a market's database of any engine to a file, and read it into an empty database of any engine.

JSON lines, compressed (xz). The first describes the dump: version, date, the market's time, its migrations by app, its
settings (with the key that opens its sealed values). Then for each table: a line with its name, model and columns, one
with the number of rows, and a line for each row. Times and dates are ISO 8601, in UTC, durations microseconds, decimals
text, JSON unchanged.
"""

from __future__ import annotations

import json
import lzma
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

LEFT_OUT = frozenset({"sessions.session"})
ROWS = 500
type Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Released:
    """The first line of a dump."""

    version: str
    made_at: str
    sandbox: bool
    clock: datetime
    secret_key: str
    migrations: Mapping[str, list[str]]
    balances: Mapping[str, int]


def balances(get_model: Callable[[str, str], Any]) -> dict[str, int]:
    """Return the balance of each account by its entries, with the models of any state: by kind, owner and currency."""
    sums: defaultdict[int, int] = defaultdict(int)
    for account, amount in get_model("payments", "Entry")._default_manager.values_list("account", "amount_minor"):
        sums[account] += amount
    accounts = get_model("payments", "Account")._default_manager.order_by("pk")
    rows = accounts.values_list("pk", "kind", "user", "seller", "currency")
    return {f"{kind} {user or seller or ''} {currency}": sums[pk] for pk, kind, user, seller, currency in rows}


def dump(path: Path, *, now: datetime, made_at: str, secret_key: str) -> None:
    """Write the market of this process, whose clock is at ``now``."""
    from django.apps import apps
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    from tradepost import __version__
    from tradepost.market.base.config import config

    migrations: defaultdict[str, list[str]] = defaultdict(list)
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        migrations[app].append(name)
    head = {
        "version": __version__,
        "made_at": made_at,
        "sandbox": config().sandbox,
        "clock": now.isoformat(),
        "secret_key": secret_key,
        "migrations": migrations,
        "balances": balances(apps.get_model),
    }
    with lzma.open(path, "wb", preset=9 | lzma.PRESET_EXTREME) as out:
        for line in (head, *_tables()):
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _tables() -> Iterator[Any]:
    from django.apps import apps

    for model in sorted(apps.get_models(include_auto_created=True), key=lambda m: m._meta.db_table):
        if model._meta.label_lower in LEFT_OUT or not model._meta.managed:
            continue
        columns = [field.attname for field in model._meta.concrete_fields]
        rows = list(model._base_manager.order_by("pk").values_list(*columns))
        if rows:
            label, table = model._meta.label_lower, model._meta.db_table
            yield {"table": table, "model": label, "columns": columns, "rows": len(rows)}
            yield from ([_plain(value) for value in row] for row in rows)


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case timedelta():
            return value // timedelta(microseconds=1)
        case Decimal():
            return str(value)
        case _:
            return value


def header(path: Path) -> Released:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        head: Line = json.loads(next(lines))
    return Released(**(head | {"clock": datetime.fromisoformat(head["clock"])}))


def load(path: Path) -> Any:
    """Fill the empty database of this process with the tables of the dump and their rows. Returns the models of that
    version.

    The caller migrates it to the current version. Raises ``LookupError`` if these tables cannot be created any more.
    """
    from django.core.management.color import no_style
    from django.db import connection, transaction

    then = _migrate_to(header(path).migrations)
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        next(lines)
        with transaction.atomic():  # foreign keys are checked at the end of the transaction
            models = [_insert(then, json.loads(line), lines) for line in lines]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
    return then


def _migrate_to(migrations: Mapping[str, list[str]]) -> Any:
    """Apply exactly these migrations, without the signals that would fill tables. Returns the models after them."""
    from tradepost.market.base.django_internals import upgrade_from_0_1

    wanted = {(app, name) for app, names in migrations.items() for name in names}
    earlier = not wanted.isdisjoint(upgrade_from_0_1.earlier_names())
    with upgrade_from_0_1.followed() if earlier else nullcontext():
        return _apply(wanted)


def _apply(wanted: set[tuple[str, str]]) -> Any:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if unknown := wanted - executor.loader.graph.nodes.keys():
        raise LookupError(f"migrations of the dump that are there no more: {sorted(unknown)}")
    graph = executor.loader.graph
    last = [key for key in sorted(wanted) if not any(child.key in wanted for child in graph.node_map[key].children)]
    state = executor.migrate(last)
    applied = set(executor.recorder.applied_migrations())
    if applied != wanted:
        raise LookupError(f"made other tables than those of then: {sorted(applied ^ wanted)}")
    return state.apps


def _insert(then: Any, table: Line, lines: Iterator[str]) -> Any:
    from django.db import connection

    model = then.get_model(table["model"])
    assert (model._meta.db_table, len(table["columns"])) == (table["table"], len(model._meta.concrete_fields))
    fields = {field.attname: field for field in model._meta.concrete_fields}
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {connection.ops.quote_name(table['table'])}")  # rows that a migration inserted
    made = []
    for _ in range(table["rows"]):
        values = json.loads(next(lines))
        made.append(
            model(**{name: _value(fields[name], value) for name, value in zip(table["columns"], values, strict=True)})
        )
    model._base_manager.bulk_create(made, batch_size=ROWS)
    return model


def _value(field: Any, value: Any) -> Any:
    if field.get_internal_type() == "DurationField" and value is not None:
        return timedelta(microseconds=value)
    return field.to_python(value)
