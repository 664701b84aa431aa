"""``tradepost config``: write the configuration of a market to a file, and load it into an empty market."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from tradepost.cli import terminal
from tradepost.cli.opening import open_market
from tradepost.cli.recorded import recorded_act
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.base.portable import Place

app = App(name="config", help="Copy the configuration of a market into another one.")


@app.command(name="export")
def export_config(file: Path | None = None) -> None:
    """Write branding, categories, synonyms, agreements, registration, sign-in providers, fee policies and the approval limit.

    Operators, history and secrets are not in the file.

    Parameters
    ----------
    file
        The file to write; standard output by default.
    """
    open_market(existing=True)
    from tradepost.market import portable

    text = portable.export(_place())
    if file is None:
        sys.stdout.write(text)
        return
    file.write_text(text, encoding="utf-8")
    terminal.print_line(f"Wrote {file}.")


@app.command(name="import")
def import_config(file: Path) -> None:
    """Read a configuration into a market that has an owner, but no other accounts, sellers, products or orders.

    Agreements become drafts, and sign-in providers are closed until their secrets are entered.

    Parameters
    ----------
    file
        A file that ``tradepost config export`` wrote.
    """
    open_market(existing=True)
    from django.db import transaction

    from tradepost.market import portable
    from tradepost.market.base import clock

    with recorded_act("config import", file=file.name) as act:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused("config.file", f"{file} cannot be read: {error}.") from None
        with transaction.atomic():
            names = portable.load(text, place=_place(), now=clock.now())
            act.done()
    terminal.print_line(f"Imported: {', '.join(names)}.")


def _place() -> Place:
    from tradepost.market.base.config import config
    from tradepost.market.base.portable import Place

    return Place(currency=config().currency, files=config().files)
