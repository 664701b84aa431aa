"""Give every test its own data folder and database, and block connections to other machines.

``TRADEPOST_TEST_DB=postgres`` runs the tests on a temporary PostgreSQL server. The default is SQLite.
"""

from __future__ import annotations

import atexit
import gc
import math
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from tests import machine, postgres, sampling, scans, selection
from tradepost.market.base.collector import THRESHOLDS

DATABASE = os.environ.get("TRADEPOST_TEST_DB", "sqlite")
FOLDER_VARIABLE = "TRADEPOST_TEST_FOLDER"
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
LOOPBACK = ("127.", "::1", "localhost", "::ffff:127.")

_left_out = pytest.StashKey[int]()


def _isolate_environment() -> None:
    """Set the data folder and the database before Django reads its settings, and ignore the developer's own market."""
    if DATABASE not in {"sqlite", "postgres"}:
        raise pytest.UsageError(f"TRADEPOST_TEST_DB is {DATABASE!r}; it can be sqlite or postgres")
    for name in [
        name for name in os.environ if name.startswith("TRADEPOST_") and not name.startswith("TRADEPOST_TEST")
    ]:
        del os.environ[name]
    for name in ("DATABASE_URL", "PORT"):
        os.environ.pop(name, None)
    if not IS_WORKER:
        os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="tradepost-test-")
        atexit.register(shutil.rmtree, os.environ[FOLDER_VARIABLE], ignore_errors=True)
    folder = Path(os.environ[FOLDER_VARIABLE]) / os.environ.get("PYTEST_XDIST_WORKER", "main")
    if DATABASE == "postgres" and postgres.SERVER_VARIABLE not in os.environ:
        binaries = machine.find_postgres()
        if binaries is None:
            raise pytest.UsageError("TRADEPOST_TEST_DB=postgres, but no PostgreSQL of version 15 or later was found")
        cluster = postgres.start(binaries)
        atexit.register(cluster.stop)
        os.environ[postgres.SERVER_VARIABLE] = cluster.url
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tradepost.market.settings",
        "TRADEPOST_DATA": str(folder),
        "TRADEPOST_DATABASE_URL": os.environ[postgres.SERVER_VARIABLE] if DATABASE == "postgres" else "",
        "TRADEPOST_SANDBOX": "true",
        "TRADEPOST_SECRET_KEY": "a key that only tests use, long enough for the signer",
        "TRADEPOST_LOG_LEVEL": "WARNING",
    }
    from tradepost.market.base.config import config

    config.cache_clear()  # pytest-django reads a worker's settings before this, with the folder of the first process


_isolate_environment()


def pytest_configure(config: pytest.Config) -> None:
    import django
    from django.conf import settings

    config.stash[_left_out] = 0
    gc.set_threshold(*THRESHOLDS)  # until all tests are loaded: nothing is garbage before
    # Argon2 is slow on purpose. The demo accounts use MD5.
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.Argon2PasswordHasher",
    ]
    django.setup()
    from tests.static_files import scan_once, serve_with_whitenoise

    scan_once()
    serve_with_whitenoise()
    if DATABASE == "sqlite":
        scans.watch()
    from tests.flushing import flush_only_tables_with_rows

    flush_only_tables_with_rows()
    hypothesis_settings.register_profile(
        "tradepost", deadline=None, max_examples=20 if sampling.GATE else 50, derandomize=not sampling.SOAK
    )
    hypothesis_settings.load_profile("tradepost")
    _block_other_machines()


@pytest.hookimpl(trylast=True)  # after xdist
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = selection.select(items, DATABASE)
    if machine.find_chromium() is None:
        runnable = [item for item in chosen if not item.get_closest_marker("browser")]
        config.stash[_left_out] = len(chosen) - len(runnable)
        if IS_WORKER:
            config.workeroutput["left_out"] = config.stash[_left_out]  # type: ignore[attr-defined]  # xdist adds it
        chosen = runnable
    chosen_ids = {id(item) for item in chosen}
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in chosen_ids])
    # Run files with slow tests first, so that no worker is left with a long one at the end.
    slow = {item.path for item in chosen if item.get_closest_marker("slow")}
    items[:] = sorted(chosen, key=lambda item: item.path not in slow)
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def pytest_runtest_teardown() -> None:
    """Reset the language that the last request or mail activated."""
    from django.utils import translation

    translation.deactivate()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    left_out = getattr(node, "workeroutput", {}).get("left_out", 0)
    node.config.stash[_left_out] = max(node.config.stash[_left_out], left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left_out = terminalreporter.config.stash[_left_out]
    if left_out:
        terminalreporter.section("not run")
        terminalreporter.line(f"{left_out} browser tests: no chromium on PATH")
    terminalreporter.line(f"Ran {sampling.summary()}")


def _block_other_machines() -> None:
    """Fail a test that connects to another machine or resolves its name, and name the address."""
    connect, getaddrinfo = socket.socket.connect, socket.getaddrinfo

    def loopback_only(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not str(address[0]).startswith(LOOPBACK):
            raise OSError(f"tests reach this machine only, not {address}")
        connect(self, address)

    def local_names_only(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
        if not (name.startswith(LOOPBACK) or _is_address(name)):
            raise socket.gaierror(socket.EAI_NONAME, f"tests resolve local names only, not {name}")
        return getaddrinfo(host, *args, **kwargs)

    socket.socket.connect = loopback_only  # type: ignore[assignment, method-assign]
    socket.getaddrinfo = local_names_only


def _is_address(name: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name)
        except OSError:
            continue
        return True
    return False


@pytest.fixture(scope="session")
def django_db_modify_db_settings_xdist_suffix() -> None:
    """Use one database per worker. SQLite uses a file, as in production, because its locks and its journal are tested
    too."""
    from django.conf import settings

    default: dict[str, Any] = settings.DATABASES["default"]
    name = (
        str(Path(os.environ["TRADEPOST_DATA"]) / "test.sqlite3")
        if DATABASE == "sqlite"
        else f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    )
    Path(os.environ["TRADEPOST_DATA"]).mkdir(parents=True, exist_ok=True)
    default.setdefault("TEST", {})["NAME"] = name


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None) -> bool:
    """Let Django use the database that is already migrated."""
    from django.conf import settings

    from tests import migrated

    default: dict[str, Any] = settings.DATABASES["default"]
    name: str = default["TEST"]["NAME"]
    if DATABASE == "sqlite":
        migrated.create_sqlite(Path(name))
    else:
        migrated.create_postgres(name)
    return True


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the browser. Tests that use it have the mark ``browser``."""
    path = machine.find_chromium()
    assert path is not None
    return path


@pytest.fixture(autouse=True)
def _forget_clock_of_another_test() -> None:
    """Drop the cached clock of the sandbox: a request may reuse it for 50 ms, even in the next test."""
    from tradepost.market.base import clock

    clock.forget_offset()


@pytest.fixture(autouse=True)
def _forget_branding_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start with the cached branding of a market that has none, so that pages do not query it."""
    from tradepost.market.branding import face

    monkeypatch.setattr(face, "_cached_face", (math.inf, face.Face()))


@pytest.fixture(autouse=True)
def _fail_on_full_table_scan() -> Iterator[None]:
    """Fail a test on SQLite that scans a growing table (``tests/scans.py``)."""
    scans.full_scans.clear()
    yield
    assert not scans.full_scans, "\n".join(dict.fromkeys(scans.full_scans))


@pytest.fixture(autouse=True)
def _fail_on_wrong_lock_order(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test on PostgreSQL that locks tables in the wrong order (``tests/locks.py``)."""
    if DATABASE != "postgres" or not {"db", "_django_db_helper"} & set(request.fixturenames):
        yield
        return
    request.getfixturevalue("_django_db_helper")
    from tests.locks import recorded

    with recorded() as locks:
        yield
    assert not locks.errors, "\n".join(["locked against the one order of locks:", *dict.fromkeys(locks.errors)])
