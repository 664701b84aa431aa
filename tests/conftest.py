"""Give every test its own data folder and database, and no connection to another machine.

``TRADEPOST_TEST_DB=postgres`` runs the tests on a temporary PostgreSQL server, else they run on SQLite.
"""

from __future__ import annotations

import atexit
import gc
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
from tradepost.market.base.collector import SELDOM

DATABASE = os.environ.get("TRADEPOST_TEST_DB", "sqlite")
FOLDER_VARIABLE = "TRADEPOST_TEST_FOLDER"
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
LOOPBACK = ("127.", "::1", "localhost", "::ffff:127.")

_left_out = pytest.StashKey[int]()


def _own_world() -> None:
    """Say where data and database are before Django reads its settings, whatever the person's own market uses."""
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


_own_world()


def pytest_configure(config: pytest.Config) -> None:
    import django
    from django.conf import settings

    config.stash[_left_out] = 0
    gc.set_threshold(*SELDOM)  # until all tests are loaded, of which nothing is garbage
    # argon2 is slow on purpose; that of the demo's accounts is not.
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.Argon2PasswordHasher",
    ]
    django.setup()
    from tests.static_files import look_once, serve_as_a_market_does

    look_once()
    serve_as_a_market_does()
    if DATABASE == "sqlite":
        scans.watch()
    from tests.flushing import flush_what_is_held

    flush_what_is_held()
    hypothesis_settings.register_profile(
        "tradepost", deadline=None, max_examples=20 if sampling.WHOLE_SUITE else 50, derandomize=sampling.IN_CI
    )
    hypothesis_settings.load_profile("tradepost")
    _stay_on_this_machine()


@pytest.hookimpl(trylast=True)  # after xdist
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = selection.select(items, DATABASE)
    if machine.find_chromium() is None:
        runnable = [item for item in chosen if not item.get_closest_marker("browser")]
        config.stash[_left_out] = len(chosen) - len(runnable)
        if IS_WORKER:
            config.workeroutput["left_out"] = config.stash[_left_out]  # type: ignore[attr-defined]  # xdist adds it
        chosen = runnable
    kept = {id(item) for item in chosen}
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in kept])
    # Files with slow tests first, so that no worker ends with the longest of them while the others have nothing to do.
    slow = {item.path for item in chosen if item.get_closest_marker("slow")}
    items[:] = sorted(chosen, key=lambda item: item.path not in slow)
    gc.freeze()
    gc.set_threshold(*SELDOM)


def pytest_runtest_teardown() -> None:
    """The language of the last request, or of a mail, is not the next test's."""
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


def _stay_on_this_machine() -> None:
    """A test that would reach another machine fails at once and says where it wanted to go."""
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
    """A database a worker; SQLite in a file, as in a market, since its locks and its journal are part of what is tested."""
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
    """It stands already, migrated, and Django takes it as it is."""
    from django.conf import settings

    from tests import migrated

    default: dict[str, Any] = settings.DATABASES["default"]
    name: str = default["TEST"]["NAME"]
    if DATABASE == "sqlite":
        migrated.begin_sqlite(Path(name))
    else:
        migrated.begin_postgres(name)
    return True


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; tests that ask for it carry the mark ``browser``."""
    path = machine.find_chromium()
    assert path is not None
    return path


@pytest.fixture(autouse=True)
def _no_clock_of_another_test() -> None:
    """A request may go by the sandbox's clock of 50 ms ago, which was another market's."""
    from tradepost.market.base import clock

    clock.forget()


@pytest.fixture(autouse=True)
def _no_table_is_read_whole() -> Iterator[None]:
    """Whatever a test does on SQLite, it reads no table that grows from one end to the other (``tests/scans.py``)."""
    scans.found.clear()
    yield
    assert not scans.found, "\n".join(dict.fromkeys(scans.found))


@pytest.fixture(autouse=True)
def _locks_in_one_order(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does on PostgreSQL, it locks in the one order (``tests/locks.py``)."""
    if DATABASE != "postgres" or not {"db", "_django_db_helper"} & set(request.fixturenames):
        yield
        return
    request.getfixturevalue("_django_db_helper")
    from tests.locks import recorded

    with recorded() as locks:
        yield
    assert not locks.wrong, "\n".join(["locked against the one order of locks:", *dict.fromkeys(locks.wrong)])
