"""The checks of ``tradepost doctor``, one per subject, each yielding its findings. Needs an open market."""

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
from tradepost.cli.up import is_answering
from tradepost.cli.usage_diagnosis import check_usage_records
from tradepost.market.base import clock, retention
from tradepost.market.base.config import Config
from tradepost.market.base.models import SandboxClock
from tradepost.market.identity.models import User
from tradepost.market.identity.operator_roles import Role
from tradepost.market.old_rows import RETENTION
from tradepost.market.web import health, start_checks

MIN_KEY_LENGTH = 32
MIN_DISTINCT_CHARACTERS = 12
MIN_POSTGRESQL = 15
MIN_SQLITE = (3, 35)
LITTLE_DISK, NO_DISK = 2_000_000_000, 200_000_000
CLOCK_WARN, CLOCK_FAIL = timedelta(seconds=1), timedelta(seconds=30)
MAIL_TIMEOUT = 5
MAX_DIFFERENCES = 10
ASSETS = ("vendor/tabler.min.css", "vendor/htmx.min.js", "web/market.js")


def all_findings(config: Config) -> tuple[Finding, ...]:
    database = tuple(_guarded("database", lambda: check_database(config)))
    findings = [
        *_guarded("settings", lambda: check_settings(config)),
        *_guarded("public URL", lambda: check_public_url(config)),
        *_guarded("secret key", lambda: check_secret_key(config)),
        *database,
    ]
    if all(finding.level != "fail" for finding in database):  # else each check would report the same fault
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
            findings += _guarded(area, check)
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
        findings += _guarded(area, check)
    return tuple(findings)


def _guarded(area: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as fault:  # noqa: BLE001  # a check that breaks is itself a finding, and the others still count
        message = (str(fault) or type(fault).__name__).splitlines()[0]
        yield fail(
            area, f"The check itself failed: {message}", "Report this with the output of tradepost doctor --json."
        )


def check_settings(config: Config) -> Iterator[Finding]:
    kind = "sandbox" if config.sandbox else "real market"
    if config.debug and not config.sandbox:
        yield fail("settings", "TRADEPOST_DEBUG is on: error pages show internals.", "Unset TRADEPOST_DEBUG.")
    else:
        yield ok("settings", f"A {kind}; data in {config.data.resolve()}")


def check_public_url(config: Config) -> Iterator[Finding]:
    area, url = "public URL", config.base_url
    remedy = "Set TRADEPOST_PUBLIC_URL to what people type, such as https://market.example.com."
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.scheme not in {"http", "https"} or parts.path or parts.query or parts.username:
        yield fail(area, f"{url} is not an address of a whole site.", remedy)
    elif config.allowed_hosts and not _is_allowed_host(host, config.allowed_hosts):
        yield fail(area, f"{host} is not among TRADEPOST_ALLOWED_HOSTS, so requests fail.", f"Add {host} to it.")
    elif config.sandbox:
        yield ok(area, url)
    elif _is_loopback(host):
        yield fail(area, f"{url} reaches this machine only; links in mails lead nowhere.", remedy)
    elif parts.scheme != "https":
        yield fail(area, f"{url} is not encrypted: passwords travel in the clear.", remedy)
    else:
        yield ok(area, url)
    yield from _check_proxy_bypass(config)


MAX_PROXY_ADDRESSES = 256
"""Maximum addresses of a network that plausibly contains only proxies."""


def _check_proxy_bypass(config: Config) -> Iterator[Finding]:
    """Report ways to reach the market without the proxy of its public address."""
    if "*" in config.allowed_hosts:
        yield warn(
            "allowed hosts",
            "TRADEPOST_ALLOWED_HOSTS is *: the market answers to whatever name a request gives it.",
            "Leave it empty, or list the names that people and programs use.",
        )
    for network in config.trusted_proxies:
        if not network.is_loopback and network.num_addresses > MAX_PROXY_ADDRESSES:
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


def _is_allowed_host(host: str, allowed_hosts: tuple[str, ...]) -> bool:
    return any(name in {"*", host} or (name.startswith(".") and f".{host}".endswith(name)) for name in allowed_hosts)


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
            f"There is none yet: {path} is created at the first start.",
            "Set TRADEPOST_SECRET_KEY where several machines run one market.",
        )
        return
    key = config.secrets()[0]
    if len(key) < MIN_KEY_LENGTH or len(set(key)) < MIN_DISTINCT_CHARACTERS:
        yield fail(
            area,
            f"It can be guessed: {len(key)} characters, {len(set(key))} different ones.",
            f"Set TRADEPOST_SECRET_KEY to {MIN_KEY_LENGTH} random characters or more, the present one in "
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
        yield ok(area, f"In {path}, for its owner only. Keep a copy; without it, secrets are lost.")


def check_data_folder(config: Config) -> Iterator[Finding]:
    """Check the access rights of the data folder; ``check_secret_key`` checks those of the key."""
    area, folder = "data folder", config.data.resolve()
    if sys.platform == "win32":
        return
    open_paths = [path for path in open_to_others(folder) if path.name != "secret.key"]
    for path in open_paths:
        mode = stat.S_IMODE(path.stat().st_mode)
        yield fail(
            area,
            f"{path} can be read by other users of this machine (mode {mode:04o}): sessions, mails, hashes of passwords.",
            f"chmod go-rwx {path} (the next start does so too)",
        )
    if not open_paths:
        yield ok(area, f"{folder} is readable only by its owner.")


def check_database(config: Config) -> Iterator[Finding]:
    area = "database"
    try:
        connection.ensure_connection()
    except Error as fault:
        message = (str(fault) or type(fault).__name__).splitlines()[0]
        yield fail(area, f"Cannot be reached: {message}", "Start it, or correct DATABASE_URL.")
        return
    yield from _check_database_server()
    migrations = start_checks.newer_problem() or start_checks.older_problem(health.count_missing_migrations())
    if migrations is not None:
        remedy = "Upgrade Tradepost." if migrations.code == "market.newer_database" else "tradepost migrate"
        yield fail("migrations", migrations.words, remedy)
    elif different := health.schema_differences():
        for message in different[:MAX_DIFFERENCES]:
            yield fail("schema", f"{message[0].upper()}{message[1:]}.", migrate.REMEDY)
        if (omitted := len(different) - MAX_DIFFERENCES) > 0:
            yield fail("schema", f"And {omitted} more differences.", migrate.REMEDY)
    else:
        yield ok("schema", "The tables match this version.")
        yield ok("migrations", "All applied.")
        yield from _check_database_writable()
    if not config.database_url and not config.sandbox:
        yield warn(
            area, "SQLite serves one machine and one writer at a time.", "For more, set DATABASE_URL to a PostgreSQL."
        )


def _check_database_server() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW server_version_num")
            number = int(cursor.fetchone()[0])
            message = f"PostgreSQL {number // 10_000}.{number % 10_000}"
            if number < MIN_POSTGRESQL * 10_000:
                yield fail("database", f"{message} is too old.", f"Upgrade it to {MIN_POSTGRESQL} or later.")
            else:
                yield ok("database", message)
            return
        cursor.execute("SELECT sqlite_version()")
        version: str = cursor.fetchone()[0]
        cursor.execute("PRAGMA journal_mode")
        journal: str = cursor.fetchone()[0]
    if tuple(int(part) for part in version.split(".")[:2]) < MIN_SQLITE:
        yield fail("database", f"SQLite {version} is too old.", "Use a newer Python, or PostgreSQL.")
    elif journal != "wal":
        yield fail(
            "database",
            f"SQLite {version} cannot keep its journal as WAL here (it is {journal}), so readers block writers.",
            "Put the data folder on a local disk, not on a network share.",
        )
    else:
        yield ok("database", f"SQLite {version}, journal WAL")


def _check_database_writable() -> Iterator[Finding]:
    try:
        with transaction.atomic():
            User.objects.create_user("doctor@tradepost.invalid")
            transaction.set_rollback(True)
    except Error as fault:
        yield fail("writing", f"Not writable: {str(fault).splitlines()[0]}", "Grant write access, or free disk space.")
    else:
        yield ok("writing", "Test row written and rolled back.")


def check_clock(config: Config) -> Iterator[Finding]:
    if connection.vendor == "postgresql":
        before = clock.wall()
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            database_time = cursor.fetchone()[0]
        local_time = before + (clock.wall() - before) / 2
        difference = abs(database_time - local_time)
        message = f"The clocks here and on the database differ by {difference.total_seconds():.2f} s."
        remedy = "Synchronise both by NTP. Signatures and leases depend on it."
        if difference > CLOCK_FAIL:
            yield fail("clock", message, remedy)
        elif difference > CLOCK_WARN:
            yield warn("clock", message, remedy)
        else:
            yield ok("clock", message)
    offset = SandboxClock.objects.filter(pk=1).values_list("offset", flat=True).first() or timedelta()
    if config.sandbox:
        yield ok(
            "clock",
            f"The sandbox is {durations.as_text(offset)} ahead." if offset else "The sandbox clock shows real time.",
        )
    elif offset:
        message = (
            f"This database was a sandbox, with its clock {durations.as_text(offset)} ahead, so rows lie in the future."
        )
        yield fail("clock", message, "Start a production market with an empty database.")
    elif connection.vendor != "postgresql":
        yield ok("clock", "Real time. The database is on this machine.")


def check_workers() -> Iterator[Finding]:
    alive = health.count_live_workers()
    if alive:
        yield ok("workers", f"{alive} alive.")
    else:
        yield warn("workers", "No worker runs, so sellers are not called.", "tradepost up, or tradepost worker")


def check_accounts() -> Iterator[Finding]:
    if User.objects.filter(operator_role=Role.OWNER, is_active=True).exists():
        yield ok("accounts", "An owner account exists.")
    else:
        yield warn("accounts", "Without an owner, the console stays closed.", "tradepost operator create EMAIL")


def check_retention(config: Config) -> Iterator[Finding]:
    area, now = "retention", clock.now()
    nightly = retention.nightly()
    if nightly.due_at is None:
        yield warn(area, "The nightly run was never scheduled.", "Start a worker: tradepost up, or tradepost worker")
    elif nightly.error:
        yield warn(area, f"The nightly run fails: {nightly.error.strip().splitlines()[-1]}", "Report this error.")
    elif nightly.late(now):
        delay = durations.as_text(now - nightly.due_at)
        yield warn(area, f"The nightly run is {delay} late.", "Start a worker: tradepost up, or tradepost worker")
    zone = timezone.get_default_timezone()
    for kind in retention.table_sizes(RETENTION):
        days = config.named(kind.rule.setting)
        rows = f"{kind.rows} rows" if kind.exact else f"about {kind.rows} rows"
        oldest_text = f", the oldest of {kind.since.astimezone(zone):%Y-%m-%d}" if kind.since else ""
        yield ok(area, f"{kind.rule.name}: {rows}{oldest_text}; kept {f'{days} days' if days else 'for ever'}.")


def check_web(config: Config) -> Iterator[Finding]:
    if is_answering(config):
        yield ok("web", f"Responds on {config.host}:{config.port}.")
    else:
        yield warn("web", f"No response on {config.host}:{config.port}.", "tradepost up, or tradepost serve")


def check_mail(config: Config) -> Iterator[Finding]:
    if not config.notifications.mail_url:
        message, remedy = f"Written to {config.data / 'mail'}, not sent.", "Set TRADEPOST_MAIL_URL to smtp://…"
        yield ok("mail", message) if config.sandbox else warn("mail", message, remedy)
        return
    server = urlsplit(config.notifications.mail_url)
    server_name = f"{server.hostname}:{server.port or 'default port'}"
    gate = mailers.default
    gate.timeout = MAIL_TIMEOUT  # type: ignore[attr-defined]  # the SMTP backend has it, its base class does not
    try:
        gate.open()
    except (OSError, ValueError) as fault:  # smtplib's exceptions are OSErrors
        message = (str(fault) or type(fault).__name__).splitlines()[0]
        yield fail("mail", f"{server_name} refuses the connection: {message}", "Correct TRADEPOST_MAIL_URL.")
    else:
        yield ok("mail", f"{server_name} lets us in; nothing was sent.")
        if config.notifications.mail_from_localhost and not config.sandbox:
            message = f"Mails come from {config.notifications.mail_from}, which other mail servers refuse."
            yield warn("mail", message, "Set TRADEPOST_MAIL_FROM to an address of your own domain.")
    finally:
        gate.close()


def check_disk(config: Config) -> Iterator[Finding]:
    if not config.data.exists():
        yield warn(
            "disk", f"The data folder {config.data.absolute()} is created at the first start.", "No action needed."
        )
        return
    free_bytes = shutil.disk_usage(config.data).free
    message = f"{free_bytes / 1e9:.1f} GB free in {config.data.resolve()}"
    if not os.access(config.data, os.W_OK):
        yield fail("disk", f"{config.data.resolve()} cannot be written to.", "Grant this user write access.")
    elif free_bytes < NO_DISK:
        yield fail("disk", message, "Free disk space. A full disk stops the database.")
    elif free_bytes < LITTLE_DISK:
        yield warn("disk", message, "Free disk space soon.")
    else:
        yield ok("disk", message)


def check_assets() -> Iterator[Finding]:
    missing = [name for name in ASSETS if finders.find(name) is None]
    if missing:
        yield fail(
            "assets", f"Missing: {', '.join(missing)}.", "Install Tradepost again, or run make setup in a checkout."
        )
    else:
        yield ok("assets", "Style sheets and scripts are present.")
    chinese = [path for path in settings.LOCALE_PATHS if (path / "zh_Hans" / "LC_MESSAGES" / "django.mo").exists()]
    if not chinese:
        yield warn(
            "translations", "The Chinese translation is not compiled.", "Install Tradepost again, or run make setup."
        )
