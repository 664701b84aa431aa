"""``tradepost doctor``: checks a market's surroundings and says how to correct them."""

from __future__ import annotations

import json
import os
import secrets
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tradepost.cli import terminal
from tradepost.cli.findings import Finding, Level
from tradepost.cli.opening import open_market, read_config, require_existing
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import as_dict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradepost.market.base.config import Config

LEVEL_MARKUP = {
    Level.OK: "[green]ok[/green]",
    Level.WARN: "[yellow]warn[/yellow]",
    Level.FAIL: "[bold red]fail[/bold red]",
}


def doctor(*, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> int:
    """Check a market's settings and surroundings, and explain how to correct them. Changes nothing.

    Ends with code 1 when something fails, 0 when all is well or there are warnings only.

    Parameters
    ----------
    as_json
        Write a JSON list for a program instead of a table.
    """
    findings = examine()
    if as_json:
        print(json.dumps([as_dict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        _show(findings)
    return int(any(finding.level is Level.FAIL for finding in findings))


def examine() -> tuple[Finding, ...]:
    """Return all findings; an error in one check does not end the others."""
    try:
        config = read_config()
        require_existing(config)
        _use_temporary_key(config)
        opened_config = open_market(follow_demo=True, existing=True, only_look=True)
    except Refused as refusal:
        if refusal.code == "cli.no_market":
            raise
        if refusal.code == "cli.no_market_here":
            return (Finding("market", Level.FAIL, refusal.message, "tradepost up"),)
        return (Finding("settings", Level.FAIL, refusal.message, "Correct the environment or the file .env."),)
    from tradepost.cli import diagnosis

    return diagnosis.all_findings(opened_config.model_copy(update={"secret_key": config.secret_key}))


def _use_temporary_key(config: Config) -> None:
    """Django needs a key to start, and the first reader would create the key file. Use a temporary key instead."""
    if not config.secret_key.get_secret_value() and not (config.data / "secret.key").exists():
        os.environ["TRADEPOST_SECRET_KEY"] = secrets.token_urlsafe(48)


def _show(findings: Sequence[Finding]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Checked", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("Found", overflow="fold")
    table.add_column("What to do", overflow="fold")
    from rich.text import Text

    for finding in findings:
        table.add_row(finding.area, LEVEL_MARKUP[finding.level], Text(finding.said), Text(finding.todo))
    console = terminal.out()
    console.print(table)
    counts = {level: sum(finding.level is level for finding in findings) for level in Level}
    if counts[Level.FAIL]:
        console.print(f"\n[bold red]{counts[Level.FAIL]} failed[/bold red], {counts[Level.WARN]} warnings.")
    else:
        console.print(f"\nNothing failed, {counts[Level.WARN]} warnings.")
