"""``tradepost files``: makes a moved or restored folder the files folder of a market."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from tradepost.cli import terminal
from tradepost.cli.opening import open_market
from tradepost.cli.recorded import recorded_act
from tradepost.market.base.errors import Refused

app = App(name="files", help="Adopt the files folder of a market after it was moved or restored.")


@app.command
def adopt(*, accept_missing: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Make the folder ``files`` in the data folder the files folder of this market.

    Needed when the folder was restored without its marker, or was moved. Any other folder is refused from then on. Stop the
    market first.

    Parameters
    ----------
    accept_missing
        Adopt the folder although files are missing from it. Deliveries of missing files fail until they are put back.
    """
    config = open_market(existing=True)
    from tradepost.market.base import clock, files_marker
    from tradepost.market.base.file_check import check_files
    from tradepost.market.identity import first_start

    identity = first_start.ensure_identity(sandbox=config.sandbox, now=clock.wall())
    with recorded_act("files adopt", folder=str(config.files.absolute())) as act:
        result = check_files(config.files)
        if not result.complete and not accept_missing:
            raise Refused(
                "files.missing",
                f"{result.missing} of {result.checked} files that the database refers to are missing from "
                f"{config.files.absolute()}: {result.names()}. Put them back, or repeat the command with --accept-missing.",
            )
        files_marker.mark(config.files, identity)
        act.done()
    missing_text = f", {result.missing} are missing" if result.missing else ""
    terminal.print_line(
        f"{config.files.absolute()} is now the files folder of this market: {result.checked} files{missing_text}."
    )
