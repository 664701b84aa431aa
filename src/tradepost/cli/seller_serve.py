"""``tradepost seller serve``: runs a seller, a WSGI or an ASGI application on a server that keeps ``Body-Sign``'s case."""

from __future__ import annotations

import importlib
import inspect
import logging
import os
import signal
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tradepost.cli import terminal
from tradepost.kit import Seller
from tradepost.kit.serve import THREADS, Server

ENV_FILE = Path(".env")
PUBLIC_URL = "SELLER_PUBLIC_URL"
"""What a project made by ``tradepost seller new`` tells buyers as its address."""
BACKLOG = 2048


def serve(target: str, *, host: str = "127.0.0.1", port: int = 9000, threads: int = THREADS) -> None:
    """Run a seller's server.

    Settings of a file .env in this folder are given to it, unless the environment has them already. So is the address
    that buyers are sent to, as SELLER_PUBLIC_URL: the one that is listened on, unless it is set.

    Parameters
    ----------
    target
        MODULE:OBJECT, found from this folder: a Seller, a WSGI or an ASGI application.
    host
        Address to listen on; 0.0.0.0 lets other machines in.
    port
        Port to listen on; 0 takes a free one and prints it.
    threads
        How many requests are worked on at the same time (WSGI and Seller).
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # It warns whenever a request waits for a thread for a moment, which a burst of repeats makes normal.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    read_env(ENV_FILE)
    bound = _bind(host, port)
    # Before the application is loaded, which reads it: buyers are sent to where this server is.
    os.environ.setdefault(PUBLIC_URL, public_url(host, bound.getsockname()[1]))
    app = load(target)
    if is_asgi(app):
        _serve_asgi(app, host, bound)
        return
    server = Server(app, host, threads=threads, bound=bound)
    # A container's first process ignores what it has no handler for: without this, stopping one takes until it is killed.
    signal.signal(signal.SIGTERM, _end)
    _announce(server.url)
    server.run()


def _bind(host: str, port: int) -> socket.socket:
    """The port is ours; who listens on it, once there is an application to answer, is the server's business."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        terminal.fail(f"Cannot listen on {host}:{port}: {error}")
    return bound


def public_url(host: str, port: int) -> str:
    """Where a browser on this machine finds a server that listens on this host."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # asked about, not listened on
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _end(_number: int, _frame: object) -> None:
    """As Ctrl-C does: the answers that are being made are finished first."""
    raise SystemExit(0)


def read_env(path: Path) -> None:
    """NAME=VALUE lines into the environment; a name that is set already keeps its value."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.strip().removeprefix("export ").partition("=")
        if separator and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


def load(target: str) -> Any:
    """The object that MODULE:OBJECT names, found from the working folder. Ends the command in words when there is none."""
    module_name, _, attribute = target.partition(":")
    if not module_name or not attribute:
        terminal.fail(f"{target!r} does not name an object: write MODULE:OBJECT, for example app:app.")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  # as python -m does
    try:
        found = importlib.import_module(module_name)
        for name in attribute.split("."):
            found = getattr(found, name)
    except ModuleNotFoundError as error:
        terminal.fail(
            f"Cannot import {error.name}: is this the folder of the project, with its requirements installed?"
        )
    except AttributeError as error:
        terminal.fail(f"{module_name} has no {attribute}: {error}")
    except ValueError as error:
        # A seller without its key says so.
        terminal.fail(f"{module_name} did not start: {error}")
    if not (isinstance(found, Seller) or callable(found)):
        terminal.fail(f"{target} is neither a Seller nor an application.")
    return found


def is_asgi(app: Any) -> bool:
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004  # its kind is asked, not whether it is there


def _serve_asgi(app: Any, host: str, bound: socket.socket) -> None:
    if find_spec("uvicorn") is None:
        terminal.fail("An ASGI application needs uvicorn. Run: pip install uvicorn")
    import uvicorn

    shown = f"[{host}]" if ":" in host else host
    bound.listen(BACKLOG)
    _announce(f"http://{shown}:{bound.getsockname()[1]}")
    # h11 by name: uvicorn would prefer httptools when that is installed, which sends body-sign in lower case.
    config = uvicorn.Config(app, http="h11", log_level="warning", server_header=False)
    uvicorn.Server(config).run(sockets=[bound])


def _announce(url: str) -> None:
    terminal.say(f"Seller: {url}")
    sys.stdout.flush()
