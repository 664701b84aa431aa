"""The command line: starts markets, moves a sandbox's clock, and reports the health of a market.

Each command's module is imported only when the command runs, so that help is fast and works in the base install without
Django.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from cyclopts import App, Group

from tradepost import __version__

RUN_GROUP = Group("Run a market", sort_key=1)
CARE_GROUP = Group("Look after a market", sort_key=2)
SELL_GROUP = Group("Sell on a market", sort_key=3)

# Name, location, help (repeated here so that printing it imports nothing), group.
COMMANDS = (
    ("demo", "tradepost.cli.demo:app", "Start a sandbox market with demo data and a sample seller.", RUN_GROUP),
    ("up", "tradepost.cli.up:up", "Migrate, then run web and worker together until stopped.", RUN_GROUP),
    ("serve", "tradepost.cli.serve:serve", "Run only the web server.", RUN_GROUP),
    ("worker", "tradepost.cli.worker:worker", "Run one worker: calls to sellers, events, timers, mail.", RUN_GROUP),
    ("migrate", "tradepost.cli.migrate:migrate", "Bring the database to this version.", RUN_GROUP),
    (
        "doctor",
        "tradepost.cli.doctor:doctor",
        "Check a market's settings and surroundings, and explain how to correct them.",
        CARE_GROUP,
    ),
    ("clock", "tradepost.cli.clock:app", "Show a market's clock, or move a sandbox's forward.", CARE_GROUP),
    (
        "probe",
        "tradepost.cli.probe:probe",
        "Probe a product now, or show which products fail their probes and are frozen next.",
        CARE_GROUP,
    ),
    (
        "explain",
        "tradepost.cli.explain:explain",
        "Explain each amount of an order or a service by computing and comparing it again.",
        CARE_GROUP,
    ),
    (
        "reconcile",
        "tradepost.cli.reconcile:reconcile",
        "Compare the market with its sellers, list the differences, and repair them.",
        CARE_GROUP,
    ),
    (
        "simulate",
        "tradepost.cli.simulate:simulate",
        "Simulate a whole market with faults and check that its rules hold.",
        CARE_GROUP,
    ),
    (
        "files",
        "tradepost.cli.files:app",
        "Adopt the files folder of a market after it was moved or restored.",
        CARE_GROUP,
    ),
    ("operator", "tradepost.cli.accounts:operator", "Manage operators, and lock accounts.", CARE_GROUP),
    (
        "config",
        "tradepost.cli.configuration:app",
        "Copy the configuration of a market into another one.",
        CARE_GROUP,
    ),
    ("secrets", "tradepost.cli.sealed:app", "Encrypt sealed values under a new secret key.", CARE_GROUP),
    ("category", "tradepost.cli.category:app", "Manage the categories of the store.", CARE_GROUP),
    ("check", "tradepost.cli.check:check", "Test a seller's production interface like the market.", SELL_GROUP),
    (
        "sign",
        "tradepost.cli.sign:sign",
        "Sign a request to a seller again, and print it as a curl command or send it.",
        SELL_GROUP,
    ),
    ("dev", "tradepost.cli.dev:dev", "Start a sandbox market around your own server.", SELL_GROUP),
    (
        "seller",
        "tradepost.cli.seller:seller",
        "Make sellers of a market; make and run a seller's own server.",
        SELL_GROUP,
    ),
)


def build() -> App:
    """Return the command line as an object, for ``main`` and the tests."""
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
    """Run a command line and exit with its code: 0 success, 1 refused or failed."""
    from tradepost.cli import private_files, terminal

    # Modules create almost no garbage while they load, and Python would search it a hundred times.
    gc.set_threshold(50_000, 50, 100)
    private_files.begin_private()
    with terminal.in_one_line():
        result = build()(tokens, result_action="return_value")
        sys.exit(result if isinstance(result, int) else 0)
