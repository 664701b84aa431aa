"""The command line of the base install, without Django."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
from cyclopts import App

from tradepost import __version__
from tradepost.cli import COMMANDS

WITHOUT_DJANGO = "import sys; sys.modules['django'] = None; from tradepost.cli import main; main(sys.argv[1:])"
HEAVY = "django pydantic structlog aiohttp granian psycopg cryptography"


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=600, check=False
    )


def test_help_needs_no_django_and_names_every_command():
    done = run(WITHOUT_DJANGO, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for name, _, text, group in COMMANDS:
        assert f" {name} " in done.stdout
        assert text.split()[0] in done.stdout
        assert group.name in done.stdout


def test_help_imports_no_large_packages():
    done = run(
        "import sys\n"
        "from tradepost.cli import build\n"
        "build()(['--help'], result_action='return_value')\n"
        f"print([name for name in '{HEAVY}'.split() if name in sys.modules], file=sys.stderr)"
    )
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(("path", "text"), [(path, text) for _, path, text, _ in COMMANDS])
def test_help_in_the_table_is_the_first_sentence_of_the_command(path, text):
    module, _, attribute = path.partition(":")
    command = getattr(import_module(module), attribute)
    own = command.help if isinstance(command, App) else command.__doc__
    assert own.strip().splitlines()[0].split(". ")[0].rstrip(".") + "." == text


@pytest.mark.slow
def test_market_command_without_django_says_what_to_install():
    for arguments in (
        ("clock",),
        ("clock", "advance", "1d"),
        ("doctor",),
        ("up",),
        ("demo",),
        ("worker",),
        ("migrate",),
    ):
        done = run(WITHOUT_DJANGO, *arguments)
        assert done.returncode == 1, arguments
        assert done.stdout == ""
        assert done.stderr == ('tradepost: This command needs the marketplace. Run: pip install "tradepost[market]"\n')


def test_version_is_printed():
    done = run(WITHOUT_DJANGO, "--version")
    assert (done.returncode, done.stdout.strip()) == (0, __version__)
