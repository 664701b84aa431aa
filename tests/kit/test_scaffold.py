"""``tradepost seller new`` in every framework: the project runs as its README says, is clean, and answers a market."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import stat
import sys
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from tests.kit import wire
from tests.kit.projects import NO_WAIT, TRADEPOST, path_with_tradepost, run, served
from tests.kit.servers import free_port, process, spelling
from tradepost import __version__
from tradepost.kit.scaffold import FRAMEWORKS, NotEmpty, write_project
from tradepost.protocols.commands import Done

SLOW = """
import pathlib, time

def app(environ, start_response):
    print("inside", flush=True)
    while not pathlib.Path("leave").exists():
        time.sleep(0.01)
    start_response("200 OK", [("Content-Length", "4")])
    return [b"made"]
"""


@pytest.fixture(scope="module", params=list(FRAMEWORKS))
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("made") / "my-shop"
    said = run(*TRADEPOST, "seller", "new", str(folder), "--framework", request.param, cwd=folder.parent)
    assert said.returncode == 0, said.stderr
    assert "tradepost seller serve app:app --port 9000" in said.stdout
    return folder


def key_of(project: Path) -> str:
    (line,) = (line for line in (project / ".env").read_text().splitlines() if line.startswith("SELLER_KEY="))
    return line.partition("=")[2]


def test_project_runs_and_answers_a_market(project):
    """saas-v2 §2.6: ``Body-Sign`` in its exact spelling, with every framework."""
    key = key_of(project)
    with served(project) as url:
        produce = f"{url}/produce"
        assert spelling(produce) == b"Body-Sign"
        assert wire.send(produce, wire.create("CS1", business_id="b1"), key=key) == Done(instance_id="b1")
        assert wire.send(produce, wire.create("CS1", business_id="b2"), key=key) == Done(instance_id="b1")
        found = wire.send(produce, wire.query("b1"), key=key)
        assert isinstance(found, Done)
        assert found.instances[0].app is not None
        assert len(found.instances[0].app.password) == 16
        for command in (
            wire.refresh("b1"),
            wire.freeze("b1"),
            wire.unfreeze("b1"),
            wire.upgrade("b1"),
            wire.check_change("b1"),
            wire.release("b1"),
        ):
            assert wire.send(produce, command, key=key) == Done()
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(url).port or 0, timeout=60)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert (answer.status, b"<h1>my-shop</h1>" in answer.read()) == (200, True)
        connection.close()


@pytest.mark.slow
def test_project_passes_the_tester_at_once(project):
    """``ci/check.sh`` as any CI runs it: a new server, every check of saas_v2."""
    ended = run("ci/check.sh", *NO_WAIT, cwd=project, PORT=str(free_port()), PATH=path_with_tradepost(project))
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
    suite = ET.parse(project / "report.xml").getroot()
    counts = [int(suite.get(name) or 0) for name in ("tests", "failures", "errors")]
    assert counts[0] >= 150
    assert counts[1:] == [0, 0]


def test_ci_does_not_test_another_server_on_the_port(tmp_path):
    """A server of another terminal has another key, and every check would fail."""
    write_project(tmp_path / "shop", "wsgi", key="k", version="1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run("ci/check.sh", cwd=tmp_path / "shop", PORT=port, PATH=path_with_tradepost(tmp_path / "shop"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"Something else listens on port {port} already.\n"


@pytest.mark.slow
def test_own_tests_pass(project):
    ended = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)
    assert ended.returncode == 0, ended.stdout
    assert "2 passed" in ended.stdout


def test_code_is_clean(project):
    """Generated projects pass ruff with its default settings, and list their requirements."""
    ended = run(
        sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--line-length=120", ".", cwd=project
    )
    assert ended.returncode == 0, ended.stdout
    ended = run(sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache", "--check", "--line-length=120", ".",
        cwd=project)  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    assert f"tradepost>={__version__}\n" in (project / "requirements.txt").read_text()
    for path in project.rglob("*"):
        if path.is_file() and not {"__pycache__", "data"} & set(path.relative_to(project).parts):
            assert "<<" not in path.read_text(), path


def test_key_is_new_and_private(project):
    assert len(key_of(project)) == 32
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600
    assert ".env" in (project / ".gitignore").read_text().splitlines()
    assert ".env" in (project / ".dockerignore").read_text().splitlines()
    assert os.access(project / "ci" / "check.sh", os.X_OK)


def test_folder_with_files_is_unchanged(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    ended = run(*TRADEPOST, "seller", "new", str(tmp_path), cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "is not an empty folder. Nothing was written." in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(NotEmpty):
        write_project(tmp_path / "mine.txt", "wsgi", key="k", version="1")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("app", "write MODULE:OBJECT"),
        ("nowhere:app", "Cannot import nowhere"),
        ("seller:nothing", "seller has no nothing"),
        ("seller:PUBLIC_URL", "is neither a Seller nor an application"),
    ],
)
def test_serve_reports_errors_in_one_line(tmp_path, target, words):
    write_project(tmp_path / "shop", "wsgi", key="k", version="1")
    ended = run(*TRADEPOST, "seller", "serve", target, "--port", "0", cwd=tmp_path / "shop")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_serve_accepts_a_plain_seller_and_prefers_the_environment_to_the_file(tmp_path):
    write_project(tmp_path / "shop", "wsgi", key="of the file", version="1")
    with served(tmp_path / "shop", "seller:seller", SELLER_KEY=wire.KEY) as url:
        assert wire.send(f"{url}/anything", wire.create("CS1", business_id="b1")) == Done(instance_id="b1")


def test_serve_without_a_key_reports_it(tmp_path):
    write_project(tmp_path / "shop", "wsgi", key="k", version="1")
    (tmp_path / "shop" / ".env").unlink()
    ended = run(*TRADEPOST, "seller", "serve", "app:app", cwd=tmp_path / "shop")
    assert ended.returncode == 1
    assert "no key for saas_v2" in ended.stderr


@pytest.mark.parametrize("framework", ["wsgi", "asgi"])
def test_front_end_address_has_the_served_port(tmp_path, framework):
    """The front-end address in the access data, which a buyer opens (saas-v2 §3.2), follows ``--port``."""
    write_project(tmp_path / "shop", framework, key=wire.KEY, version="1")
    for given, front in (({}, ""), ({"SELLER_PUBLIC_URL": "https://shop.example.com"}, "https://shop.example.com")):
        with served(tmp_path / "shop", **given) as url:
            wire.send(f"{url}/produce", wire.create("CS1", business_id="b1"))
            found = wire.send(f"{url}/produce", wire.query("b1"))
            assert isinstance(found, Done)
            assert found.instances[0].app is not None
            assert found.instances[0].app.front_end_url == f"{front or url}/"


@pytest.mark.parametrize("framework", ["wsgi", "asgi"])
def test_container_stops_when_told(tmp_path, framework):
    """``docker stop`` sends SIGTERM, which the first process of a container ignores unless it has a handler for it."""
    write_project(tmp_path / "shop", framework, key=wire.KEY, version="1")
    with process([*TRADEPOST, "seller", "serve", "app:app", "--port", "0"], tmp_path / "shop") as started:
        assert started.stdout is not None
        url = started.stdout.readline().split()[1]
        assert wire.send(f"{url}/produce", wire.create("CS1", business_id="b1")) == Done(instance_id="b1")
        started.terminate()
        # uvicorn shuts down and then ends itself with the signal that it got.
        assert started.wait(timeout=600) == (0 if framework == "wsgi" else -signal.SIGTERM)


def test_answer_in_progress_is_sent_before_the_server_stops(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    with process([*TRADEPOST, "seller", "serve", "slow:app", "--port", "0"], tmp_path) as started:
        assert started.stdout is not None
        url = started.stdout.readline().split()[1]
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(url).port or 0, timeout=60)
        connection.request("GET", "/")
        assert started.stdout.readline() == "inside\n"
        started.terminate()
        (tmp_path / "leave").touch()
        assert connection.getresponse().read() == b"made"
        connection.close()
        assert started.wait(timeout=600) == 0


def test_port_in_use_is_named(tmp_path):
    write_project(tmp_path / "shop", "wsgi", key="k", version="1")
    with served(tmp_path / "shop") as url:
        port = str(urlsplit(url).port)
        ended = run(*TRADEPOST, "seller", "serve", "app:app", "--port", port, cwd=tmp_path / "shop")
    assert ended.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in ended.stderr
