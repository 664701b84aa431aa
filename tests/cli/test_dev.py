"""A market around a seller's own server on the command line: one command, a purchase, nothing left behind."""

from __future__ import annotations

import re
import signal
import socket
from pathlib import Path

import pytest

from tests.cli.command_line import WITHIN, Market
from tests.cli.running import alive, family, get, read_until, wait_for
from tradepost.cli.serve import free_port

KEY = "the key that my server holds"


def test_missing_key_is_reported_with_where_to_set_it(tmp_path):
    refused = Market(tmp_path).run("dev", "--address", "http://127.0.0.1:9/produce", TRADEPOST_KEY="")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "tradepost: Give the signing key that your server holds: --key, or TRADEPOST_KEY.\n"


@pytest.mark.slow
def test_protocol_without_sales_and_invalid_address_are_refused(tmp_path):
    market = Market(tmp_path)
    port = str(free_port())
    no_kind = market.run(
        "dev", "--address", "http://127.0.0.1:9/x", "--protocol", "order_notice", "--key", KEY, PORT=port
    )
    assert no_kind.returncode == 1
    assert no_kind.stderr.startswith("tradepost: No product is sold over order_notice. Choose one of: ")
    assert "saas_v2" in no_kind.stderr
    bad = market.run("dev", "--address", "ftp://127.0.0.1/x", "--key", KEY, PORT=port)
    assert bad.returncode == 1
    assert bad.stderr.startswith("tradepost: Enter a web address that starts with http:// or https://")


@pytest.mark.slow
def test_market_from_start_to_end(tmp_path):
    port = str(free_port())
    base = f"http://127.0.0.1:{port}"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/produce"
        # A separate market even if the settings name another database; nothing of it remains.
        settings = {"PORT": port, "TMPDIR": str(temporary), "TRADEPOST_KEY": KEY, "TRADEPOST_DATA": ""}
        dev = Market(tmp_path, "postgresql://nobody@127.0.0.1:9/real").start("dev", "--address", address, **settings)
        try:
            said = read_until(dev, "Stop      Ctrl-C")
            assert f"Your market is running at {base} (ready in " in said
            assert re.findall(r"^(buyer|seller|operator) +(\S+@\S+) +(\S+) +(/\S*)", said, re.MULTILINE) == [
                ("buyer", "buyer@lantian.example", "buyer-sandbox", "/"),
                ("seller", "owner@your-company.example", "seller-sandbox", "/seller/"),
                ("operator", "operator@market.example", "operator-sandbox", "/console/"),
            ]
            bought = re.findall(r"^buy (\S+) +(\S+)", said, re.MULTILINE)
            assert [mode for mode, _ in bought] == ["PERIOD", "ONE_TIME", "ON_DEMAND", "ON_DEMAND_PKG"]
            for mode, url in bought:
                status, page = get(url)
                assert status == 200, mode
                assert "Your company" in page or "你的公司" in page
            assert KEY not in said
            [folder] = temporary.iterdir()
            moved = Market(folder).run("clock", "advance", "1d")
            assert moved.returncode == 0, moved.stderr
            everyone = family(dev.pid)
            assert len(everyone) >= 4, "dev, web with its worker process, worker"
            dev.send_signal(signal.SIGTERM)
            assert dev.wait(WITHIN) == 0
            wait_for(lambda: not any(map(alive, everyone)))
            assert list(temporary.iterdir()) == []
        finally:
            dev.kill()


@pytest.mark.slow
def test_market_stopped_during_its_start_leaves_nothing_behind(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    settings = {"PORT": str(free_port()), "TMPDIR": str(temporary), "TRADEPOST_DATA": ""}
    dev = Market(tmp_path).start("dev", "--address", "http://127.0.0.1:9/x", "--key", KEY, **settings)
    try:
        wait_for(lambda: any(temporary.iterdir()))
        dev.send_signal(signal.SIGTERM)
        assert dev.wait(WITHIN) == 0
        assert list(temporary.iterdir()) == []
    finally:
        dev.kill()


@pytest.mark.slow
def test_kept_folder_continues_with_another_address(tmp_path):
    data, port = tmp_path / "kept", str(free_port())
    for path in ("first", "second"):
        dev = Market(tmp_path).start(
            "dev", "--address", f"http://127.0.0.1:9/{path}", "--key", KEY, "--data", str(data), PORT=port
        )
        try:
            said = read_until(dev, "Nobody listens")
            assert f"Nobody listens at http://127.0.0.1:9/{path} yet." in said
            dev.send_signal(signal.SIGTERM)
            assert dev.wait(WITHIN) == 0
        finally:
            dev.kill()
    assert Path(data / "tradepost.sqlite3").exists()
