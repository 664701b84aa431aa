"""Creates the initial data of a sandbox beside the package: a migrated empty database, or (``demo``) the demo with
listed products.

The demo's products are published normally, with a worker and the sample seller as processes; then secrets are removed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from tradepost.market.base.config import Config

SETTLE_TIMEOUT = 60.0
STOP_TIMEOUT = 20.0


def main(kind: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        foreign = [name for name in os.environ if name.startswith("TRADEPOST_")]
        for name in (*foreign, "DATABASE_URL", "PORT"):
            os.environ.pop(name, None)
        os.environ |= {
            "TRADEPOST_DATA": folder,
            "TRADEPOST_DATABASE_URL": "",
            "DATABASE_URL": "",
            "TRADEPOST_SANDBOX": "1",
        }
        from tradepost.cli import migrate, template, up
        from tradepost.cli.opening import open_market

        config = open_market()
        if kind == "demo":
            template.begin()
        migrate.apply(Console(stderr=True, quiet=True), each=False)
        if kind == "demo":
            try:
                _demo(config)
            except Exception:
                for log in Path(folder).glob("logs/*.log"):
                    sys.stderr.write(f"{log.name}:\n{log.read_text(errors='replace')[-3000:]}\n")
                raise
        template.write(template.DEMO_DATABASE if kind == "demo" else template.EMPTY_DATABASE)
        up.close_database()
    return 0


def _demo(config: Config) -> None:
    from tradepost.cli import demo, demo_road, sample_seller, terminal
    from tradepost.cli.processes import Processes
    from tradepost.market.base import clock
    from tradepost.market.seed import shipped

    config.secrets()  # before the worker, which would race to create it
    processes, port = Processes(terminal.warn), sample_seller.choose_port(0)
    try:
        demo.start_seller_and_worker(config, processes, port)
        if not sample_seller.wait_for(port, lambda: False):
            raise TimeoutError("the sample seller does not listen")
        demo_road.publish(config, port)
        end = time.monotonic() + SETTLE_TIMEOUT
        while not shipped.has_no_pending_work():
            if time.monotonic() > end:
                raise TimeoutError("what happened has not had all its effects")
            processes.look()
            time.sleep(0.1)
    finally:
        processes.stop(STOP_TIMEOUT)
    shipped.make_shippable(clock.now())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else "empty"))
