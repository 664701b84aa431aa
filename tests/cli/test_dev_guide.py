"""The guide to the sandbox market: its commands start a market and move its clock."""

from __future__ import annotations

import re
import shlex
import signal
from pathlib import Path

import pytest

from tests.cli.command_line import WITHIN, Market
from tests.cli.running import read_until
from tradepost.cli.serve import free_port

FOLDER = Path(__file__).parents[2] / "docs/how-to/sellers"
NAMES = ("dev.md", "dev.zh-CN.md")


def commands(name: str) -> tuple[str, str, str]:
    """Return the line that sets the key, the one that starts the market and the one that moves its clock."""
    start, move = re.findall(r"(?ms)^```bash\n(.*?)^```$", (FOLDER / name).read_text(encoding="utf-8"))
    key, market = start.strip().splitlines()
    return key, market, move.strip()


def test_both_languages_have_the_same_commands() -> None:
    english, chinese = map(commands, NAMES)
    assert english[1:] == chinese[1:]
    assert all(key.startswith('export TRADEPOST_KEY="') for key, *_ in (english, chinese))


@pytest.mark.slow
def test_the_commands_start_a_market_and_move_its_clock(tmp_path: Path) -> None:
    _key, start, move = commands(NAMES[0])
    program, *arguments = shlex.split(start)
    assert program == "tradepost"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    settings = {"PORT": str(free_port()), "TMPDIR": str(temporary), "TRADEPOST_KEY": "my key", "TRADEPOST_DATA": ""}
    dev = Market(tmp_path).start(*arguments, **settings)
    try:
        output = read_until(dev, "Stop      Ctrl-C")
        [folder] = temporary.iterdir()
        assert f"Time      {move.replace('/tmp/tradepost-dev-…', str(folder))}" in output
        moved = Market(folder).run(*move.partition("tradepost ")[2].split())
        assert moved.returncode == 0, moved.stderr
    finally:
        dev.send_signal(signal.SIGTERM)
        assert dev.wait(WITHIN) == 0
