"""Three servers that create one instance per request, all on waitress with the same threads.

``python -m bench.provision_server kit|openbrokerapi|raw FOLDER`` prints ``ready <port>``. The kit stores the data for
repeated requests. The broker stores one row in an equally durable database, as its authors expect of its users. Raw
stores nothing.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradepost.kit import AppInfo, Create, Created, Seller
from tradepost.kit.serve import THREADS, Server
from tradepost.kit.wsgi import wsgi

from .programs import end_with_parent, say_ready
from .wire import KEY

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

USER, PASSWORD = "broker", "broker"  # of a server that runs for seconds on loopback


def kit(folder: Path) -> WSGIApplication:
    seller = Seller(store=folder / "kit.sqlite3", key=KEY)

    @seller.on(Create)
    def make(command: Create) -> Created:
        return Created(app=AppInfo(front_end_url=f"https://app.example/{command.business_id}"))

    return wsgi(seller)


def raw(_folder: Path) -> WSGIApplication:
    body = b'{"resultCode":"000000","resultMsg":"success","instanceId":"00000000000000000000000000000000"}'

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return application


class Rows:
    """An idempotency row in SQLite with full durability, with a connection per thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._connection().execute("CREATE TABLE instance (id TEXT PRIMARY KEY, plan TEXT NOT NULL)")

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
            found.execute("PRAGMA journal_mode=WAL")
            found.execute("PRAGMA synchronous=FULL")
        return found

    def keep(self, instance_id: str, plan: str) -> bool:
        """Return True if the row is new."""
        done = self._connection().execute("INSERT OR IGNORE INTO instance VALUES (?, ?)", (instance_id, plan))
        return done.rowcount == 1


def openbrokerapi(folder: Path) -> WSGIApplication:
    from flask import Flask
    from openbrokerapi import api
    from openbrokerapi.catalog import ServicePlan
    from openbrokerapi.service_broker import ProvisionedServiceSpec, ProvisionState, Service, ServiceBroker

    rows = Rows(folder / "broker.sqlite3")

    class Broker(ServiceBroker):  # type: ignore[misc]  # published without types
        def catalog(self) -> Any:
            plan = ServicePlan(id="p", name="p", description="p")
            return Service(id="s", name="s", description="s", bindable=False, plans=[plan])

        def provision(self, instance_id: str, details: Any, async_allowed: bool, **_: Any) -> Any:  # noqa: FBT001, ARG002
            new = rows.keep(instance_id, details.plan_id)
            state = ProvisionState.SUCCESSFUL_CREATED if new else ProvisionState.IDENTICAL_ALREADY_EXISTS
            return ProvisionedServiceSpec(state=state, dashboard_url=f"https://app.example/{instance_id}")

    app = Flask(__name__)
    credentials = api.BrokerCredentials(USER, PASSWORD)
    app.register_blueprint(api.get_blueprint(Broker(), credentials, logging.getLogger("broker")))
    application: WSGIApplication = app.wsgi_app
    return application


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    make_app = {"kit": kit, "openbrokerapi": openbrokerapi, "raw": raw}[sys.argv[1]]
    server = Server(make_app(Path(sys.argv[2])), "127.0.0.1", 0, threads=THREADS)
    end_with_parent()
    say_ready(server.port)
    server.run()
