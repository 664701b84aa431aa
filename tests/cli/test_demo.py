"""A demo as a person runs it: one command, everything there, everything gone afterwards."""

from __future__ import annotations

import json
import re
import signal
import socket
import time

import pytest

from tests.cli.command_line import WITHIN, Market, make_market
from tests.cli.running import alive, family, get, read_until, wait_for
from tradepost.cli.serve import free_port

pytestmark = [pytest.mark.databases, pytest.mark.slow, pytest.mark.once]


def test_a_demo_from_start_to_end_and_again(tmp_path):
    market = make_market(tmp_path / "data", "cli_demo")
    port = str(free_port())
    base = f"http://127.0.0.1:{port}"
    demo = market.start("demo", PORT=port)
    try:
        said = read_until(demo, "Stop  Ctrl-C")
        assert f"Tradepost is running at {base}" in said
        assert re.findall(r"^(buyer|seller|operator) +(\S+@\S+) +(\S+) +(/\S*)", said, re.MULTILINE) == [
            ("buyer", "buyer@lantian.example", "buyer-sandbox", "/"),
            ("seller", "owner@qingxie.example", "seller-sandbox", "/seller/"),
            ("operator", "operator@market.example", "operator-sandbox", "/console/"),
        ]
        assert get(base)[0] == 200
        wait_for(lambda: json.loads(get(f"{base}/readyz")[1])["workers"] == 1)
        seller_port = json.loads((market.folder / "demo.json").read_text())["seller_port"]

        moved = market.run("clock", "advance", "30d")  # without any setting: it recognises the demo
        assert moved.returncode == 0, moved.stderr
        assert moved.stdout.startswith("It is now "), "a living worker moved it, nothing was skipped"
        assert "Ahead by     30 days" in market.run("clock").stdout

        second = market.run("demo", PORT=str(free_port()))
        assert (second.returncode, second.stderr) == (
            1,
            f"tradepost: A demo with this data folder is running already at {base}.\n",
        )
        everyone = family(demo.pid)
        assert len(everyone) >= 5, "demo, web with its worker process, worker, seller"
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(WITHIN) == 0
        wait_for(lambda: not any(map(alive, everyone)))
    finally:
        demo.kill()
    _second_start_ends_with_its_killed_parent(market, port, seller_port)


def _second_start_ends_with_its_killed_parent(market: Market, port: str, seller_port: int) -> None:
    demo = market.start("demo", PORT=port)
    try:
        read_until(demo, "Stop  Ctrl-C")
        assert json.loads((market.folder / "demo.json").read_text())["seller_port"] == seller_port
        assert "Ahead by     30 days" in market.run("clock").stdout, "the data is that of the first start"
        everyone = family(demo.pid)
        demo.kill()
        demo.wait(WITHIN)
        begun = time.monotonic()
        wait_for(lambda: not any(map(alive, everyone)))
        assert time.monotonic() - begun < WITHIN
    finally:
        demo.kill()


def test_a_demo_stays_out_of_a_real_market(tmp_path):
    market = make_market(tmp_path / "data", "cli_not_a_demo")
    assert market.run("migrate").returncode == 0
    made = market.run("operator", "create", "chief@market.example", "--password-stdin", stdin="a long enough phrase\n")
    assert (made.returncode, made.stdout) == (0, "chief@market.example may now sign in and enter the console.\n")
    refused = market.run("demo", PORT=str(free_port()))
    assert refused.returncode == 1
    assert refused.stderr.startswith("tradepost: This database holds a market that is not a demo of this data folder.")
    assert not (market.folder / "demo.json").exists()


def test_a_taken_port_is_refused_in_words(tmp_path):
    market = Market(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for command in ("demo", "up", "serve"):
            refused = market.run(command, PORT=str(port))
            assert (refused.returncode, refused.stdout) == (1, "")
            assert refused.stderr == (f"tradepost: Port {port} on 127.0.0.1 is taken. Set PORT to another one.\n")
