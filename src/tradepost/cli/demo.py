"""``tradepost demo``: a sandbox with demo data and a seller's server, ready in about two seconds.

Steps run in parallel where possible: the web process loads while this one copies the demo created at set-up, and the
worker loads while this one creates its keys. Afterwards the products' cases are debugged with the port and key of this
start.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from cyclopts import App

from tradepost.cli import demo_road, migrate, sample_seller, starting, template, terminal, up
from tradepost.cli.demo_pause import clear, pause_file, pause_seller, resume_seller
from tradepost.cli.log_warnings import Warnings
from tradepost.cli.opening import Demo, make_folder, open_market, read_config
from tradepost.cli.processes import POLL_INTERVAL, Processes, Program, signals
from tradepost.cli.replacing import Replacing
from tradepost.cli.serve import claim_port, port_is_free
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console

    from tradepost.market.base.config import Config
    from tradepost.market.seed import Login

FIRST_PORT = 8000
PORTS = 100
SITES = {"buyer": "/", "seller": "/seller/", "operator": "/console/"}


app = App(name="demo", help="Start a sandbox market with demo data and a sample seller.")
app.command(pause_seller)
app.command(resume_seller)


@app.default
def demo() -> None:
    """Start a sandbox market with demo data and a sample seller.

    PORT sets the port, by default the first free one from 8000. TRADEPOST_DATA sets the folder, by default ``data``
    here; the data of an earlier start is reused. Ctrl-C stops everything.
    """
    start_time = time.monotonic()
    os.environ["TRADEPOST_SANDBOX"] = "1"
    os.environ["TRADEPOST_LOG_FORMAT"] = "json"  # for the children, whose logs are parsed for warnings
    config = read_config()
    make_folder(config)
    with single_demo(config), signals() as (stop, hurry):
        pause_marker = pause_file(config.data)
        clear(pause_marker)
        config = with_port(config)
        config.secrets()  # before the children, which would race to create it
        processes = Processes(terminal.warn)
        try:
            logins, state = _start(config, processes)
            if up.wait_until_ready(config, processes, stop):
                _welcome(terminal.out(), config, logins, time.monotonic() - start_time)
                _announce_debugging()
            replacing = Replacing()
            with demo_road.publishing(config, state.seller_port, state.joint_port, replacing):
                _watch(config, processes, replacing, stop)
            terminal.print_line("Stopping …")
        finally:
            clear(pause_marker)  # the worker waits for the answers to its last calls
            processes.stop(up.stop_timeout(config), hurry=hurry)


def _start(config: Config, processes: Processes) -> tuple[tuple[Login, ...], Demo]:
    logs = config.data / "logs"
    state = Demo.of(config)
    web = Program("web", up.tradepost("serve"), env=starting.BESIDE_ENVIRONMENT, log=logs / "web.log")
    web_started = state is not None or is_new(config)
    if web_started:
        processes.start(web)
    open_market()
    if not web_started:
        refuse_another_market()
        processes.start(web)
    _ = template.begin(template.DEMO_DATABASE) if fits_shipped_demo(config) else False
    template.begin()
    migrate.apply(terminal.out(), each=False)
    restore_files(config)
    starting.begin(config)
    seller_port = sample_seller.choose_port(state.seller_port if state else 0)
    joint_port = sample_seller.choose_port(state.joint_port if state else 0)
    started_demo = Demo(Demo.fingerprint(config), config.port, seller_port, joint_port)
    started_demo.save(config.data)
    logins = start_seller_and_worker(config, processes, seller_port)
    up.close_database()
    return logins, started_demo


def restore_files(config: Config) -> None:
    """Restore the documents of a demo that was shipped only as a database."""
    from tradepost.market import seed
    from tradepost.market.base.files import Files

    seed.restore_certificates(Files(config.files))


def start_seller_and_worker(config: Config, processes: Processes, seller_port: int) -> tuple[Login, ...]:
    """Load the demo's data, and start a worker and the sample seller beside the market. Needs a migrated market."""
    from tradepost.market import seed
    from tradepost.market.base import clock

    logs = config.data / "logs"
    processes.start(Program("worker", up.worker(config).command, log=logs / "worker.log"))
    result = seed.load(clock.now(), seller_address=sample_seller.address(seller_port))
    # Stopped after the worker, whose last calls it answers.
    processes.start(
        sample_seller.program(
            seller_port,
            market=config.base_url,
            keys=(result.signing_key, result.access_key, result.secret_key),
            data=config.data / "seller",
            log=logs / "seller.log",
            wave=1,
            silent_while=pause_file(config.data),
        )
    )
    return result.logins


def fits_shipped_demo(config: Config) -> bool:
    """Return whether the shipped demo fits: its prices are in the default currency."""
    return bool(config.currency == type(config).model_fields["currency"].default)


def _announce_debugging() -> None:
    from django.db import connection

    from tradepost.market import seed

    if not seed.is_published():
        terminal.print_line(
            "Its products are being tested, handed in and approved: the shelf fills within half a minute."
        )
    connection.close()


def _watch(config: Config, processes: Processes, replacing: Replacing, stop: Event) -> None:
    warnings = Warnings(config.data / "logs", ("web", "worker", "seller", "joint-seller"))
    while not stop.wait(POLL_INTERVAL):
        replacing.serve(processes)
        processes.look()
        for line in warnings.new():
            terminal.warn(line)


def _welcome(console: Console, config: Config, logins: tuple[Login, ...], seconds: float) -> None:
    from rich.table import Table

    from tradepost.market import seed

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for column in ("Sign in as", "Email", "Password", "Begin at"):
        table.add_column(column, no_wrap=True)
    for login in logins:
        table.add_row(login.role, login.email, login.password, SITES.get(login.role, "/"))
    console.print(f"\nTradepost is running at [bold]{config.base_url}[/bold] (ready in {seconds:.1f} s)\n")
    console.print(table)
    console.print(f"\nLogs  {config.data / 'logs'}", markup=False, soft_wrap=True)
    console.print("Time  tradepost clock advance 30d, in another terminal here")
    console.print(
        "Usage two buyers use Qingxie Sign-in on demand; it is charged each hour: tradepost clock advance 2d, then 2h\n"
        f"      one of them will owe: {seed.LOW_BALANCE_LOGIN.email}, {seed.LOW_BALANCE_LOGIN.password}\n"
        "      the buyer's servers run an image by the hour and by the month; a package of uses is partly used"
    )
    console.print(
        f"Joint people of an enterprise sign in to its applications: {seed.MEMBER_LOGIN.email}, {seed.MEMBER_LOGIN.password}\n"
        f"      {config.auth_centre_of(seed.ENTERPRISE)}/ (within a minute of the first start)"
    )
    console.print("Pause tradepost demo pause-seller: the sample seller falls silent; resume-seller ends it")
    console.print("Stop  Ctrl-C\n")


def with_port(config: Config) -> Config:
    """Return the settings with the port fixed, also for the children: the configured one, else the first free one from
    8000."""
    if "port" in config.model_fields_set:
        claim_port(config)
        return config
    if not port_is_free(config.host, 0):  # if any port fails, the host is the problem
        claim_port(config)
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        if port_is_free(config.host, port):
            os.environ["TRADEPOST_PORT"] = str(port)
            return read_config()
    raise Refused("cli.no_port", f"No port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1} is free. Set PORT.")


def is_new(config: Config) -> bool:
    return not config.database_url and not (config.data / "tradepost.sqlite3").exists()


def refuse_another_market() -> None:
    """Neither demo accounts with public passwords nor a movable clock may get into a real market."""
    from django.db import connection

    from tradepost.market.identity.models import User

    if User._meta.db_table in connection.introspection.table_names() and User.objects.exists():  # noqa: SLF001
        raise Refused(
            "cli.not_a_demo",
            "This database holds a market that is not a demo of this data folder. "
            "Choose another folder with TRADEPOST_DATA, or another DATABASE_URL.",
        )


@contextmanager
def single_demo(config: Config) -> Iterator[None]:
    """Ensure that only one demo uses the data folder."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with Path(config.data / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            running_demo = Demo.of(config)
            location = f" at http://127.0.0.1:{running_demo.port}" if running_demo else ""
            raise Refused("cli.demo_runs", f"A demo with this data folder is running already{location}.") from None
        yield
