"""``tradepost dev``: a temporary sandbox market for a seller's own server, in one command.

Web and worker are children of this command and start in parallel, as in ``tradepost demo``. The market always has an
embedded database in its own folder, so that it cannot affect a real market.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from tradepost.cli import migrate, starting, template, terminal, up
from tradepost.cli.demo import SITES, is_new, refuse_another_market, single_demo, with_port
from tradepost.cli.log_warnings import Warnings
from tradepost.cli.opening import Demo, make_folder, open_market, read_config
from tradepost.cli.processes import POLL_INTERVAL, Processes, Program, signals
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console

    from tradepost.market.base.config import Config
    from tradepost.market.seed.dev import DevMarket

LISTEN_TIMEOUT = 0.3


def dev(
    *,
    address: str,
    protocol: str = "saas_v2",
    key: Annotated[str, Parameter(env_var="TRADEPOST_KEY")] = "",
    data: Path | None = None,
) -> None:
    """Start a sandbox market around your own server.

    One product of each charging mode is bound to it: buy, renew, freeze, upgrade and release by hand or by moving the
    clock, and watch every call. PORT chooses the market's port, else it is the first free one from 8000. Ctrl-C stops
    everything.

    Parameters
    ----------
    address
        The production address of your server, for example http://127.0.0.1:9000/produce.
    protocol
        The protocol version of your server.
    key
        The signing key of your server. Prefer TRADEPOST_KEY, which is not visible in the list of processes.
    data
        Folder that keeps the market for later starts, also TRADEPOST_DATA; by default the market is deleted at the end.
    """
    start_time = time.monotonic()
    if data is None and (data_setting := os.environ.get("TRADEPOST_DATA")):
        data = Path(data_setting)
    if not key:
        raise Refused("cli.no_key", "Give the signing key that your server holds: --key, or TRADEPOST_KEY.")
    os.environ["TRADEPOST_SANDBOX"] = "1"
    os.environ["TRADEPOST_LOG_FORMAT"] = "json"  # for the children, whose logs are parsed for warnings
    for name in ("TRADEPOST_DATABASE_URL", "DATABASE_URL"):
        os.environ[name] = ""  # also overrides a file .env
    # From here on signals are handled, so that a market stopped during its start leaves no folder behind.
    with signals() as (stop, hurry), _folder(data) as folder:
        os.environ["TRADEPOST_DATA"] = str(folder)
        config = read_config()
        make_folder(config)
        with single_demo(config):
            config = with_port(config)
            config.secrets()  # before the children, which would race to create it
            processes = Processes(terminal.warn)
            try:
                market = _start(config, processes, address=address, protocol=protocol, key=key)
                if up.wait_until_ready(config, processes, stop):
                    _welcome(
                        terminal.out(), config, market, kept=data is not None, seconds=time.monotonic() - start_time
                    )
                    _warn_unless_listening(address)
                _watch(config, processes, stop)
                terminal.print_line("Stopping …")
            finally:
                processes.stop(up.stop_timeout(config), hurry=hurry)
                up.close_database()


@contextmanager
def _folder(path: Path | None) -> Iterator[Path]:
    if path is not None:
        yield path.absolute()
        return
    temporary = Path(tempfile.mkdtemp(prefix="tradepost-dev-"))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _start(config: Config, processes: Processes, *, address: str, protocol: str, key: str) -> DevMarket:
    logs = config.data / "logs"
    web = Program("web", up.tradepost("serve"), env=starting.BESIDE_ENVIRONMENT, log=logs / "web.log")
    web_started = Demo.of(config) is not None or is_new(config)
    if web_started:
        processes.start(web)
    open_market()
    from tradepost.market.base import clock
    from tradepost.market.base.outbound_policy import SANDBOX
    from tradepost.market.production.addresses import check_url
    from tradepost.market.seed import dev as seed

    check_url(address, outbound=SANDBOX)
    seed.product_type_of(protocol)  # before there is anything to clean up
    if not web_started:
        refuse_another_market()
        processes.start(web)
    template.begin()
    migrate.apply(terminal.out(), each=False)
    starting.begin(config)
    Demo(Demo.fingerprint(config), config.port, seller_port=0).save(config.data)
    processes.start(Program("worker", up.worker(config).command, log=logs / "worker.log"))
    market = seed.load_dev(clock.now(), address=address, protocol=protocol, key=key)
    up.close_database()
    return market


def _watch(config: Config, processes: Processes, stop: Event) -> None:
    warnings = Warnings(config.data / "logs", ("web", "worker"))
    while not stop.wait(POLL_INTERVAL):
        processes.look()
        for line in warnings.new():
            terminal.warn(line)


def _welcome(console: Console, config: Config, market: DevMarket, *, kept: bool, seconds: float) -> None:
    from rich.table import Table

    from tradepost.market.product_types.charging import charging_of
    from tradepost.protocols.open_api import sandbox_time

    def table(*columns: str) -> Table:
        new_table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        for column in columns:
            new_table.add_column(column, no_wrap=True)
        return new_table

    base = config.base_url
    console.print(f"\nYour market is running at [bold]{base}[/bold] (ready in {seconds:.1f} s)\n")
    people = table("Sign in as", "Email", "Password", "Begin at")
    for login in market.logins:
        people.add_row(login.role, login.email, login.password, SITES.get(login.role, "/"))
    console.print(people)
    console.print()
    links = table("To", "Open")
    for mode, slug in market.products:
        links.add_row(f"buy {mode}", f"{base}/products/{slug}/")
    links.add_row("renew, freeze, upgrade, release", f"{base}/seller/try/")
    links.add_row("watch every call", f"{base}/seller/messages/")
    if any(charging_of(mode).postpaid for mode, _slug in market.products):
        links.add_row("see usage that you pushed", f"{base}/seller/usage/")
        links.add_row("see what was charged", f"{base}/charges/")
    links.add_row("move the clock", f"{base}/console/clock/")
    console.print(links)
    console.print(f"\nOpen API  {base}/api/  for your server's order query", markup=False, soft_wrap=True)
    console.print(f"          AK {market.access_key}  SK {market.secret_key}", markup=False, soft_wrap=True)
    console.print(
        f"          {sandbox_time.HEADER} in each answer: the market's time, by which usage is judged",
        markup=False,
        soft_wrap=True,
    )
    console.print(f"Logs      {config.data / 'logs'}", markup=False, soft_wrap=True)
    console.print(f"Time      TRADEPOST_DATA={config.data} tradepost clock advance 30d", markup=False, soft_wrap=True)
    console.print("Stop      Ctrl-C" + ("" if kept else "; everything in this market is gone then") + "\n")


def _warn_unless_listening(address: str) -> None:
    """Only a warning: the server may start after the market, and calls are retried."""
    parts = urlsplit(address.strip())
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=LISTEN_TIMEOUT).close()
    except socket.gaierror:
        terminal.warn(f"The host of {address} is not known here: calls to it will fail. Correct --address.")
    except OSError:
        terminal.warn(f"Nobody listens at {address} yet. Start your server before you buy.")
