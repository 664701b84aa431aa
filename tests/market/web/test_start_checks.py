"""Conditions for starting a market; ``/readyz`` and the doctor check the same (issue 25, 4 and 5)."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.fernet import Fernet
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pydantic import SecretStr

from tests.configured import changed
from tests.factories import NOW, make_seller
from tradepost.cli import diagnosis, market_diagnosis
from tradepost.cli.findings import Level
from tradepost.market.assets.models import Proof
from tradepost.market.base import files_marker, market_identity, sealed_rows, secrets
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files, sha256_of
from tradepost.market.base.models import MarketIdentity, SandboxClock
from tradepost.market.base.secrets import seal
from tradepost.market.identity.models import SigningKey
from tradepost.market.notifications.account_mails import mail_account
from tradepost.market.web import health, start_checks
from tradepost.market.web.start_gate import StartGate

pytestmark = pytest.mark.django_db
KEYS = [f"key number {number}, long enough for the signer to take it" for number in range(3)]


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Use these secret keys, the current one first."""

    def use(*given: str) -> None:
        monkeypatch.setattr(secrets, "config", lambda: SimpleNamespace(secrets=lambda: given))
        secrets._box.cache_clear()

    yield use
    secrets._box.cache_clear()


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    return Config(data=tmp_path, sandbox=True, database_url="", secret_key=SecretStr(KEYS[0]))


def begin(settings: Config) -> None:
    start_checks.begin(settings, now=NOW)


def refusal(settings: Config) -> str:
    """Return the code of the refusal, and check that the market is unchanged."""
    before = list(MarketIdentity.objects.values())
    with pytest.raises(Refused) as refused:
        begin(settings)
    assert list(MarketIdentity.objects.values()) == before
    return refused.value.code


def test_first_start_stores_mode_id_key_check_and_marker_and_a_second_changes_nothing(settings: Config) -> None:
    begin(settings)
    [row] = MarketIdentity.objects.all()
    assert (row.mode, len(row.market_id), len(row.key_checks)) == ("sandbox", 32, 1)
    assert files_marker.read_marker(settings.files) == files_marker.Marker(row.market_id, row.files_token)
    before = list(MarketIdentity.objects.values())
    with CaptureQueriesContext(connection) as captured:
        begin(settings)
    assert list(MarketIdentity.objects.values()) == before
    assert not [query for query in captured if not query["sql"].startswith("SELECT") and "market" in query["sql"]], (
        "it only reads"
    )


def test_two_markets_have_two_ids(settings: Config, tmp_path: Path) -> None:
    begin(settings)
    first = MarketIdentity.objects.get().market_id
    MarketIdentity.objects.all().delete()
    begin(settings.model_copy(update={"data": tmp_path / "other"}))
    assert MarketIdentity.objects.get().market_id != first


def test_only_one_identity_can_exist() -> None:
    from django.db import IntegrityError

    with pytest.raises(IntegrityError):
        MarketIdentity.objects.create(pk=2, market_id="x", mode="sandbox", created_at=NOW)


def test_first_process_decides_the_mode(settings: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process stored the other mode between this process's check and its write."""
    real = market_identity.identity

    def other_is_first() -> MarketIdentity | None:
        monkeypatch.setattr(market_identity, "identity", real)
        identity = real()
        market_identity.ensure_identity(sandbox=False, now=NOW)
        return identity

    monkeypatch.setattr(market_identity, "identity", other_is_first)
    with pytest.raises(Refused, match=r"market\.other_mode"):
        market_identity.ensure_identity(sandbox=True, now=NOW)
    assert MarketIdentity.objects.get().mode == "production"


# --- the secret key ---------------------------------------------------------------------------------------------------


def test_old_market_is_checked_by_its_sealed_values(settings: Config, keys: Callable[..., None]) -> None:
    """Every column whose name begins with ``sealed`` is checked, not only keys of sellers."""
    keys(KEYS[0])
    mail_account("account_exists", "a@x.example", link="/", language="en", now=NOW)
    keys(KEYS[1])
    assert refusal(settings) == "market.secret_key"
    keys(KEYS[0])
    begin(settings)


def test_earlier_key_is_needed_while_values_are_sealed_with_it(
    settings: Config, keys: Callable[..., None]
) -> None:  # fmt: skip
    seller = make_seller()
    SigningKey.objects.filter(seller=seller).delete()
    keys(KEYS[0])
    begin(settings)
    keys(KEYS[1], KEYS[0])
    begin(settings)
    for position in range(9):
        # The oldest and the newest rows can be read with the current key.
        keys(KEYS[0] if position == 4 else KEYS[1])
        add_key(seller, position)
    keys(KEYS[2], KEYS[1], KEYS[0])
    begin(settings)
    assert len(MarketIdentity.objects.get().key_checks) == 3
    keys(KEYS[2], KEYS[1])
    assert refusal(settings) == "market.secret_key"
    SigningKey.objects.filter(key_id="4").delete()
    begin(settings)
    assert len(MarketIdentity.objects.get().key_checks) == 2, "nothing is sealed with that key any more"


def add_key(seller, position: int) -> None:
    SigningKey.objects.create(
        seller=seller, interface_class="base", key_id=str(position), sealed=seal("x"), hint="", created_at=NOW,
        valid_until=NOW,
    )  # fmt: skip


def test_every_sealed_column_is_tried() -> None:
    columns = {f"{model._meta.label}.{column}" for model, column in sealed_rows.sealed_columns()}
    assert {
        "identity.SigningKey.sealed", "identity.AccessKey.sealed", "identity.SecondFactor.sealed",
        "identity.Certification.sealed_account", "subscriptions.Subscription.sealed_access",
        "subscriptions.Subscription.sealed_license", "production.Call.sealed_answer", "applications.Client.sealed_secret",
        "notifications.Endpoint.sealed_address", "notifications.Endpoint.sealed_secret",
        "notifications.NoticeDelivery.sealed_link", "licenses.LicenseRequest.sealed_license",
        "compute.Server.sealed_login", "compute.Task.sealed_login", "service_desk.Demand.sealed_token",
    } <= columns  # fmt: skip


# --- the files folder -------------------------------------------------------------------------------------------------


def proof(content: bytes = b"%PDF-1.4 a certificate") -> str:
    sha256 = sha256_of(content)
    Proof.objects.create(
        seller=make_seller(), sha256=sha256, kind="application/pdf", name="p.pdf", bytes=len(content), created_at=NOW
    )
    return sha256


def test_folder_from_before_the_rule_is_marked_only_when_complete(settings: Config) -> None:
    sha256 = proof()
    assert refusal(settings) == "market.files"
    assert not settings.files.exists()
    settings.files.mkdir()
    (settings.files / "something").touch()
    assert refusal(settings) == "market.files"
    Files(settings.files).put(b"%PDF-1.4 a certificate")
    begin(settings)
    Files(settings.files).path(sha256).unlink()
    begin(settings)  # the folder is set; the doctor names the missing files


def test_second_machine_with_its_own_folder_is_refused(settings: Config, tmp_path: Path) -> None:
    other = settings.model_copy(update={"data": tmp_path / "other machine"})
    other.files.mkdir(parents=True)
    begin(settings)
    assert refusal(other) == "market.files"
    assert list(other.files.iterdir()) == []
    # Simultaneously: the second process had found no marker of the market yet.
    identity = MarketIdentity.objects.get()
    identity.files_token = ""
    assert files_marker.claim(other.files, identity) is files_marker.FolderState.MISSING
    assert list(other.files.iterdir()) == []
    begin(settings)


def test_folder_of_another_market_is_refused(settings: Config) -> None:
    begin(settings)
    MarketIdentity.objects.all().delete()
    assert refusal(settings) == "market.files"
    (settings.files / files_marker.NAME).write_text("é", encoding="utf-8")
    assert refusal(settings) == "market.files"


def test_start_that_stopped_after_the_marker_continues(settings: Config) -> None:
    begin(settings)
    MarketIdentity.objects.update(files_token="")
    begin(settings)
    assert files_marker.folder_state(settings.files, MarketIdentity.objects.get()) is files_marker.FolderState.OK


# --- /readyz and the doctor -------------------------------------------------------------------------------------------


def other_mode(settings: Config) -> None:
    MarketIdentity.objects.update(mode="production")


def no_marker(settings: Config) -> None:
    (settings.files / files_marker.NAME).unlink()


def another_key(settings: Config) -> None:
    closed = Fernet(Fernet.generate_key()).encrypt(b"x").decode()
    MarketIdentity.objects.update(key_checks=[closed])


def later_migration(settings: Config) -> None:
    MigrationRecorder(connection).record_applied("orders", "9999_later")


def earlier_migration(settings: Config) -> None:
    newest = MigrationRecorder.Migration.objects.filter(app="notifications").order_by("-name").first()
    assert newest is not None
    MigrationRecorder(connection).record_unapplied("notifications", newest.name)


@pytest.mark.parametrize("damage", [other_mode, no_marker, another_key, later_migration, earlier_migration])
def test_start_readyz_and_doctor_agree(
    client: Client, settings: Config, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Config], None]
) -> None:
    monkeypatch.setattr(health, "config", lambda: settings)
    monkeypatch.setattr(health, "_applied_once", False)
    begin(settings)
    assert client.get("/readyz").json()["ready"] is True
    assert failed(settings) == []
    damage(settings)
    monkeypatch.setattr(health, "_applied_once", False)
    assert client.get("/readyz").status_code == 503
    [reason] = client.get("/readyz").json()["reasons"]
    assert str(settings.data) not in reason, "the probe is open to everybody"
    assert len(failed(settings)) == 1
    assert refusal(settings).startswith("market.")


def failed(settings: Config) -> list[str]:
    database = list(diagnosis.check_database(settings))
    checks = [
        *database,
        *market_diagnosis.check_mode(settings),
        *market_diagnosis.check_sealed(),
        *market_diagnosis.check_files_folder(settings),
        *market_diagnosis.check_ledger(),
    ]
    return [check.area for check in checks if check.level is Level.FAIL]


def test_doctor_reports_mode_and_id_and_what_the_first_start_stores(settings: Config) -> None:
    [before] = market_diagnosis.check_mode(settings)
    assert (before.level, before.said) == (Level.WARN, "No mode is stored yet; the first start stores sandbox.")
    begin(settings)
    [after] = market_diagnosis.check_mode(settings)
    assert (after.level, after.said) == (Level.OK, f"Sandbox market, id {MarketIdentity.objects.get().market_id}.")


def test_doctor_names_a_missing_file_and_passes_when_it_is_back(settings: Config) -> None:
    begin(settings)
    sha256 = proof()
    folder, files = market_diagnosis.check_files_folder(settings)
    assert (folder.level, files.level) == (Level.OK, Level.FAIL)
    assert sha256 in files.said
    Files(settings.files).put(b"%PDF-1.4 a certificate")
    assert {check.level for check in market_diagnosis.check_files_folder(settings)} == {Level.OK}


def test_doctor_verifies_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.factories import make_buyer
    from tradepost.market.payments.models import Account

    buyer = make_buyer(balance="100")
    assert {check.level for check in market_diagnosis.check_ledger()} == {Level.OK}
    Account.objects.filter(user=buyer).update(balance_minor=1)
    checks = list(market_diagnosis.check_ledger())
    assert {check.level for check in checks} == {Level.FAIL}
    assert "says 1, its entries 10000" in checks[0].said
    monkeypatch.setattr(market_diagnosis, "MAX_PROBLEMS", 0)
    assert [check.said for check in market_diagnosis.check_ledger()] == ["And 1 more problems."]


def test_sandbox_without_a_stored_mode_is_recognised_by_its_clock(settings: Config) -> None:
    SandboxClock.objects.create(pk=1, offset=timedelta(days=1))
    assert refusal(settings.model_copy(update={"sandbox": False})) == "market.other_mode"
    begin(settings)


# --- before the first request -----------------------------------------------------------------------------------------


def test_web_process_answers_503_until_the_checks_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reaches the market before: neither a page nor an API."""
    reached, outcomes = [], [OperationalError("away"), Refused("market.files", "no marker"), None]

    def check() -> None:
        if (outcome := outcomes.pop(0)) is not None:
            raise outcome

    class App:
        async def __rsgi__(self, scope: SimpleNamespace, _exchange: object) -> None:
            reached.append(scope.path)

    answered: list[int] = []
    exchange = SimpleNamespace(response_str=lambda status, head, words: answered.append(int(status)))
    monkeypatch.setattr("tradepost.market.web.start_gate.CHECK_INTERVAL", 0.0)
    gate = StartGate(App(), check=check, passed=False)

    async def ask(path: str) -> None:
        await gate.__rsgi__(SimpleNamespace(path=path), exchange)

    async def all_of_them() -> None:
        for path in ("/healthz", "/", "/api/mkp-openapi-public/v1/order/query", "/readyz", "/", "/account/login/"):
            await ask(path)

    asyncio.run(all_of_them())
    assert answered == [503, 503]
    assert reached == ["/healthz", "/readyz", "/", "/account/login/"]
    assert outcomes == [], "once passed, it is not checked again"


@pytest.mark.parametrize(("adapter", "message"), [("nimbus", "no cloud 'nimbus'"), ("ec2", "needs a cloud file")])
def test_incomplete_cloud_settings_stop_the_start_with_an_explanation(
    settings: Config, adapter: str, message: str
) -> None:
    wrong = changed(settings, compute_adapter=adapter)
    assert refusal(wrong) == "market.cloud"
    problem = start_checks.cloud_problem(wrong)
    assert problem is not None
    assert message in problem.words
    assert "doctor" in problem.public
    assert start_checks.cloud_problem(settings) is None


def test_read_only_files_folder_stops_the_start_with_an_explanation_and_nothing_is_stored(
    settings: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only mount, or a full disk."""

    def read_only(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(files_marker, "claim", read_only)
    with pytest.raises(Refused, match=r"cannot be written to \(Read-only file system\)") as refused:
        begin(settings)
    assert refused.value.code == "market.files"
    assert not MarketIdentity.objects.exists()
    monkeypatch.undo()
    begin(settings)
    assert MarketIdentity.objects.exists()
