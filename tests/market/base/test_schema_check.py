"""Issue 8, 6: a failed upgrade reported success. Differences between database and models are detected and explained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, models, transaction

from tradepost.cli import diagnosis
from tradepost.cli.migrate import apply
from tradepost.cli.terminal import out
from tradepost.market.base import schema_check
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job, Move
from tradepost.market.base.schema_check import differences
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice, NoticeDelivery
from tradepost.market.web import health

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def changed_schema(*statements: str) -> Iterator[None]:
    """The database after these statements, undone at the end; both databases roll back changes of tables."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        yield
        transaction.set_rollback(True)


def test_migrated_database_matches_the_models() -> None:
    assert differences() == []


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("ALTER TABLE base_job RENAME TO base_jobs", "the table base_job is missing"),
        ("ALTER TABLE base_move RENAME COLUMN note TO notes", "the column base_move.note is missing"),
        ("ALTER TABLE base_move RENAME COLUMN note TO notes",
         "the column base_move.notes is unknown to this version and must be filled, so that no row can be added"),
        ("DROP INDEX move_subject", "the index move_subject of base_move is missing"),
        ("DROP INDEX user_email", "the unique constraint user_email of identity_user is missing"),
        ("DROP INDEX signing_key_current", "the unique constraint signing_key_current of identity_signingkey is missing"),
    ],
)  # fmt: skip
def test_difference_is_explained(statement: str, message: str) -> None:
    with changed_schema(statement):
        assert message in differences()
    assert differences() == []


def test_index_on_other_columns_is_reported() -> None:
    with changed_schema("DROP INDEX move_subject", "CREATE INDEX move_subject ON base_move (subject, lifecycle)"):
        message = (
            "the index move_subject of base_move is about subject, lifecycle, and must be about lifecycle, subject, id"
        )
        assert differences() == [f"{message} by the models"]


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("condition", "said"),
    [("", []), ("WHERE voids_id IS NOT NULL", []),
     ("WHERE sign = -1 AND quantity > 1", ["the same voids_id may stand twice in metering_record, and must not by the models"])],
)  # fmt: skip
def test_unique_index_on_all_present_values_counts_as_unique(condition: str, said: list[str]) -> None:
    """metering/0007: a unique index allows any number of NULLs and need not contain them."""
    remade = f"CREATE UNIQUE INDEX record_voids_once ON metering_record (voids_id) {condition}"
    with changed_schema("DROP INDEX record_voids_once", remade):
        assert differences() == said


def test_plain_index_is_not_a_unique_constraint() -> None:
    with changed_schema("DROP INDEX user_email", "CREATE INDEX user_email ON identity_user (lower(email))"):
        assert differences() == ["the unique constraint user_email of identity_user is missing"]


def test_nullability_and_uniqueness_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other way round, which needs no new table: the models require what the database does not."""
    note, read_at = Move._meta.get_field("note"), Notice._meta.get_field("read_at")
    monkeypatch.setattr(note, "null", True)
    monkeypatch.setattr(read_at, "null", False)
    monkeypatch.setitem(vars(User._meta.get_field("company")), "unique", True)
    assert differences() == [
        "the column notifications_notice.read_at may be empty, and must not be by the models",
        "the same company may stand twice in identity_user, and must not by the models",
        "the column base_move.note must not be empty, and may be by the models",
    ]


def test_named_constraints_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [
        models.CheckConstraint(condition=models.Q(attempts__lt=9), name="delivery_few"),
        models.UniqueConstraint(fields=["address"], name="delivery_once"),
    ]
    monkeypatch.setattr(NoticeDelivery._meta, "constraints", [*NoticeDelivery._meta.constraints, *expected])
    assert differences() == [
        "the constraint delivery_few of notifications_noticedelivery is missing",
        "the unique constraint delivery_once of notifications_noticedelivery is missing",
    ]
    monkeypatch.undo()
    (unique_once,) = Job._meta.constraints
    other_constraint = models.UniqueConstraint(fields=["kind"], name=unique_once.name)
    monkeypatch.setattr(Job._meta, "constraints", [other_constraint])
    assert differences() == [
        "the unique constraint job_kind_key of base_job is about kind, key, and must be about kind by the models"
    ]


def test_column_with_a_default_from_a_later_version_is_no_difference() -> None:
    with changed_schema("ALTER TABLE base_move ADD COLUMN later varchar(9) DEFAULT 'x' NOT NULL"):
        assert differences() == []


def test_migrate_readyz_and_doctor_report_differences(client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_as_expected_once", False)
    monkeypatch.setattr(health, "_applied_once", False)
    message = "the index move_subject of base_move is missing"
    with changed_schema("DROP INDEX move_subject"):
        with pytest.raises(Refused, match=message):
            apply(out(), each=False)
        response = client.get("/readyz")
        assert (response.status_code, response.json()["reasons"]) == (503, [health.SCHEMA_DIFFERS, message])
        findings = [f for f in diagnosis.check_database(Config()) if f.area == "schema"]
        assert [(f.level, f.said.lower()) for f in findings] == [("fail", f"{message}.")]
    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(schema_check, "differences", lambda: pytest.fail("looked again"))
    assert client.get("/readyz").status_code == 200, "the probe checks once"
