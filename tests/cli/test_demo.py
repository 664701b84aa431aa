"""The demo on the command line: one command starts everything, and nothing is left afterwards."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Callable
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import pytest

from tests.cli.command_line import WITHIN, Market, make_market, migrated_market
from tests.cli.running import alive, family, get, read_until, wait_for
from tests.conftest import DATABASE
from tradepost.cli.serve import free_port
from tradepost.market.seed.joint_data import ENTERPRISE
from tradepost.market.seed.people import BUYER, OWNER, Login

CASES = ("newInstance", "queryInstance", "refreshInstance", "releaseInstance", "updateInstanceStatus")
pytestmark = [pytest.mark.slow]


def test_demo_starts_ends_and_starts_again(tmp_path):
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
        _check_products(base, json.loads((market.folder / "demo.json").read_text())["seller_port"])
        wait_for(lambda: json.loads(get(f"{base}/readyz")[1])["workers"] == 1)
        _check_application(base, json.loads((market.folder / "demo.json").read_text())["joint_port"])
        seller_port = json.loads((market.folder / "demo.json").read_text())["seller_port"]

        found = {one["area"]: one for one in json.loads(market.run("doctor", "--json").stdout)}
        assert found["market"]["said"].startswith("Sandbox market, id ")
        assert found["files"]["level"] == found["files folder"]["level"] == "ok", "the documents of a shipped demo, too"

        moved = market.run("clock", "advance", "2d")  # without any setting: it recognises the demo
        assert moved.returncode == 0, moved.stderr
        assert moved.stdout.startswith("It is now "), "a living worker moved it, nothing was skipped"
        assert "Ahead by     2 days" in market.run("clock").stdout

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


def _check_products(base: str, seller_port: int) -> None:
    """Every product is listed, and each case is valid for the port and the key of this start (decision 0039)."""
    if DATABASE != "postgres":
        assert 'href="/products/yunjian-docs/"' in get(base)[1], "the first page has products: it was walked at set-up"
    wait_for(lambda: 'href="/products/yunjian-docs/"' in get(base)[1], within=60)
    read = _signed_in(base, OWNER)
    address, saved = f"http://127.0.0.1:{seller_port}/produce", "/seller/cases/?standing=saved"
    wait_for(lambda: read(saved).count(address) >= len(CASES) and all(case in read(saved) for case in CASES))
    assert not any(case in read("/seller/cases/?standing=stale").partition("<tbody")[2] for case in CASES)


def _check_application(base: str, joint_port: int) -> None:
    """The buyer's administrators see the bound application, and the seller's server knows the enterprise
    (openapi-jointkit §B.1)."""
    read = _signed_in(base, BUYER)
    applications = f"/enterprise/{ENTERPRISE}/applications/"
    wait_for(lambda: _found(read, applications, "Bound"), within=90)
    with pytest.raises(HTTPError, match="405"):  # it redirects people who are not signed in, but answers no such call
        urlopen(f"http://127.0.0.1:{joint_port}/signin", data=b"", timeout=WITHIN)


def _found(read: Callable[[str], str], path: str, words: str) -> bool:
    try:
        return words in read(path)
    except HTTPError:
        return False


def _signed_in(base: str, login: Login) -> Callable[[str], str]:
    """Return a function that reads pages as this person."""
    jar = CookieJar()
    opener = build_opener(HTTPCookieProcessor(jar))
    opener.addheaders = [("Accept-Language", "en")]

    def read(path: str, **form: str) -> str:
        with opener.open(f"{base}{path}", urlencode(form).encode() if form else None, timeout=WITHIN) as answer:
            return answer.read().decode()

    read("/account/login/")
    [token] = [cookie.value or "" for cookie in jar if cookie.name == "csrftoken"]
    read("/account/login/", csrfmiddlewaretoken=token, login=login.email, password=login.password)
    return read


def _second_start_ends_with_its_killed_parent(market: Market, port: str, seller_port: int) -> None:
    demo = market.start("demo", PORT=port)
    try:
        read_until(demo, "Stop  Ctrl-C")
        assert json.loads((market.folder / "demo.json").read_text())["seller_port"] == seller_port
        assert "Ahead by     2 days" in market.run("clock").stdout, "the data is that of the first start"
        everyone = family(demo.pid)
        demo.kill()
        demo.wait(WITHIN)
        wait_for(lambda: not any(map(alive, everyone)))
    finally:
        demo.kill()


def test_demo_refuses_a_real_market(tmp_path):
    market = migrated_market(tmp_path / "data", "cli_not_a_demo")
    made = market.run("operator", "create", "chief@market.example", "--password-stdin", stdin="a long enough phrase\n")
    assert (made.returncode, made.stdout) == (
        0,
        "chief@market.example may now sign in and enter the console as owner.\n",
    )
    refused = market.run("demo", PORT=str(free_port()))
    assert refused.returncode == 1
    assert refused.stderr.startswith("tradepost: This database holds a market that is not a demo of this data folder.")
    assert not (market.folder / "demo.json").exists()


def test_port_in_use_is_refused_with_a_message(tmp_path):
    market = Market(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for command in ("demo", "up", "serve"):
            refused = market.run(command, PORT=str(port))
            assert (refused.returncode, refused.stdout) == (1, "")
            assert refused.stderr == (f"tradepost: Port {port} on 127.0.0.1 is taken. Set PORT to another one.\n")


def test_sample_seller_is_paused_and_resumed_from_another_shell(tmp_path):
    """A demo that stops while its seller is paused ends like every other."""
    market = make_market(tmp_path / "data", "cli_demo_paused")
    nothing = market.run("demo", "pause-seller")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert nothing.stderr.startswith("tradepost: No demo is running with the data folder")
    assert not market.folder.exists() or not list(market.folder.rglob("paused"))
    demo = market.start("demo", PORT=str(free_port()))
    try:
        assert "tradepost demo pause-seller" in read_until(demo, "Stop  Ctrl-C")
        port = json.loads((market.folder / "demo.json").read_text())["seller_port"]
        page = f"http://127.0.0.1:{port}/"
        wait_for(lambda: _answers(page))
        assert market.run("demo", "resume-seller").stdout == "The sample seller is not paused.\n"
        for _twice in range(2):
            assert market.run("demo", "pause-seller").returncode == 0
        with pytest.raises(TimeoutError):
            urlopen(page, timeout=1)
        assert market.run("demo", "resume-seller").stdout.startswith("The sample seller answers again.")
        assert _answers(page)
        assert market.run("demo", "pause-seller").returncode == 0
        everyone = family(demo.pid)
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(WITHIN) == 0
        wait_for(lambda: not any(map(alive, everyone)))
        assert not list(market.folder.rglob("paused")), "the next start is not silent"
        gone = market.run("demo", "resume-seller")
        assert (gone.returncode, gone.stderr.startswith("tradepost: No demo is running")) == (1, True)
    finally:
        demo.kill()


def _answers(page: str) -> bool:
    try:
        urlopen(page, timeout=WITHIN).close()
    except HTTPError:
        return True
    except OSError:
        return False
    return True
