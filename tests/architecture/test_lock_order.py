"""The check of the lock order in every test on PostgreSQL (``tests/locks.py``) finds a wrong order."""

from __future__ import annotations

import pytest

from tests.locks import Recorder

SUBSCRIPTION = 'SELECT "s"."id" FROM "subscriptions_subscription" INNER JOIN "identity_user" ON (1) FOR UPDATE OF "subscriptions_subscription"'
CALL = "SELECT set_config('a', 'b', true); UPDATE production_call SET state = r.state FROM json_to_recordset(%s) AS r(id bigint)"
ORDER = 'SELECT "orders_order"."id" FROM "orders_order" WHERE "orders_order"."id" = %s FOR UPDATE'
TIMER = 'SELECT "base_job"."id" FROM "base_job" WHERE "base_job"."id" = %s LIMIT 1 FOR UPDATE OF "base_job" SKIP LOCKED'
NO_TIMER = 'DELETE FROM "base_job" WHERE ("base_job"."key" IN (%s))'
ACCOUNT = 'SELECT "balance_minor" FROM "payments_account" WHERE "payments_account"."id" = %s LIMIT 21 FOR UPDATE'
NEW_ORDER = 'INSERT INTO "orders_order" ("number") VALUES (%s) RETURNING "orders_order"."id"'


def wrong(*statements: str) -> list[str]:
    recorder = Recorder()
    for text in ("SAVEPOINT outer", *statements, "RELEASE SAVEPOINT outer"):
        recorder(lambda *_: None, text, (), False, {})
    return recorder.errors


@pytest.mark.parametrize(
    "statements",
    [
        (SUBSCRIPTION, CALL, NO_TIMER, ORDER, ACCOUNT),
        (ORDER, ACCOUNT, ORDER),
        (TIMER, SUBSCRIPTION, ORDER, NO_TIMER),
        (NEW_ORDER, SUBSCRIPTION, ORDER),
        (ACCOUNT, "RELEASE SAVEPOINT outer", "SAVEPOINT next", SUBSCRIPTION),
    ],
)
def test_the_one_order_is_accepted(statements: tuple[str, ...]) -> None:
    assert wrong(*statements) == []


@pytest.mark.parametrize(
    ("statements", "late"),
    [
        ((CALL, SUBSCRIPTION), "subscriptions_subscription"),
        ((ACCOUNT, ORDER), "orders_order"),
        ((ORDER, NO_TIMER), "base_job"),
        ((SUBSCRIPTION, ACCOUNT, "SAVEPOINT inner", CALL, "RELEASE SAVEPOINT inner"), "production_call"),
    ],
)
def test_another_order_is_found(statements: tuple[str, ...], late: str) -> None:
    [found] = wrong(*statements)
    assert found.startswith(f"{late} is locked by")
