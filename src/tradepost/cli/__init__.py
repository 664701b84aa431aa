"""The command line: starts markets, moves a sandbox's clock, answers questions about health.

Nothing heavy is imported here: each command's module is loaded when that command runs, so that help is quick and the
base install, which has no Django, can show it.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from cyclopts import App, Group

from tradepost import __version__

RUN = Group("Run a market", sort_key=1)
CARE = Group("Look after a market", sort_key=2)
SELL = Group("Sell on a market", sort_key=3)

# Name, where it lives, help (repeated here so that showing it loads nothing), group.
COMMANDS = (
    ("demo", "tradepost.cli.demo:app", "Start a sandbox market with demo data and a sample seller.", RUN),
    ("up", "tradepost.cli.up:up", "Migrate, then run web and worker together until stopped.", RUN),
    ("serve", "tradepost.cli.serve:serve", "Run the web server alone.", RUN),
    ("worker", "tradepost.cli.worker:worker", "Run one worker alone: calls to sellers, events, timers, mail.", RUN),
    ("migrate", "tradepost.cli.migrate:migrate", "Bring the database to this version.", RUN),
    ("doctor", "tradepost.cli.doctor:doctor", "Check a market's settings and surroundings, and say what to do.", CARE),
    ("clock", "tradepost.cli.clock:app", "Show a market's clock, or move a sandbox's forward.", CARE),
    (
        "probe",
        "tradepost.cli.probe:probe",
        "Probe a product now, or show which products fail their probes and are frozen next.",
        CARE,
    ),
    (
        "explain",
        "tradepost.cli.explain:explain",
        "Say how each amount of an order or of a service came about, computed again and compared.",
        CARE,
    ),
    (
        "reconcile",
        "tradepost.cli.reconcile:reconcile",
        "Compare the market with what its sellers have, list what differs, and repair it.",
        CARE,
    ),
    (
        "simulate",
        "tradepost.cli.simulate:simulate",
        "Simulate a whole market and check that its rules hold, whatever goes wrong.",
        CARE,
    ),
    ("files", "tradepost.cli.files:app", "Adopt the files folder of a market after it was moved or restored.", CARE),
    ("operator", "tradepost.cli.accounts:operator", "Make the accounts of operators.", CARE),
    ("category", "tradepost.cli.category:app", "Manage the categories of the store.", CARE),
    ("check", "tradepost.cli.check:check", "Test a seller's production interface as the market would use it.", SELL),
    ("sign", "tradepost.cli.sign:sign", "Sign a request to a seller afresh, as a curl line or by sending it.", SELL),
    ("dev", "tradepost.cli.dev:dev", "Start a sandbox market around your own server.", SELL),
    ("seller", "tradepost.cli.seller:seller", "Make sellers of a market; make and run a seller's own server.", SELL),
)


def build() -> App:
    """The command line as an object, for ``main`` and for the test that holds the reference to it."""
    app = App(
        name="tradepost",
        help="Tradepost (商埠): a cloud software marketplace, the kit for its sellers and their tester.",
        version=__version__,
        version_flags=["--version"],
        help_flags=["--help", "-h"],
    )
    for name, path, text, group in COMMANDS:
        app.command(path, name=name, help=text, group=group)
    return app


def main(tokens: Sequence[str] | None = None) -> None:
    """Run a command line and leave with its exit code: 0 done, 1 refused or failed."""
    from tradepost.cli import private_files, terminal

    # Of what modules make nearly nothing is garbage, and Python would look through it a hundred times while they load.
    gc.set_threshold(50_000, 50, 100)
    private_files.begin_private()
    with terminal.in_one_line():
        result = build()(tokens, result_action="return_value")
        sys.exit(result if isinstance(result, int) else 0)
