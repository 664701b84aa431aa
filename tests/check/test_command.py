"""``tradepost check`` as a CI pipeline calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from xml.etree import ElementTree as ET

import pytest

from tests import waiting
from tests.check import plain_seller
from tests.waiting import until
from tradepost.cli import main


@pytest.fixture(scope="module")
def url():
    with plain_seller.serving(plain_seller.PlainSeller()) as address:
        yield address


MAIN = "import sys; from tradepost.cli import main; main(sys.argv[1:])"


def code(*words: str) -> object:
    with pytest.raises(SystemExit) as left:
        main(["check", *words])
    return left.value.code


def test_exit_0_and_three_reports_if_all_pass(url, tmp_path, capsys):
    page, suites, data = tmp_path / "r.html", tmp_path / "r.xml", tmp_path / "r.json"
    reports = ("--html", str(page), "--junit", str(suites), "--json", str(data))
    assert code(url, "--key", plain_seller.KEY, "--only", "signature", "--replay-after", "0", *reports) == 0
    assert "No check failed, " in page.read_text(encoding="utf-8")
    assert ET.parse(suites).getroot().get("failures") == "0"
    assert json.loads(data.read_text(encoding="utf-8"))["exitCode"] == 0
    assert " passed, " in capsys.readouterr().out


def test_exit_1_if_one_fails(url, capsys):
    assert code(url, "--key", "another key", "--only", "signature") == 1
    out, err = capsys.readouterr()
    assert "wrong_key" in out
    assert "curl --silent" in out
    assert "✗ signature.correct" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("http://127.0.0.1:1/", "--key", "k"), "nobody answers at http://127.0.0.1:1/"),
        (("http://127.0.0.1/",), "the key is missing"),
        (("http://127.0.0.1/", "--key", "k", "--protocol", "saas_v9"), "no protocol 'saas_v9'"),
        (("http://127.0.0.1/", "--key", "k", "--only", "shapes"), "no group shapes"),
        (("127.0.0.1:9000/produce", "--key", "k"), "is no address: it looks like http://127.0.0.1:9000/produce"),
        (("http://[::1/", "--key", "k"), "is no address"),
        (("http://127.0.0.1:99999/", "--key", "k"), "is no address"),
        (("http://127.0.0.1/", "--key", "k", "--leave-out", "foo"), "no activity foo; there are: newInstance"),
        (("http://127.0.0.1/", "--key", "k", "--public-key", "/no/such.pem"), "/no/such.pem"),
    ],
)
def test_exit_2_if_it_could_not_run(words, said, capsys):
    assert code(*words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("place", ["no/r.html", "."])
def test_exit_2_before_any_request_if_a_report_cannot_be_written(place, tmp_path, capsys):
    # No server listens there: the reported problem is the path.
    assert code("http://127.0.0.1:1/", "--key", "k", "--html", str(tmp_path / place)) == 2
    assert f"the report cannot be written to {tmp_path / place}" in capsys.readouterr().err


class Holding(plain_seller.PlainSeller):
    """Create ten instances and wait for a signal before creating more."""

    def __init__(self):
        super().__init__()
        self.go_on = threading.Event()

    def create(self, members, ok):
        if len(self.states) >= 10:
            assert self.go_on.wait(30)
        return super().create(members, ok)


def test_exit_2_if_it_is_interrupted(tmp_path):
    """As with Ctrl-C: created instances are released first, and those in creation too."""
    seller = Holding()
    with plain_seller.serving(seller) as address:
        # As in a terminal: background processes of a shell ignore Ctrl-C, and so do their children.
        main = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {MAIN}"
        command = [sys.executable, "-c", main, "check", address, "--key", plain_seller.KEY]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
            until(lambda: len(seller.states) >= 10)
            process.send_signal(signal.SIGINT)
            seller.go_on.set()
            _, told = process.communicate(timeout=600)
    assert process.returncode == 2
    assert "stopped by hand" in told
    assert "Traceback" not in told
    assert set(seller.states.values()) == {"released"}


def test_key_may_come_from_the_environment(url, monkeypatch):
    monkeypatch.setenv("TRADEPOST_KEY", plain_seller.KEY)
    assert code(url, "--only", "load") == 0


def test_several_groups_run_together(url, tmp_path):
    data = tmp_path / "r.json"
    assert code(url, "--key", plain_seller.KEY, "--only", "load", "--only", "time", "--json", str(data)) == 0
    assert {entry["group"] for entry in json.loads(data.read_text(encoding="utf-8"))["results"]} == {"load", "time"}


def test_command_needs_neither_django_nor_aiohttp():
    """The base install has neither."""
    program = (
        "import sys; import tradepost.check, tradepost.check.reports.html, tradepost.check.reports.junit,"
        " tradepost.cli.check; sys.exit(bool({'django', 'aiohttp', 'tradepost.kit'} & set(sys.modules)))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", program], env=dict(os.environ), check=False, timeout=waiting.PROGRAM_TIMEOUT
        ).returncode
        == 0
    )
