"""Migrates an empty database and keeps it beside the package, so that a sandbox starts without waiting for that."""

from __future__ import annotations

import os
import tempfile

from rich.console import Console


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TRADEPOST_DATA": folder, "TRADEPOST_DATABASE_URL": "", "DATABASE_URL": ""}
        from tradepost.cli import migrate, template, up
        from tradepost.cli.opening import open_market

        open_market()
        migrate.apply(Console(stderr=True, quiet=True), each=False)
        template.write()
        up.let_go_of_the_database()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
