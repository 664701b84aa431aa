"""Makes what a sandbox begins with, beside the package: a migrated empty database, or (``demo``) the demo with its products listed.

The demo goes the real road, with a worker and the sample seller as processes; then whatever is secret is taken out of it.
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

SETTLES_WITHIN = 60.0
STOPS_WITHIN = 20.0


def main(what: str) -> int:
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
        if what == "demo":
            template.begin()
        migrate.apply(Console(stderr=True, quiet=True), each=False)
        if what == "demo":
            try:
                _demo(config)
            except Exception:
                for log in Path(folder).glob("logs/*.log"):
                    sys.stderr.write(f"{log.name}:\n{log.read_text(errors='replace')[-3000:]}\n")
                raise
        template.write(template.DEMO if what == "demo" else template.EMPTY)
        up.let_go_of_the_database()
    return 0


def _demo(config: Config) -> None:
    from tradepost.cli import demo, demo_road, sample_seller, terminal
    from tradepost.cli.processes import Processes
    from tradepost.market.base import clock
    from tradepost.market.seed import shipped

    config.secrets()  # made before the worker would race for it
    processes, port = Processes(terminal.warn), sample_seller.choose_port(0)
    try:
        demo.supply(config, processes, port)
        if not sample_seller.wait_for(port, lambda: False):
            raise TimeoutError("the sample seller does not listen")
        demo_road.walk(config, port)
        end = time.monotonic() + SETTLES_WITHIN
        while not shipped.settled():
            if time.monotonic() > end:
                raise TimeoutError("what happened has not had all its effects")
            processes.look()
            time.sleep(0.1)
    finally:
        processes.stop(STOPS_WITHIN)
    shipped.make_shippable(clock.now())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else "empty"))
