"""Doctor checks of the market in the database: its mode, secret key, files and ledger."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tradepost.cli import terminal
from tradepost.cli.findings import Finding, fail, ok, warn
from tradepost.market.base import clock, market_identity, reseal, sealed_rows
from tradepost.market.base.config import Config, config
from tradepost.market.base.file_check import FileCheck, check_files
from tradepost.market.keyed_hashes import HASHES
from tradepost.market.payments import ledger
from tradepost.market.web import start_checks

MAX_SECRETS_TRIED = 200
MAX_PROBLEMS = 5


def check_mode(config: Config) -> Iterator[Finding]:
    """Check mode and market ID (opening.md §3)."""
    identity, area = market_identity.identity(), "market"
    if (problem := start_checks.mode_problem(config, identity)) is not None:
        yield fail(area, problem.words, "Correct TRADEPOST_SANDBOX, DATABASE_URL or TRADEPOST_DATA.")
    elif identity is None:
        mode = market_identity.mode_of(sandbox=config.sandbox)
        yield warn(area, f"No mode is stored yet; the first start stores {mode}.", "Start the market: tradepost up")
    else:
        yield ok(area, f"{identity.mode.capitalize()} market, id {identity.market_id}.")


def check_sealed() -> Iterator[Finding]:
    area = "sealed secrets"
    if (problem := start_checks.key_problem(market_identity.identity())) is not None:
        yield fail(area, problem.words, sealed_rows.REMEDY)
        return
    trial = sealed_rows.try_open(most=MAX_SECRETS_TRIED)
    if trial.closed:
        message = f"{trial.closed} of {trial.all} cannot be opened: the secret key was changed."
        yield fail(area, message, sealed_rows.REMEDY)
    else:
        message = f"All {trial.all} that were tried can be opened." if trial.all else "There are none yet."
        yield ok(area, message)
        yield from _earlier_keys()


def _earlier_keys() -> Iterator[Finding]:
    """Report whether the earlier secret keys can be removed, or which values still need them."""
    identity = market_identity.identity()
    if identity is None or not config().secrets()[1:]:
        return
    area = "earlier secret keys"
    if reseal.present_key_since(identity) is None:
        yield warn(area, "The market has not run with its new secret key yet.", "Restart its processes.")
    elif sealed_rows.needs_earlier_key():
        yield warn(area, "Sealed values still need an earlier secret key.", "tradepost secrets reseal")
    elif issued_text := ", ".join(
        f"{key.number} {key.name}" for key in reseal.issued_before(HASHES, identity, wall=clock.wall())
    ):
        yield warn(
            area,
            f"No sealed value needs them. Secrets that are stored as hashes still do, unless renewed since: {issued_text}.",
            "Have their owners renew them, or accept that they stop working. Then remove TRADEPOST_OLD_SECRET_KEYS.",
        )
    else:
        yield ok(area, "Nothing needs them. Remove TRADEPOST_OLD_SECRET_KEYS and restart.")


def check_files_folder(config: Config) -> Iterator[Finding]:
    """Check that the folder belongs to this market and contains every file that the database refers to."""
    with _progress() as progress:
        result = check_files(config.files, progress=progress)
    area, identity = "files folder", market_identity.identity()
    if (problem := start_checks.folder_problem(config, identity, lambda: result)) is not None:
        yield fail(area, problem.words, "Mount or restore the files folder of this market.")
    elif identity is None or not identity.files_token:
        yield ok(area, f"{config.files.absolute()} is marked at the first start.")
    else:
        yield ok(area, f"{config.files.absolute()} has the marker of this market.")
    yield _files_finding(result)


def _files_finding(result: FileCheck) -> Finding:
    area = "files"
    if result.complete:
        return ok(
            area,
            f"All {result.checked} files that the database refers to exist."
            if result.checked
            else "There are none yet.",
        )
    message = f"{result.missing} of {result.checked} files that the database refers to are missing: {result.names()}."
    return fail(area, message, "Put them back from a backup of the files folder.")


def check_ledger() -> Iterator[Finding]:
    """Check the invariants of the whole ledger."""
    balance, area = ledger.verify(), "ledger"
    for problem in balance.problems[:MAX_PROBLEMS]:
        yield fail(
            area, f"{problem[0].upper()}{problem[1:]}.", "Stop the market and restore the database from a backup."
        )
    if (omitted := len(balance.problems) - MAX_PROBLEMS) > 0:
        yield fail(area, f"And {omitted} more problems.", "Stop the market and restore the database from a backup.")
    if not balance.problems:
        yield ok(area, f"{balance.transfers} transfers in {balance.accounts} accounts; all sums are right.")


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Show the number of checked files, only on a terminal, so that programs read clean output."""
    if not sys.stderr.isatty():
        yield lambda _number: None
        return
    with terminal.err().status("Checking files …") as status:
        yield lambda number: status.update(f"Checking files: {number}")
