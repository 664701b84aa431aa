"""Every sealed value moves to the new secret key, so that the earlier key can be removed (issue 28, *Keys*)."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from tests.architecture.source import ROOT
from tests.factories import NOW, make_buyer, make_seller
from tradepost.cli import market_diagnosis
from tradepost.cli.findings import Finding
from tradepost.market.base import clock, market_identity, reseal, sealed_rows, secrets
from tradepost.market.base.secrets import fingerprints, opens_with_present_key, seal, unseal
from tradepost.market.identity import keys as signing_keys
from tradepost.market.identity.models import RecoveryCode, SecondFactor, SigningKey
from tradepost.market.keyed_hashes import HASHES
from tradepost.market.web import start_checks

MARKET = ROOT / "src/tradepost/market"
OLD, NEW = (f"key number {number}, long enough for the signer to take it" for number in range(2))
NUMBERS = itertools.count(1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Switch to these secret keys, the present one first."""

    def use(*secret_keys: str) -> None:
        for module in (secrets, market_diagnosis):
            monkeypatch.setattr(module, "config", lambda: SimpleNamespace(secrets=lambda: secret_keys))
        secrets._box.cache_clear()
        secrets.unseal_cached.cache_clear()

    yield use
    secrets._box.cache_clear()
    secrets.unseal_cached.cache_clear()


def value_for(field: models.Field[Any, Any]) -> Any:
    """A value that fits the column; foreign keys point nowhere, since the test drops constraint checks."""
    if isinstance(field, models.JSONField):
        return {}
    if isinstance(field, (models.DateTimeField, models.DateField)):
        return NOW if isinstance(field, models.DateTimeField) else NOW.date()
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, (models.CharField, models.TextField)):
        return f"{next(NUMBERS)}"[: field.max_length]
    return next(NUMBERS)


def a_row(model: type[models.Model], **columns: Any) -> Any:
    """Insert a row with these values and a fitting value in each other column, without the rows of its foreign keys."""
    values = {
        field.attname: "" if field.attname.startswith("sealed") else value_for(field)
        for field in model._meta.local_concrete_fields
        if not field.primary_key and not field.has_default() and not field.null
    }
    instance = model(**{**values, **columns})
    if instance.pk is None and not isinstance(instance._meta.pk, models.AutoField):
        instance.pk = 1
    models.Model.save_base(instance, raw=True, force_insert=True)
    return instance


@pytest.fixture
def every_column(keys: Callable[..., None]) -> Iterator[list[tuple[type[models.Model], str, Any]]]:
    """A value under the old key in each sealed column, and inside each document: a draft and a stored call."""
    keys(OLD)
    market_identity.ensure_identity(sandbox=True, now=NOW)
    start_checks._store_key_check(market_identity.identity())  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(
                "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"
            )
            for table, name in cursor.fetchall():  # the transaction of the test rolls it back
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        else:
            cursor.execute("PRAGMA defer_foreign_keys = on")
            cursor.execute("PRAGMA ignore_check_constraints = on")
    cases = []
    try:
        for model, column in sealed_rows.sealed_columns():
            text = seal(f"{model._meta.label}.{column}")
            row = a_row(model, **{column: text})
            cases.append((model, column, row.pk))
        for model, column in sealed_rows.sealed_documents():
            row = a_row(
                model, **{column: {"sealed_account": seal(f"{model._meta.label}.{column}"), "words": "as typed"}}
            )
            cases.append((model, column, row.pk))
        yield cases
    finally:
        with connection.cursor() as cursor:
            for model, _column, pk in reversed(cases):
                cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE "{model._meta.pk.column}" = %s', [pk])
            if connection.vendor == "postgresql":
                cursor.execute("SET session_replication_role = DEFAULT")
            else:
                cursor.execute("PRAGMA ignore_check_constraints = off")


def texts(cases: list[tuple[type[models.Model], str, Any]]) -> list[tuple[str, str]]:
    """Return the expected clear text and the stored sealed text of each case."""
    pairs = []
    for model, column, pk in cases:
        [text] = sealed_rows.texts_in(model._base_manager.values_list(column, flat=True).get(pk=pk))
        pairs.append((f"{model._meta.label}.{column}", text))
    return pairs


def start(keys: Callable[..., None], *secret_keys: str) -> None:
    """Restart the market with these keys."""
    keys(*secret_keys)
    stored_identity = market_identity.identity()
    assert stored_identity is not None
    assert start_checks.sealed_problem(stored_identity) is None
    start_checks._store_key_check(stored_identity)


def test_values_open_without_the_earlier_key_afterwards(every_column: Any, keys: Callable[..., None]) -> None:
    start(keys, NEW, OLD)
    [finding] = [finding for finding in market_diagnosis.check_sealed() if finding.area == "earlier secret keys"]
    assert (finding.level, finding.todo) == ("warn", "tradepost secrets reseal")
    progress: dict[str, reseal.Count] = {}
    count = reseal.run(lambda column, so_far: progress.update({column: so_far}))
    assert (count.resealed, count.current, count.closed) == (len(every_column), 0, 0)
    assert set(progress) == {name for name, _text in texts(every_column)}, "progress reports every column"
    keys(NEW)
    for clear_text, text in texts(every_column):
        assert opens_with_present_key(text)
        assert unseal(text) == clear_text
    assert start_checks.sealed_problem(market_identity.identity()) is None, "the market starts without the earlier key"
    assert reseal.run() == reseal.Count(0, len(every_column), 0), "nothing is left to reseal"


def test_doctor_reports_whether_the_earlier_key_can_be_removed(every_column: Any, keys: Callable[..., None]) -> None:
    def findings() -> list[Finding]:
        return [finding for finding in market_diagnosis.check_sealed() if finding.area == "earlier secret keys"]

    start(keys, NEW, OLD)
    reseal.run()
    assert [(finding.level, finding.said) for finding in findings()] == [
        ("ok", "Nothing needs them. Remove TRADEPOST_OLD_SECRET_KEYS and restart.")
    ]
    factor = SecondFactor.objects.create(user=make_buyer(), sealed=seal("x"), created_at=NOW, last_step=0)
    RecoveryCode.objects.create(factor=factor, code_hash="of the old key")
    [finding] = findings()
    assert (finding.level, "1 recovery codes" in finding.said) == ("warn", True)
    RecoveryCode.objects.update(used_at=NOW)
    assert findings()[0].level == "ok"
    keys(NEW)
    assert findings() == []


def test_interrupted_run_is_repeated_and_completes(every_column: Any, keys: Callable[..., None]) -> None:
    start(keys, NEW, OLD)
    columns = []

    def killed(column: str, _count: reseal.Count) -> None:
        columns.append(column)
        if len(columns) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reseal.run(killed)
    resealed_count = sum(opens_with_present_key(text) for _words, text in texts(every_column))
    assert resealed_count == 5
    count = reseal.run()
    assert (count.resealed, count.current, count.closed) == (len(every_column) - 5, 5, 0)


def test_unreadable_value_is_counted_and_left(every_column: Any, keys: Callable[..., None]) -> None:
    start(keys, NEW, OLD)
    keys(NEW)
    before = texts(every_column)
    assert reseal.run() == reseal.Count(0, 0, len(every_column))
    assert texts(every_column) == before


def test_hashes_are_recomputed_where_the_clear_text_is_sealed(keys: Callable[..., None]) -> None:
    """saas-v2 §1.3: a key cannot be used twice, even after the secret key changed."""
    keys(OLD)
    seller = make_seller()
    rotated = signing_keys.rotate_signing_key(seller, "base", now=NOW, secret="a key of sixteen letters and more")
    keys(NEW, OLD)
    reseal.run()
    assert reseal.recompute_hashes(HASHES) >= 1
    assert reseal.recompute_hashes(HASHES) == 0
    keys(NEW)
    row = SigningKey.objects.get(key_id=rotated.key_id)
    assert row.fingerprint == fingerprints(f"signing key of seller {seller.pk}", rotated.secret)[0]


def test_secrets_known_only_by_an_earlier_keys_hash_are_reported(keys: Callable[..., None]) -> None:
    keys(OLD)
    market_identity.ensure_identity(sandbox=True, now=NOW)
    start_checks._store_key_check(market_identity.identity())  # type: ignore[arg-type]
    start(keys, NEW, OLD)
    stored_identity = market_identity.identity()
    assert stored_identity is not None
    since = reseal.present_key_since(stored_identity)
    assert since is not None
    assert abs(since - clock.wall()) < timedelta(minutes=5)
    keys(OLD)
    assert reseal.present_key_since(stored_identity) is None, "this process has another key than the last one"


# --- completeness -----------------------------------------------------------------------------------------------------

BESIDE = {
    "identity/second_factor.py": "a picture that is shown for half an hour",
    "web/known_browsers.py": "a cookie", "web/pending_login.py": "a cookie", "auth_centre/pending.py": "a cookie",
    "base/sealed_rows.py": "the key checks, which each start renews", "base/secrets.py": "the module itself",
    "identity/certify.py": "Certification and the document of its submission",
    "licenses/license_files.py": "LicenseRequest.sealed_license, as licenses/deliver.py stores it",
    "licenses/deliver.py": "the same", "notifications/receivers.py": "NoticeDelivery.sealed_link",
}  # fmt: skip
"""Calls of ``seal`` whose result does not go into a name that begins with ``sealed``, and its place."""


def test_sealed_values_go_into_sealed_columns() -> None:
    misplaced = []
    for path in MARKET.rglob("*.py"):
        where = path.relative_to(MARKET).as_posix()
        if "migrations/" in where or where in BESIDE:
            continue
        tree = ast.parse(path.read_text())
        good = {
            id(inside)
            for node in ast.walk(tree)
            for name, value in _named(node)
            if name.startswith("sealed")
            for inside in ast.walk(value)
        }
        misplaced += [
            f"{where}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "seal"
            if id(node) not in good
        ]
    assert misplaced == []


def _named(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.keyword):
        yield node.arg or "", node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                yield str(key.value), value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Attribute):
                yield target.attr, node.value
            elif isinstance(target, ast.Name):
                yield target.id, node.value
            elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                yield str(target.slice.value), node.value


def test_sealed_columns_are_text() -> None:
    """Columns of other types would not be found. Timestamps of sealing are not sealed columns."""
    other_columns = [
        f"{model._meta.label}.{field.attname}"
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if field.attname.startswith("sealed") and not isinstance(field, (models.TextField, models.DateTimeField))
    ]
    assert other_columns == []


def test_documents_with_sealed_fields_are_declared() -> None:
    """A field of a stored structure whose name begins with ``sealed`` is in a JSON column."""
    structures = {}
    for path in MARKET.rglob("*.py"):
        where = path.relative_to(MARKET).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                for line in node.body:
                    if not (isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)):
                        continue
                    if line.target.id.startswith("sealed") and line.target.id != "sealed_inside":
                        structures[f"{where}:{node.name}"] = line.target.id
    not_stored = {
        "base/reseal.py:", "catalog/seller_queries.py:", "identity/second_factor.py:", "open_api/buyer_authentication.py:",
        "open_api/authentication.py:",
    }  # fmt: skip
    stored_structures = {name for name in structures if not name.startswith(tuple(not_stored))}
    assert stored_structures == {"identity/certify.py:CertificationDocument"}
    assert sealed_rows.sealed_documents() == [(apps.get_model("review", "Submission"), "document")]


KEYED = {"fingerprint", "token_hash", "code_hash", "secret_hash", "previous_hash"}


def test_modules_that_key_a_hash_declare_it() -> None:
    callers = {
        path.relative_to(MARKET).as_posix()
        for path in MARKET.rglob("*.py")
        if "import fingerprints" in path.read_text() and "migrations/" not in path.as_posix()
    } | {
        path.relative_to(MARKET).as_posix()
        for path in MARKET.rglob("*.py")
        if " fingerprints," in path.read_text() and "base.secrets import" in path.read_text()
    }
    checked = {"auth_centre/client_proof.py", "auth_centre/application_proof.py"}  # these compare only
    callers = {where for where in callers if not where.startswith("base/") and "migrations/" not in where} - checked
    declaring = {
        path.relative_to(MARKET).as_posix() for path in MARKET.rglob("*.py") if "HASHES = " in path.read_text()
    } - {"keyed_hashes.py"}
    assert callers <= declaring, callers - declaring
    assert {how.column for how in HASHES} == KEYED
