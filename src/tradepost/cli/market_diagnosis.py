"""What the doctor says of the market that a database holds: its mode, its secret key, its files, its ledger."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tradepost.cli import terminal
from tradepost.cli.findings import Finding, fail, ok, warn
from tradepost.market.base import market_identity, sealed_rows
from tradepost.market.base.config import Config
from tradepost.market.base.file_check import FileCheck, check_files
from tradepost.market.payments import ledger
from tradepost.market.web import start_checks

SECRETS_TRIED = 200
MOST_PROBLEMS = 5


def check_mode(config: Config) -> Iterator[Finding]:
    """Mode and market id (opening.md §3)."""
    known, area = market_identity.identity(), "market"
    if (problem := start_checks.mode_problem(config, known)) is not None:
        yield fail(area, problem.words, "Correct TRADEPOST_SANDBOX, DATABASE_URL or TRADEPOST_DATA.")
    elif known is None:
        mode = market_identity.mode_of(sandbox=config.sandbox)
        yield warn(area, f"No mode is stored yet; the first start stores {mode}.", "Start the market: tradepost up")
    else:
        yield ok(area, f"{known.mode.capitalize()} market, id {known.market_id}.")


def check_sealed() -> Iterator[Finding]:
    area = "sealed secrets"
    if (problem := start_checks.key_problem(market_identity.identity())) is not None:
        yield fail(area, problem.words, sealed_rows.REMEDY)
        return
    tried = sealed_rows.try_open(most=SECRETS_TRIED)
    if tried.closed:
        said = f"{tried.closed} of {tried.all} cannot be opened: the secret key was changed."
        yield fail(area, said, sealed_rows.REMEDY)
    else:
        said = f"All {tried.all} that were tried can be opened." if tried.all else "There are none yet."
        yield ok(area, said)


def check_files_folder(config: Config) -> Iterator[Finding]:
    """Whether the folder is this market's, and whether every file that the database refers to is in it."""
    with _progress() as progress:
        found = check_files(config.files, progress=progress)
    area, known = "files folder", market_identity.identity()
    if (problem := start_checks.folder_problem(config, known, lambda: found)) is not None:
        yield fail(area, problem.words, "Mount or restore the files folder of this market.")
    elif known is None or not known.files_token:
        yield ok(area, f"{config.files.absolute()} is marked at the first start.")
    else:
        yield ok(area, f"{config.files.absolute()} has the marker of this market.")
    yield _of_files(found)


def _of_files(found: FileCheck) -> Finding:
    area = "files"
    if found.complete:
        return ok(
            area,
            f"All {found.checked} files that the database refers to exist." if found.checked else "There are none yet.",
        )
    said = f"{found.missing} of {found.checked} files that the database refers to are missing: {found.names()}."
    return fail(area, said, "Put them back from a backup of the files folder.")


def check_ledger() -> Iterator[Finding]:
    """The invariants of the ledger, over all of it."""
    balance, area = ledger.verify(), "ledger"
    for problem in balance.problems[:MOST_PROBLEMS]:
        yield fail(
            area, f"{problem[0].upper()}{problem[1:]}.", "Stop the market and restore the database from a backup."
        )
    if (more := len(balance.problems) - MOST_PROBLEMS) > 0:
        yield fail(area, f"And {more} more problems.", "Stop the market and restore the database from a backup.")
    if not balance.problems:
        yield ok(area, f"{balance.transfers} transfers in {balance.accounts} accounts; all sums are right.")


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """The number of files checked, on a terminal alone: what a program reads stays as it is."""
    if not sys.stderr.isatty():
        yield lambda _number: None
        return
    with terminal.err().status("Checking files …") as status:
        yield lambda number: status.update(f"Checking files: {number}")
