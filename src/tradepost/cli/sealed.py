"""``tradepost secrets``: encrypts sealed values with a new secret key, so that the earlier key can be removed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cyclopts import App

from tradepost.cli import terminal
from tradepost.cli.opening import open_market
from tradepost.cli.recorded import recorded_act
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.base.reseal import Count

app = App(name="secrets", help="Encrypt sealed values under a new secret key.")


@app.command(name="reseal")
def reseal_all() -> int:
    """Encrypt all sealed values with the current secret key.

    Run it after TRADEPOST_SECRET_KEY was changed and every process of the market was restarted. The market may run
    meanwhile. If it is interrupted, run it again: it continues with the values that remain. Ends with code 1 while a value
    cannot be opened with any configured key.
    """
    open_market(follow_demo=True, existing=True)
    from tradepost.market.base import clock, market_identity, reseal
    from tradepost.market.base.sealed_rows import REMEDY
    from tradepost.market.keyed_hashes import HASHES

    with recorded_act("secrets reseal") as act:
        identity = market_identity.identity()
        if identity is None or reseal.present_key_since(identity) is None:
            raise Refused(
                "secrets.new_key",
                "The market has not run with this secret key yet. Restart all its processes with the new key in "
                "TRADEPOST_SECRET_KEY and the earlier one in TRADEPOST_OLD_SECRET_KEYS, then run this command again.",
            )
        act.done()
    with _progress() as progress:
        count = reseal.run(progress)
    renewed_hashes = reseal.recompute_hashes(HASHES)
    terminal.print_line(
        f"{count.resealed:,} sealed values were encrypted under the present key; {count.current:,} already were. "
        f"{renewed_hashes:,} keyed hashes were renewed."
    )
    if count.closed:
        terminal.print_line(f"{count.closed:,} cannot be opened with any configured key. {REMEDY}")
        return 1
    for issued_kind in reseal.issued_before(HASHES, identity, wall=clock.wall()):
        terminal.print_line(
            f"{issued_kind.number:,} {issued_kind.name} need the earlier key, unless they were renewed since."
        )
    terminal.print_line(
        "No sealed value needs an earlier key. Run tradepost doctor before you remove TRADEPOST_OLD_SECRET_KEYS."
    )
    return 0


@contextmanager
def _progress() -> Iterator[Callable[[str, Count], None]]:
    """Show the column and its number of processed values, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _column, _count: None
        return
    with terminal.err().status("Encrypting …") as status:
        yield lambda column, count: status.update(f"{column}: {count.resealed + count.current:,}")
