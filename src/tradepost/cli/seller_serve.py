"""``tradepost seller serve``: runs a seller, a WSGI or an ASGI application on a server that keeps the case of
``Body-Sign``."""

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
"""Address for buyers in a project made by ``tradepost seller new``."""
BACKLOG = 2048


def serve(target: str, *, host: str = "127.0.0.1", port: int = 9000, threads: int = THREADS) -> None:
    """Run a seller's server.

    Settings of a file .env in this folder are added to the environment, unless already set. So is SELLER_PUBLIC_URL,
    the address for buyers: by default the one that the server listens on.

    Parameters
    ----------
    target
        MODULE:OBJECT, relative to this folder: a Seller, a WSGI or an ASGI application.
    host
        Address to listen on; 0.0.0.0 for access from other machines.
    port
        Port to listen on; 0 takes a free one and prints it.
    threads
        Maximum concurrent requests (WSGI and Seller).
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # It warns whenever a request waits briefly for a thread, which is normal in a burst of repeats.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    read_env(ENV_FILE)
    bound_socket = _bind(host, port)
    # Before the application is loaded, which reads it: buyers are sent to this server's address.
    os.environ.setdefault(PUBLIC_URL, public_url(host, bound_socket.getsockname()[1]))
    app = load(target)
    if is_asgi(app):
        _serve_asgi(app, host, bound_socket)
        return
    server = Server(app, host, threads=threads, bound=bound_socket)
    # Without a handler, the first process of a container ignores the signal and runs until it is killed.
    signal.signal(signal.SIGTERM, _end)
    _announce(server.url)
    server.run()


def _bind(host: str, port: int) -> socket.socket:
    """Bind the port without listening; the server listens once the application is loaded."""
    bound_socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound_socket.bind((host, port))
    except OSError as error:
        bound_socket.close()
        terminal.fail(f"Cannot listen on {host}:{port}: {error}")
    return bound_socket


def public_url(host: str, port: int) -> str:
    """Return the address for a browser on this machine."""
    reachable_host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # asked about, not listened on
    return f"http://[{reachable_host}]:{port}" if ":" in reachable_host else f"http://{reachable_host}:{port}"


def _end(_number: int, _frame: object) -> None:
    """End as on Ctrl-C, after finishing answers in progress."""
    raise SystemExit(0)


def read_env(path: Path) -> None:
    """Load NAME=VALUE lines into the environment; existing names keep their values."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.strip().removeprefix("export ").partition("=")
        if separator and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


def load(target: str) -> Any:
    """Return the object that MODULE:OBJECT names, relative to the working folder. Ends the command with an explanation
    if there is none."""
    module_name, _, attribute = target.partition(":")
    if not module_name or not attribute:
        terminal.fail(f"{target!r} does not name an object: write MODULE:OBJECT, for example app:app.")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  # as python -m does
    try:
        target_object = importlib.import_module(module_name)
        for name in attribute.split("."):
            target_object = getattr(target_object, name)
    except ModuleNotFoundError as error:
        terminal.fail(
            f"Cannot import {error.name}: is this the folder of the project, with its requirements installed?"
        )
    except AttributeError as error:
        terminal.fail(f"{module_name} has no {attribute}: {error}")
    except ValueError as error:
        # For example a seller without its key.
        terminal.fail(f"{module_name} did not start: {error}")
    if not (isinstance(target_object, Seller) or callable(target_object)):
        terminal.fail(f"{target} is neither a Seller nor an application.")
    return target_object


def is_asgi(app: Any) -> bool:
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004  # its kind is asked, not whether it is there


def _serve_asgi(app: Any, host: str, bound_socket: socket.socket) -> None:
    if find_spec("uvicorn") is None:
        terminal.fail("An ASGI application needs uvicorn. Run: pip install uvicorn")
    import uvicorn

    display_host = f"[{host}]" if ":" in host else host
    bound_socket.listen(BACKLOG)
    _announce(f"http://{display_host}:{bound_socket.getsockname()[1]}")
    # h11 explicitly: uvicorn would prefer an installed httptools, which sends body-sign in lower case.
    config = uvicorn.Config(app, http="h11", log_level="warning", server_header=False)
    uvicorn.Server(config).run(sockets=[bound_socket])


def _announce(url: str) -> None:
    terminal.print_line(f"Seller: {url}")
    sys.stdout.flush()
