"""Code blocks of the README files and of the guide to deliveries run as they are shown. Other guides have tests of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tradepost.kit
from tests import waiting
from tests.kit.market import SK, open_market
from tests.kit.projects import NO_WAIT, path_with_tradepost, run
from tests.kit.servers import ROOT, free_port, process, wait_until_open
from tests.kit.wire import real_now
from tradepost.kit import AppInfo, Create, Created
from tradepost.protocols.open_api import app_keys, usage_push

BOTH = ("README.md", "README.zh-CN.md")
EXAMPLES = ROOT / "examples"


def code(page: Path, language: str = "") -> list[str]:
    text = re.sub(r"(?m)^   (?=\S)", "", page.read_text(encoding="utf-8"))  # blocks in lists
    return [block for name, block in re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", text) if name == language]


def test_the_deliveries_guide_checks_an_app_key(tmp_path):
    (english,), (chinese,) = (
        code(ROOT / "docs/how-to/sellers" / name, "python") for name in ("deliveries.md", "deliveries.zh-CN.md")
    )
    assert english == chinese
    check = app_keys.AppKeyCheck(verdict=app_keys.VALID, instance_id="i-1", api_group="maps")
    with open_market(real_now) as market:
        market.answers = [app_keys.verified_response(check)]
        settings = {"MARKET": market.url, "AK": "AK1", "SK": SK, "APP_KEY": "key", "APP_SECRET": "secret"}
        ended = run(sys.executable, "-c", english, cwd=tmp_path, **settings)
        assert (ended.stdout, ended.stderr) == ("VALID i-1 maps\n", "")
        assert app_keys.load_verify(market.asked[0].body) == ("key", "secret")


@pytest.mark.parametrize("name", BOTH)
def test_the_first_page_shows_a_seller(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    served = []
    monkeypatch.setattr(tradepost.kit, "serve", lambda seller, port: served.append((seller, port)))
    (program,) = code(ROOT / name, "python")
    names: dict[str, object] = {"make_account": lambda business_id: (f"user-{business_id}", "password")}
    exec(program, names)  # the block itself
    ((seller, port),) = served
    assert (seller, port) == (names["seller"], 9000)
    created = seller._handlers[Create](type("Order", (), {"business_id": "b1"}))
    assert created == Created(
        app=AppInfo(front_end_url="https://app.example.com/", user_name="user-b1", password="password")
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", BOTH)
def test_usage_is_pushed_with_node(name, tmp_path):
    """openapi-jointkit §C.5."""
    if shutil.which("node") is None:
        pytest.skip("no node on PATH")
    (command,) = code(EXAMPLES / "usage_push" / name)
    command = command.replace('"instance_id":"…"', '"instance_id":"i-1"').replace("BASE_KEY=…", "BASE_KEY=base-key")
    with open_market(real_now) as market:
        market.answers = [usage_push.push_response()]
        command = command.replace("https://market.example", market.url)
        ended = run("bash", "-c", f"set -eu\n{command}", cwd=EXAMPLES / "usage_push")
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "1 taken, 0 wrong\n")
        (pushed,) = market.asked
    (record,) = usage_push.open_push(pushed, key="base-key", now=real_now(), nonce_seen=lambda _nonce, _until: False)
    assert (record.instance_id, record.metering_sn) == ("i-1", "a-1")
    text = (EXAMPLES / "usage_push" / name).read_text(encoding="utf-8")
    assert f"`{ended.stderr.strip()}`" in text


def test_both_languages_of_each_readme_have_the_same_commands():
    for folder in ("adapters", "sample_seller", "usage_push"):
        assert code(EXAMPLES / folder / BOTH[0]) == code(EXAMPLES / folder / BOTH[1])


@pytest.mark.slow
def test_the_sample_seller_starts_and_passes_as_its_readme_says(tmp_path):
    start, test = code(EXAMPLES / "sample_seller/README.md")
    second, check = test.strip().splitlines()
    assert second == f"{start.strip()} --protocol license_v1"
    port = str(free_port())
    command = second.replace("./sample-data", str(tmp_path / "data")).split()
    assert command[0] == "python"
    with process([sys.executable, *command[1:], "--port", port], ROOT) as server:
        wait_until_open(int(port), server)
        assert server.stdout is not None
        address = f"http://127.0.0.1:{port}/produce"
        assert f"(production interface: {address})" in server.stdout.readline()
        checking = check.replace("http://127.0.0.1:9000/produce", address)
        report = run(
            "bash", "-c", f"{checking} {' '.join(NO_WAIT)}", cwd=tmp_path, PATH=path_with_tradepost(tmp_path / "x")
        )
    assert report.returncode == 0, report.stdout


@pytest.mark.slow
def test_the_framework_example_starts_as_its_readme_says(tmp_path):
    (block,) = code(EXAMPLES / "adapters/README.md")
    port = free_port()
    program = Path(sys.executable).parent
    with process(
        ["bash", "-c", block.replace("9000", str(port)).replace("waitress-serve", "exec waitress-serve")], ROOT,
        SELLER_DATA=str(tmp_path), PATH=f"{program}{os.pathsep}{os.environ['PATH']}",
    ) as server:  # fmt: skip
        wait_until_open(port, server)


@pytest.mark.slow
@pytest.mark.parametrize("name", BOTH)
def test_the_joint_example_starts_and_passes_as_its_readme_says(name, tmp_path):
    set_up, test = code(EXAMPLES / "sample_joint_seller" / name)
    folder = tmp_path / "examples/sample_joint_seller"
    shutil.copytree(EXAMPLES / "sample_joint_seller", folder, ignore=shutil.ignore_patterns("data", ".env"))
    *commands, serve = set_up.strip().splitlines()
    path = path_with_tradepost(tmp_path / "x")
    done = run("bash", "-c", "set -eu\n" + "\n".join(commands), cwd=tmp_path, PATH=path)
    assert done.returncode == 0, done.stderr
    settings = dict(line.split("=", 1) for line in (folder / ".env").read_text(encoding="utf-8").splitlines())
    settings |= {"SELLER_PRIVATE_KEY": done.stdout.strip(), "SELLER_KIT_KEY": "k" * 32}
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")
    port = free_port()
    with process(["bash", "-c", f"exec {serve.replace('9000', str(port))}"], folder, PATH=path) as server:
        wait_until_open(port, server)
        checking = test.replace("9000", str(port)).replace("TRADEPOST_KEY=…", f"TRADEPOST_KEY={'k' * 32}").strip()
        report = run("bash", "-c", f"{checking} {' '.join(NO_WAIT)}", cwd=folder, PATH=path)
    assert report.returncode == 0, report.stdout


def test_the_commands_of_the_first_page_are_those_of_the_chinese_one():
    english, chinese = ([line.partition("#")[0].strip() for line in code(ROOT / name)[0].splitlines()] for name in BOTH)
    assert english == chinese
    subprocess.run(["bash", "-n", "-c", "\n".join(english)], check=True, timeout=waiting.PROGRAM_TIMEOUT)
