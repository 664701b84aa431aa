"""What every test stands on: a data folder and a database of its own, and no way out of this machine.

``TRADEPOST_TEST_DB=postgres`` runs the tests that touch a database again on a throw-away PostgreSQL; ``make test`` does both.
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
from _pytest.nodeid import NodeId
from hypothesis import settings as hypothesis_settings

from tests import machine, postgres, sampling, scans
from tradepost.market.base.collector import SELDOM

DATABASE = os.environ.get("TRADEPOST_TEST_DB", "sqlite")
FOLDER_VARIABLE = "TRADEPOST_TEST_FOLDER"
FILES_VARIABLE = "TRADEPOST_TEST_FILES_OF_POSTGRES"
"""Where a pass of everything names the files that the next one, on PostgreSQL, has to read, which draws no more of them: to
read all takes a minute."""
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
OF_EACH_DATABASE = ("django_db", "databases", "chaos", "postgres")
LOOPBACK = ("127.", "::1", "localhost", "::ffff:127.")

PAGES = "tests/market/sites/"

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
    if IS_WORKER and sampling.WHOLE_SUITE:
        from tests.compiled import compile_share

        compile_share(config)
    # argon2 is slow on purpose; that of the demo's accounts is not.
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.Argon2PasswordHasher",
    ]
    django.setup()
    from tests.static_files import look_once

    look_once()
    if DATABASE == "sqlite":
        scans.watch()
    from tests.flushing import flush_what_is_held

    flush_what_is_held()
    hypothesis_settings.register_profile(
        "tradepost", deadline=None, max_examples=12 if sampling.BRIEF else 50, derandomize=sampling.IN_CI
    )
    hypothesis_settings.load_profile("tradepost")
    _stay_on_this_machine()


@pytest.hookimpl(trylast=True)  # after xdist
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    in_this_pass = [item for item in items if _runs_on(item, DATABASE)]
    if machine.find_chromium() is None:
        runnable = [item for item in in_this_pass if not item.get_closest_marker("browser")]
        config.stash[_left_out] = len(in_this_pass) - len(runnable)
        if IS_WORKER:
            config.workeroutput["left_out"] = config.stash[_left_out]  # type: ignore[attr-defined]  # xdist adds it
        in_this_pass = runnable
    if sampling.WHOLE_SUITE and not sampling.SOAK:
        in_this_pass = _drawn(in_this_pass, items)
    kept = {id(item) for item in in_this_pass}
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in kept])
    items[:] = in_this_pass
    _long_ones_first(items)
    _keep_groups(items)
    gc.freeze()
    gc.set_threshold(*SELDOM)


def pytest_runtest_teardown() -> None:
    """The language of the last request, or of a mail, is not the next test's."""
    from django.utils import translation

    translation.deactivate()


def _drawn(items: list[pytest.Item], everything: list[pytest.Item]) -> list[pytest.Item]:
    """Of the long tests that are marked ``sampled`` a share, another with each seed; of files whose tests are alike on both
    databases those that are this one's; all others."""
    marks = {item.nodeid: mark for item in items if (mark := item.get_closest_marker("sampled"))}
    by_mark: dict[tuple[Any, ...], set[str]] = {}
    for item in items:
        if mark := marks.get(item.nodeid):
            by_mark.setdefault(mark.args, set()).add(_drawn_as(item, *mark.args))
    drawn = {name for args, names in by_mark.items() for name in sampling.sample(sorted(names), share=args[0])}
    items = [item for item in items if not (mark := marks.get(item.nodeid)) or _drawn_as(item, *mark.args) in drawn]
    if machine.find_postgres() is None:
        return items
    there = [item for item in everything if _runs_on(item, "postgres")]
    alike, of_postgres = _alike(there)
    either = {_file(item) for item in there} - alike
    asked = os.environ.get(FILES_VARIABLE)
    if DATABASE == "sqlite":
        if asked and os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
            being_written = Path(f"{asked}.new")
            begun = {_file(item) for item in there if not _left_to("sqlite", item, either)} - (alike - of_postgres)
            being_written.write_text("\n".join(sorted(begun)), "utf-8")
            being_written.rename(asked)  # the other pass begins when it is there
        return [
            item
            for item in items
            if not (_runs_on(item, "postgres") and (_file(item) in of_postgres or _left_to("postgres", item, either)))
        ]
    items = [item for item in items if not _left_to("sqlite", item, either)]
    return items if asked else [item for item in items if _file(item) not in alike - of_postgres]


def _left_to(database: str, item: pytest.Item, either: set[str]) -> bool:
    """In a brief run what could run on both, and is not about how they differ, runs on one of them, by its file."""
    file = _file(item)
    if not sampling.BRIEF or file not in either or any(item.get_closest_marker(name) for name in OF_EACH_DATABASE[1:]):
        return False
    return sampling.toss(file, ("sqlite", "postgres")) == database


def _drawn_as(item: pytest.Item, _share: float, whole: str = "") -> str:
    """By itself, or with all of its file: whose tests have a running market in common, which takes long to start."""
    return _file(item) if whole == "file" else item.nodeid


def _alike(items: list[pytest.Item]) -> tuple[set[str], set[str]]:
    """The files whose tests are rolled back, and which of them PostgreSQL runs, SQLite the rest: of those that try out pages a
    twelfth, of the others a sixth, in a brief run a part of those. What starts programs, has transactions of its own or is about PostgreSQL
    runs on both."""
    alike = {_file(item) for item in items} - {_file(item) for item in items if _is_about_the_database(item)}
    pages = sorted(name for name in alike if name.startswith(PAGES))
    others = sorted(name for name in alike if not name.startswith(PAGES))
    return alike, {*sampling.sample(pages, share=1 / 12), *sampling.sample(others, share=1 / 6)}


def _file(item: pytest.Item) -> str:
    """Its name inside the project: the same wherever the checkout is, also behind a link, so that the same is drawn."""
    return item.nodeid.partition("::")[0]


def _is_about_the_database(item: pytest.Item) -> bool:
    if any(item.get_closest_marker(name) for name in ("postgres", "databases", "chaos")):
        return True
    return any(mark.kwargs.get("transaction") for mark in item.iter_markers("django_db"))


def _long_ones_first(items: list[pytest.Item]) -> None:
    """Files with slow tests begin, so that no worker ends with the longest of them while the others have nothing to do (with
    ``--no-loadscope-reorder``, as scripts/run_tests.py asks for)."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("chaos")}
    items.sort(key=lambda item: item.path not in slow)


def _keep_groups(items: list[pytest.Item]) -> None:
    """xdist 3.8 writes a test's group where pytest 9 no longer looks, and each worker would start what a group shares."""
    for item in items:
        if grouped := vars(item).get("_nodeid"):
            item._id = NodeId.parse(grouped)


def _runs_on(item: pytest.Item, database: str) -> bool:
    """All but PostgreSQL's own on SQLite; on PostgreSQL what touches a database, pages in a browser excepted."""
    if database == "sqlite":
        return item.get_closest_marker("postgres") is None
    if item.get_closest_marker("sqlite") or (item.get_closest_marker("once") and not sampling.SOAK):
        return False
    if item.get_closest_marker("browser"):
        return item.get_closest_marker("databases") is not None
    fixtures = getattr(item, "fixturenames", ())
    return any(item.get_closest_marker(name) for name in OF_EACH_DATABASE) or "_django_db_helper" in fixtures


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    left_out = getattr(node, "workeroutput", {}).get("left_out", 0)
    node.config.stash[_left_out] = max(node.config.stash[_left_out], left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left_out = terminalreporter.config.stash[_left_out]
    if left_out:
        terminalreporter.section("not run")
        terminalreporter.line(f"{left_out} browser tests: no chromium on PATH")
    if terminalreporter.config.option.collectonly or _any_ran(terminalreporter, "soak"):
        terminalreporter.line(f"Of the tests marked soak ran {sampling.summary()}")


def _any_ran(terminalreporter: pytest.TerminalReporter, mark: str) -> bool:
    reports = (report for reports in terminalreporter.stats.values() for report in reports)
    return any(isinstance(report, pytest.TestReport) and mark in report.keywords for report in reports)


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
