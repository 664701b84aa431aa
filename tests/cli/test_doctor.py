"""Findings of the doctor, with their remedies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from cryptography.fernet import Fernet
from django.test import override_settings
from pydantic import SecretStr

from tests import migrated
from tests.cli.command_line import Market
from tests.configured import configured
from tests.factories.images import make_image
from tradepost.cli import bank_diagnosis, cloud_diagnosis, diagnosis, market_diagnosis, sms_diagnosis
from tradepost.cli.findings import Level
from tradepost.cli.serve import free_port
from tradepost.market.base import clock, retention
from tradepost.market.base.config import Config
from tradepost.market.base.models import Job, Move, SandboxClock, WorkerProcess
from tradepost.market.base.secrets import seal
from tradepost.market.compute import registry
from tradepost.market.identity.models import Seller, SigningKey, User
from tradepost.market.old_rows import RETENTION
from tradepost.market.settings import mail as mail_settings
from tradepost.market.settings import sms as made_of
from tradepost.market.web.start_checks import sealed_problem

GOOD_KEY = "kZ3x9QwLr7TnV2bYc5MfHs8JdPa4GuEe"


def config(**settings) -> Config:
    return configured(**{"sandbox": False, "secret_key": SecretStr(GOOD_KEY), **settings})


def levels(findings) -> list[tuple[str, Level]]:
    return [(finding.area, finding.level) for finding in findings]


def test_missing_market_is_reported_and_not_created(tmp_path):
    folder = tmp_path / "mistyped"
    folder.mkdir()
    done = Market(folder).run("doctor", "--json", TRADEPOST_DATA=str(folder / "data"))
    assert done.returncode == 1
    [finding] = json.loads(done.stdout)
    assert (finding["area"], finding["level"], finding["todo"]) == ("market", "fail", "tradepost up")
    assert str(folder / "data") in finding["said"]
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_fresh_database_fails_until_it_is_migrated(tmp_path):
    market = Market(tmp_path)
    (tmp_path / "tradepost.sqlite3").touch()
    before = market.run("doctor", "--json", TRADEPOST_SANDBOX="1")
    assert before.returncode == 1
    found = {finding["area"]: finding for finding in json.loads(before.stdout)}
    assert found["migrations"]["level"] == "fail"
    assert found["migrations"]["todo"] == "tradepost migrate"
    assert "workers" not in found, "what stands on the migrations is not asked"
    assert found["secret key"]["said"].startswith("There is none yet")
    assert not (tmp_path / "secret.key").exists(), "it changes nothing"
    migrated.create_sqlite(tmp_path / "tradepost.sqlite3")  # as the command leaves it: test_market_commands.py
    after = market.run("doctor", "--json", TRADEPOST_SANDBOX="1")
    assert after.returncode == 0, after.stdout
    found = {finding["area"]: finding for finding in json.loads(after.stdout)}
    assert {
        area: found[area]["level"] for area in ("database", "migrations", "writing", "clock", "workers", "web")
    } == {
        "database": "ok",
        "migrations": "ok",
        "writing": "ok",
        "clock": "ok",
        "workers": "warn",
        "web": "warn",
    }
    assert all(finding["todo"] for finding in found.values() if finding["level"] != "ok")
    table = market.run("doctor", TRADEPOST_SANDBOX="1")
    assert "Nothing failed, " in table.stdout


@pytest.mark.slow
def test_wrong_settings_are_a_separate_finding(tmp_path):
    done = Market(tmp_path).run("doctor", "--json", TRADEPOST_PORT="0")
    assert done.returncode == 1
    assert json.loads(done.stdout) == [
        {
            "area": "settings",
            "level": "fail",
            "said": "Settings are wrong. TRADEPOST_PORT: Input should be greater than or equal to 1",
            "todo": "Correct the environment or the file .env.",
        }
    ]


@pytest.mark.slow
def test_unreachable_database_is_the_only_failure(tmp_path):
    done = Market(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing").run("doctor", "--json")
    assert done.returncode == 1
    areas = [finding["area"] for finding in json.loads(done.stdout)]
    assert areas.count("database") == 1
    assert {"migrations", "writing", "workers", "sealed secrets"}.isdisjoint(areas)
    assert {"mail", "disk", "assets", "secret key"} <= set(areas)


@pytest.mark.parametrize(
    ("settings", "level"),
    [
        ({"public_url": "https://market.example.com"}, Level.OK),
        ({"public_url": "http://market.example.com"}, Level.FAIL),
        ({"public_url": "https://127.0.0.1:8000"}, Level.FAIL),
        ({"public_url": "https://localhost"}, Level.FAIL),
        ({"public_url": "https://market.example.com/shop"}, Level.FAIL),
        ({"public_url": "market.example.com"}, Level.FAIL),
        ({"public_url": "https://market.example.com", "allowed_hosts": ("shop.example.com",)}, Level.FAIL),
        ({"public_url": "https://market.example.com", "allowed_hosts": (".example.com",)}, Level.OK),
        ({"public_url": "", "sandbox": True}, Level.OK),
    ],
)
def test_public_url_must_be_safe_for_visitors(settings, level):
    assert levels(diagnosis.check_public_url(config(**settings))) == [("public URL", level)]


@pytest.mark.parametrize(("key", "level"), [(GOOD_KEY, Level.OK), ("short", Level.FAIL), ("ab" * 32, Level.FAIL)])
def test_guessable_secret_key_fails(key, level):
    assert levels(diagnosis.check_secret_key(config(secret_key=SecretStr(key)))) == [("secret key", level)]


@pytest.mark.parametrize(("mode", "level"), [(0o600, Level.OK), (0o644, Level.FAIL), (0o640, Level.FAIL)])
def test_key_file_readable_by_others_fails(tmp_path, mode, level):
    settings = config(data=tmp_path, secret_key=SecretStr(""))
    settings.secrets()
    (tmp_path / "secret.key").chmod(mode)
    [finding] = diagnosis.check_secret_key(settings)
    assert finding.level is level
    assert (finding.todo == f"chmod 600 {tmp_path / 'secret.key'}") is (level is Level.FAIL)


@pytest.mark.django_db
def test_secrets_that_no_key_opens_fail():
    assert levels(market_diagnosis.check_sealed()) == [("sealed secrets", Level.OK)]
    assert sealed_problem(None) is None
    seller = Seller.objects.create(
        name="云帆", slug="yunfan", contact_email="a@yunfan.example", created_at=clock.wall()
    )
    for position, sealed in enumerate((seal("open"), Fernet(Fernet.generate_key()).encrypt(b"closed").decode())):
        SigningKey.objects.create(
            seller=seller,
            interface_class=SigningKey.InterfaceClass.values[position],
            key_id=str(position),
            sealed=sealed,
            hint="",
            created_at=clock.wall(),
        )
    [finding] = market_diagnosis.check_sealed()
    assert (finding.level, finding.said) == (Level.FAIL, "1 of 2 cannot be opened: the secret key was changed.")
    problem = sealed_problem(None)
    assert problem is not None
    assert "cannot be opened (1 of 2 tried)" in problem.words
    assert "Put back the secret key, or add the earlier key to TRADEPOST_OLD_SECRET_KEYS." in problem.words


@pytest.mark.django_db
def test_database_is_unchanged_by_the_write_check():
    findings = list(diagnosis.check_database(config(sandbox=True)))
    assert {finding.level for finding in findings} == {Level.OK}
    assert [finding.area for finding in findings] == ["database", "schema", "migrations", "writing"]
    assert User.objects.count() == 0


@pytest.mark.django_db
def test_sandbox_database_in_a_real_market_fails():
    SandboxClock.objects.create(pk=1, offset=timedelta(days=30))
    real = [finding.level for finding in diagnosis.check_clock(config())]
    assert real[-1] is Level.FAIL
    assert {finding.level for finding in diagnosis.check_clock(config(sandbox=True))} == {Level.OK}


@pytest.mark.django_db
def test_only_recently_seen_workers_are_counted():
    WorkerProcess.objects.create(name="old", started_at=clock.wall(), seen_at=clock.wall() - timedelta(seconds=16))
    assert levels(diagnosis.check_workers()) == [("workers", Level.WARN)]
    WorkerProcess.objects.create(name="new", started_at=clock.wall(), seen_at=clock.wall())
    assert [(f.level, f.said) for f in diagnosis.check_workers()] == [(Level.OK, "1 alive.")]


def test_mail_server_is_checked_without_sending():
    controller = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        url = f"smtp://127.0.0.1:{controller.port}"
        with override_settings(MAILERS={"default": mail_settings(url)}):
            own = config(mail_url=url, mail_from="Market <noreply@market.example>")
            assert levels(diagnosis.check_mail(own)) == [("mail", Level.OK)]
            [_ok, sender] = diagnosis.check_mail(config(mail_url=url))
            assert (sender.level, "TRADEPOST_MAIL_FROM" in sender.todo) == (Level.WARN, True)
        # This server has no accounts, so it accepts none.
        wrong = url.replace("//", "//user:password@")
        with override_settings(MAILERS={"default": mail_settings(wrong)}):
            assert levels(diagnosis.check_mail(config(mail_url=wrong))) == [("mail", Level.FAIL)]
    finally:
        controller.stop()
    with override_settings(MAILERS={"default": mail_settings(url)}):
        [finding] = diagnosis.check_mail(config(mail_url=url))
    assert (finding.level, finding.todo) == (Level.FAIL, "Correct TRADEPOST_MAIL_URL.")


def test_mail_into_files_is_only_enough_for_a_sandbox():
    assert levels(diagnosis.check_mail(config(mail_url="", sandbox=True))) == [("mail", Level.OK)]
    assert levels(diagnosis.check_mail(config(mail_url=""))) == [("mail", Level.WARN)]


def test_check_that_raises_is_a_finding():
    def broken():
        raise ZeroDivisionError("no reason")

    [finding] = diagnosis._guarded("disk", broken)
    assert (finding.area, finding.level, finding.said) == ("disk", Level.FAIL, "The check itself failed: no reason")


@pytest.mark.django_db
def test_retained_rows_and_late_nightly_run_are_reported():
    """operations.md, issue 7: doctor says how much of each is kept and since when."""
    now = clock.now()
    Move.objects.create(lifecycle="call", subject="1", event="e", before="a", after="b", at=now, actor="x")
    found = list(diagnosis.check_retention(config(keep_notices_days=0)))
    assert levels(found)[0] == ("retention", Level.WARN)
    assert "never scheduled" in found[0].said
    assert [finding.said.partition(":")[0] for finding in found[1:]] == [rule.name for rule in RETENTION]
    assert any(finding.said.startswith("moves: 1 rows, the oldest of 20") for finding in found)
    assert any(finding.said == "notices: 0 rows; kept for ever." for finding in found)
    retention.schedule(now - timedelta(hours=30))
    assert "The nightly run is 1 day 6 hours late." in [f.said for f in diagnosis.check_retention(config())]
    Job.objects.update(due_at=now, error="Traceback\nValueError: broken")
    assert "The nightly run fails: ValueError: broken" in [f.said for f in diagnosis.check_retention(config())]
    Job.objects.update(error="")
    assert {level for _, level in levels(diagnosis.check_retention(config()))} == {Level.OK}


@pytest.mark.parametrize(
    ("url", "sandbox", "level", "said"),
    [
        ("", False, Level.OK, "No provider is set"),
        ("", True, Level.OK, "not sent"),
        ("aliyun://k:s@/?sign=a&template=b&code_template=c", False, Level.OK, "Sent by aliyun"),
        ("aliyun://k:s@/", False, Level.FAIL, "?sign="),
        ("pigeon://k:s@/", False, Level.FAIL, "no SMS adapter 'pigeon'"),
    ],
)
def test_sms_provider_is_named_without_its_secret(settings, url: str, sandbox: bool, level: Level, said: str) -> None:
    settings.SMS = made_of(url, sandbox=sandbox)
    [finding] = sms_diagnosis.check_sms(config(sandbox=sandbox))
    assert finding.level == level
    assert said in finding.said


@pytest.fixture
def _clouds() -> Iterator[None]:
    registry.cloud.cache_clear()
    yield
    registry.cloud.cache_clear()


CLOUD_FILE = """
region = "r1"
endpoint = "http://127.0.0.1:9"
title = { en = "a", zh = "b" }
[[sizes]]
code = "s"
flavour = "f"
disk_gb = 1
title = { en = "a", zh = "b" }
[credentials]
access_key = "a"
secret_key = "never shown"
"""


@pytest.mark.usefixtures("_clouds")
@pytest.mark.parametrize(
    ("adapter", "file", "found"),
    [
        ("", None, [(Level.OK, "No cloud is set")]),
        ("ec2", None, [(Level.FAIL, "needs a cloud file")]),
        ("nimbus", None, [(Level.FAIL, "no cloud 'nimbus'")]),
        ("ec2", "region = ", [(Level.FAIL, "not a valid cloud file")]),
        ("ec2", CLOUD_FILE, [(Level.FAIL, "127.0.0.1:9"), (Level.FAIL, "can be read by others")]),
    ],
)
def test_cloud_is_checked_without_its_secret(
    settings, tmp_path: Path, adapter: str, file: str | None, found: list[tuple[Level, str]]
) -> None:
    path = tmp_path / "cloud.toml"
    if file is not None:
        path.write_text(file)
        path.chmod(0o644)
    asked = config(sandbox=False, compute_adapter=adapter, compute_file=path if file is not None else None)
    settings.COMPUTE = {
        "file": asked.compute.compute_file,
        "outbound": asked.outbound,
        "access_key": "",
        "secret_key": "",
    }
    findings = list(cloud_diagnosis.check_cloud(asked))
    assert [one.level for one in findings] == [level for level, _said in found]
    for finding, (_level, said) in zip(findings, found, strict=True):
        assert said in finding.said
        assert "never shown" not in finding.said + finding.todo


@pytest.mark.django_db
def test_image_on_sale_that_is_not_imported_is_named(tmp_path: Path) -> None:
    product = make_image()
    path = tmp_path / "cloud.toml"
    path.write_text(CLOUD_FILE)
    asked = config(sandbox=False, compute_adapter="ec2", compute_file=path)
    [finding] = cloud_diagnosis.check_cloud_images(asked)
    assert (finding.level, f"product:{product.pk}" in finding.said) == (Level.WARN, True)
    path.write_text(f'{CLOUD_FILE}[imported]\n"product:{product.pk}" = "img"\n')
    assert list(cloud_diagnosis.check_cloud_images(asked)) == []


ACCOUNT = {"currency": "CNY", "holder": "商埠", "bank": "招商银行", "number": "755900001234"}


@pytest.mark.parametrize(
    ("accounts", "sandbox", "found"),
    [
        ((), False, [(Level.WARN, "None is set in CNY")]),
        (({**ACCOUNT, "currency": "USD"},), False, [(Level.WARN, "None is set in CNY")]),
        ((), True, [(Level.OK, "The sandbox's own")]),
        ((ACCOUNT,), False, [(Level.OK, "CNY: 招商银行, ending in 1234.")]),
        ((ACCOUNT, ACCOUNT), False, [(Level.FAIL, "several accounts in CNY"), (Level.OK, "ending in 1234")]),
    ],
)
def test_missing_bank_account_is_reported(accounts, sandbox: bool, found: list[tuple[Level, str]]) -> None:
    said = list(bank_diagnosis.check_bank_account(config(sandbox=sandbox, bank_accounts=accounts)))
    assert [finding.level for finding in said] == [level for level, _ in found]
    assert all(words in finding.said for finding, (_, words) in zip(said, found, strict=True))
    assert all(finding.todo for finding in said if finding.level != Level.OK)
