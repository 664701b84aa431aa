"""The checks of ``tradepost doctor``: each looks at one thing and says what it found. Needs an open market."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.mail import mailers
from django.db import Error, connection, transaction
from django.utils import timezone

from tradepost.cli import durations, migrate
from tradepost.cli.bank_diagnosis import check_bank_account
from tradepost.cli.cloud_diagnosis import check_cloud, check_cloud_images
from tradepost.cli.findings import Finding, fail, ok, warn
from tradepost.cli.mailbox_diagnosis import check_mailbox
from tradepost.cli.market_diagnosis import check_files_folder, check_ledger, check_mode, check_sealed
from tradepost.cli.network_diagnosis import check_networks
from tradepost.cli.private_files import open_to_others
from tradepost.cli.sms_diagnosis import check_sms
from tradepost.cli.up import answers
from tradepost.cli.usage_diagnosis import check_usage_records
from tradepost.market.base import clock, retention
from tradepost.market.base.config import Config
from tradepost.market.base.models import SandboxClock
from tradepost.market.identity.models import User
from tradepost.market.old_rows import RETENTION
from tradepost.market.web import health, start_checks

SHORTEST_KEY = 32
FEWEST_DIFFERENT = 12
OLDEST_POSTGRESQL = 15
OLDEST_SQLITE = (3, 35)
LITTLE_DISK, NO_DISK = 2_000_000_000, 200_000_000
CLOCK_WARN, CLOCK_FAIL = timedelta(seconds=1), timedelta(seconds=30)
MAIL_TIMEOUT = 5
MOST_DIFFERENCES = 10
ASSETS = ("vendor/tabler.min.css", "vendor/htmx.min.js", "web/tradepost.js")


def all_findings(config: Config) -> tuple[Finding, ...]:
    database = tuple(_guarded("database", lambda: check_database(config)))
    found = [
        *_guarded("settings", lambda: check_settings(config)),
        *_guarded("public URL", lambda: check_public_url(config)),
        *_guarded("secret key", lambda: check_secret_key(config)),
        *database,
    ]
    if all(finding.level != "fail" for finding in database):  # else each would only say the same again
        for area, check in (
            ("market", lambda: check_mode(config)),
            ("sealed secrets", check_sealed),
            ("files", lambda: check_files_folder(config)),
            ("ledger", check_ledger),
            ("clock", lambda: check_clock(config)),
            ("workers", check_workers),
            ("accounts", check_accounts),
            ("retention", lambda: check_retention(config)),
            ("usage records", check_usage_records),
            ("cloud", lambda: check_cloud_images(config)),
        ):
            found += _guarded(area, check)
    for area, check in (
        ("web", lambda: check_web(config)),
        ("mail", lambda: check_mail(config)),
        ("sms", lambda: check_sms(config)),
        ("mailbox", lambda: check_mailbox(config)),
        ("bank account", lambda: check_bank_account(config)),
        ("networks", lambda: check_networks(config)),
        ("cloud", lambda: check_cloud(config)),
        ("data folder", lambda: check_data_folder(config)),
        ("disk", lambda: check_disk(config)),
        ("assets", check_assets),
    ):
        found += _guarded(area, check)
    return tuple(found)


def _guarded(area: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as fault:  # noqa: BLE001  # a check that breaks is itself a finding, and the others still count
        said = (str(fault) or type(fault).__name__).splitlines()[0]
        yield fail(area, f"The check itself failed: {said}", "Report this with the output of tradepost doctor --json.")


def check_settings(config: Config) -> Iterator[Finding]:
    kind = "sandbox" if config.sandbox else "real market"
    if config.debug and not config.sandbox:
        yield fail("settings", "TRADEPOST_DEBUG is on: pages of errors show the inside.", "Unset TRADEPOST_DEBUG.")
    else:
        yield ok("settings", f"A {kind}; data in {config.data.resolve()}")


def check_public_url(config: Config) -> Iterator[Finding]:
    area, url = "public URL", config.base_url
    todo = "Set TRADEPOST_PUBLIC_URL to what people type, such as https://market.example.com."
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.scheme not in {"http", "https"} or parts.path or parts.query or parts.username:
        yield fail(area, f"{url} is not an address of a whole site.", todo)
    elif config.allowed_hosts and not _allowed(host, config.allowed_hosts):
        yield fail(area, f"{host} is not among TRADEPOST_ALLOWED_HOSTS, so nobody gets in.", f"Add {host} to it.")
    elif config.sandbox:
        yield ok(area, url)
    elif _is_loopback(host):
        yield fail(area, f"{url} reaches this machine only; links in mails lead nowhere.", todo)
    elif parts.scheme != "https":
        yield fail(area, f"{url} is not encrypted: passwords travel in the clear.", todo)
    else:
        yield ok(area, url)
    yield from _open_doors(config)


WIDEST_OF_PROXIES = 256
"""Addresses of a network that may well hold only proxies."""


def _open_doors(config: Config) -> Iterator[Finding]:
    """Ways in beside the proxy that the address of the market stands for."""
    if "*" in config.allowed_hosts:
        yield warn(
            "allowed hosts",
            "TRADEPOST_ALLOWED_HOSTS is *: the market answers to whatever name a request gives it.",
            "Leave it empty, or list the names that people and programs use.",
        )
    for network in config.trusted_proxies:
        if not network.is_loopback and network.num_addresses > WIDEST_OF_PROXIES:
            yield warn(
                "trusted proxies",
                f"Every machine in {network} can choose the address that limits of visitors count by.",
                "List the addresses of the proxies alone in TRADEPOST_TRUSTED_PROXIES.",
            )
    if config.base_url.startswith("https://") and not _is_loopback(config.host):
        yield warn(
            "open port",
            f"{config.host}:{config.port} can be reached past the TLS proxy, without encryption, and what it then says of "
            "the sender is believed.",
            "Set TRADEPOST_HOST to 127.0.0.1, or let only the proxy reach this port.",
        )


def _allowed(host: str, allowed: tuple[str, ...]) -> bool:
    return any(name in {"*", host} or (name.startswith(".") and f".{host}".endswith(name)) for name in allowed)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_secret_key(config: Config) -> Iterator[Finding]:
    area, path = "secret key", config.data / "secret.key"
    if not (config.secret_key.get_secret_value() or path.exists()):
        yield warn(
            area,
            f"There is none yet: {path} is made at the first start.",
            "Set TRADEPOST_SECRET_KEY where several machines run one market.",
        )
        return
    key = config.secrets()[0]
    if len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_DIFFERENT:
        yield fail(
            area,
            f"It can be guessed: {len(key)} characters, {len(set(key))} different ones.",
            f"Set TRADEPOST_SECRET_KEY to {SHORTEST_KEY} random characters or more, the present one in "
            "TRADEPOST_OLD_SECRET_KEYS.",
        )
        return
    if config.secret_key.get_secret_value():
        yield ok(area, "Set by TRADEPOST_SECRET_KEY, long enough.")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if sys.platform != "win32" and mode & 0o077:
        yield fail(area, f"{path} can be read by others (mode {mode:04o}).", f"chmod 600 {path}")
    else:
        yield ok(area, f"In {path}, for its owner only. Keep a copy: without it sealed secrets are lost.")


def check_data_folder(config: Config) -> Iterator[Finding]:
    """Who may read it; of the key in it ``check_secret_key`` tells."""
    area, folder = "data folder", config.data.resolve()
    if sys.platform == "win32":
        return
    wide = [path for path in open_to_others(folder) if path.name != "secret.key"]
    for path in wide:
        mode = stat.S_IMODE(path.stat().st_mode)
        yield fail(
            area,
            f"{path} can be read by other users of this machine (mode {mode:04o}): sessions, mails, hashes of passwords.",
            f"chmod go-rwx {path} (the next start does so too)",
        )
    if not wide:
        yield ok(area, f"What is in {folder} is for its owner only.")


def check_database(config: Config) -> Iterator[Finding]:
    area = "database"
    try:
        connection.ensure_connection()
    except Error as fault:
        said = (str(fault) or type(fault).__name__).splitlines()[0]
        yield fail(area, f"It cannot be reached: {said}", "Start it, or correct DATABASE_URL.")
        return
    yield from _server()
    migrations = start_checks.newer_problem() or start_checks.older_problem(health.missing_migrations())
    if migrations is not None:
        todo = "Upgrade Tradepost." if migrations.code == "market.newer_database" else "tradepost migrate"
        yield fail("migrations", migrations.words, todo)
    elif different := health.different_schema():
        for said in different[:MOST_DIFFERENCES]:
            yield fail("schema", f"{said[0].upper()}{said[1:]}.", migrate.REMEDY)
        if (more := len(different) - MOST_DIFFERENCES) > 0:
            yield fail("schema", f"And {more} more differences.", migrate.REMEDY)
    else:
        yield ok("schema", "The tables are those of this version.")
        yield ok("migrations", "All applied.")
        yield from _writes()
    if not config.database_url and not config.sandbox:
        yield warn(
            area, "SQLite serves one machine and one writer at a time.", "For more, set DATABASE_URL to a PostgreSQL."
        )


def _server() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW server_version_num")
            number = int(cursor.fetchone()[0])
            said = f"PostgreSQL {number // 10_000}.{number % 10_000}"
            if number < OLDEST_POSTGRESQL * 10_000:
                yield fail("database", f"{said} is too old.", f"Upgrade it to {OLDEST_POSTGRESQL} or later.")
            else:
                yield ok("database", said)
            return
        cursor.execute("SELECT sqlite_version()")
        version: str = cursor.fetchone()[0]
        cursor.execute("PRAGMA journal_mode")
        journal: str = cursor.fetchone()[0]
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_SQLITE:
        yield fail("database", f"SQLite {version} is too old.", "Use a newer Python, or PostgreSQL.")
    elif journal != "wal":
        yield fail(
            "database",
            f"SQLite {version} cannot keep its journal as WAL here (it is {journal}), so readers block writers.",
            "Put the data folder on a local disk, not on a network share.",
        )
    else:
        yield ok("database", f"SQLite {version}, journal WAL")


def _writes() -> Iterator[Finding]:
    try:
        with transaction.atomic():
            User.objects.create_user("doctor@tradepost.invalid")
            transaction.set_rollback(True)
    except Error as fault:
        yield fail(
            "writing", f"It cannot be written to: {str(fault).splitlines()[0]}", "Give its user the rights, or room."
        )
    else:
        yield ok("writing", "A row was written, and taken back.")


def check_clock(config: Config) -> Iterator[Finding]:
    if connection.vendor == "postgresql":
        before = clock.wall()
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            there = cursor.fetchone()[0]
        here = before + (clock.wall() - before) / 2
        apart = abs(there - here)
        said = f"This machine and the database are {apart.total_seconds():.2f} s apart."
        todo = "Let both keep time by NTP: signatures and leases depend on it."
        if apart > CLOCK_FAIL:
            yield fail("clock", said, todo)
        elif apart > CLOCK_WARN:
            yield warn("clock", said, todo)
        else:
            yield ok("clock", said)
    offset = SandboxClock.objects.filter(pk=1).values_list("offset", flat=True).first() or timedelta()
    if config.sandbox:
        yield ok(
            "clock", f"The sandbox is {durations.words(offset)} ahead." if offset else "The sandbox is at real time."
        )
    elif offset:
        said = f"This database was a sandbox, its clock {durations.words(offset)} ahead; rows lie in the future."
        yield fail("clock", said, "Begin a real market with a fresh database.")
    elif connection.vendor != "postgresql":
        yield ok("clock", "Real time; the database is on this machine.")


def check_workers() -> Iterator[Finding]:
    alive = health.living_workers()
    if alive:
        yield ok("workers", f"{alive} alive.")
    else:
        yield warn("workers", "None is running, so sellers are not called.", "tradepost up, or tradepost worker")


def check_accounts() -> Iterator[Finding]:
    if User.objects.filter(is_operator=True, is_active=True).exists():
        yield ok("accounts", "There is an operator.")
    else:
        yield warn("accounts", "Nobody can enter the console.", "tradepost operator create EMAIL")


def check_retention(config: Config) -> Iterator[Finding]:
    area, now = "retention", clock.now()
    nightly = retention.nightly()
    if nightly.due_at is None:
        yield warn(area, "The nightly run was never planned.", "Start a worker: tradepost up, or tradepost worker")
    elif nightly.error:
        yield warn(area, f"The nightly run fails: {nightly.error.strip().splitlines()[-1]}", "Report this error.")
    elif nightly.late(now):
        late = durations.words(now - nightly.due_at)
        yield warn(area, f"The nightly run is {late} late.", "Start a worker: tradepost up, or tradepost worker")
    zone = timezone.get_default_timezone()
    for kept in retention.kept(RETENTION):
        days = getattr(config, kept.rule.setting)
        rows = f"{kept.rows} rows" if kept.exact else f"about {kept.rows} rows"
        oldest = f", the oldest of {kept.since.astimezone(zone):%Y-%m-%d}" if kept.since else ""
        yield ok(area, f"{kept.rule.name}: {rows}{oldest}; kept {f'{days} days' if days else 'for ever'}.")


def check_web(config: Config) -> Iterator[Finding]:
    if answers(config):
        yield ok("web", f"Answers on {config.host}:{config.port}.")
    else:
        yield warn("web", f"Nothing answers on {config.host}:{config.port}.", "tradepost up, or tradepost serve")


def check_mail(config: Config) -> Iterator[Finding]:
    if not config.mail_url:
        said, todo = f"Written to {config.data / 'mail'}, not sent.", "Set TRADEPOST_MAIL_URL to smtp://…"
        yield ok("mail", said) if config.sandbox else warn("mail", said, todo)
        return
    server = urlsplit(config.mail_url)
    where = f"{server.hostname}:{server.port or 'default port'}"
    gate = mailers.default
    gate.timeout = MAIL_TIMEOUT  # type: ignore[attr-defined]  # the SMTP backend has it, its base class does not
    try:
        gate.open()
    except (OSError, ValueError) as fault:  # smtplib's exceptions are OSErrors
        said = (str(fault) or type(fault).__name__).splitlines()[0]
        yield fail("mail", f"{where} does not take us: {said}", "Correct TRADEPOST_MAIL_URL.")
    else:
        yield ok("mail", f"{where} lets us in; nothing was sent.")
    finally:
        gate.close()


def check_disk(config: Config) -> Iterator[Finding]:
    if not config.data.exists():
        yield warn("disk", f"The data folder {config.data.absolute()} is made at the first start.", "Nothing.")
        return
    free = shutil.disk_usage(config.data).free
    said = f"{free / 1e9:.1f} GB free in {config.data.resolve()}"
    if not os.access(config.data, os.W_OK):
        yield fail("disk", f"{config.data.resolve()} cannot be written to.", "Give this user the right to write there.")
    elif free < NO_DISK:
        yield fail("disk", said, "Make room: the database stops when it is full.")
    elif free < LITTLE_DISK:
        yield warn("disk", said, "Make room soon.")
    else:
        yield ok("disk", said)


def check_assets() -> Iterator[Finding]:
    missing = [name for name in ASSETS if finders.find(name) is None]
    if missing:
        yield fail(
            "assets", f"Missing: {', '.join(missing)}.", "Install Tradepost again, or run make setup in a checkout."
        )
    else:
        yield ok("assets", "Styles and scripts are there.")
    chinese = [path for path in settings.LOCALE_PATHS if (path / "zh_Hans" / "LC_MESSAGES" / "django.mo").exists()]
    if not chinese:
        yield warn("translations", "Chinese words are not compiled.", "Install Tradepost again, or run make setup.")
