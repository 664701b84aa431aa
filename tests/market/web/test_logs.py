"""Log lines are structured, contain their context, and contain no secret."""

from __future__ import annotations

import io
import json
import logging
from contextlib import redirect_stderr

import pytest
import structlog
from django.test import Client
from structlog.testing import capture_logs

from tradepost.market.web import logs

SECRET = "Sup3rS3cretValue"
HERE = "tradepost.tests.logs"


def configure(stream, form="json"):
    with redirect_stderr(stream):
        logs.configure(form=form, level="INFO")


@pytest.fixture
def log_output():
    """Configure logging as in a web process, with output to a text, and restore it afterwards."""
    root, stream, config = logging.getLogger(), io.StringIO(), structlog.get_config()
    level, handlers = root.level, root.handlers[:]
    root.handlers[:] = []  # without pytest's handlers, which format each record first
    configure(stream)
    yield stream
    root.setLevel(level)
    root.handlers[:] = handlers
    structlog.configure(**config)
    for name in ("django.request", "django.server", "asyncio", "aiohttp", "urllib3"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def lines(log_output):
    return lambda: [json.loads(line) for line in log_output.getvalue().splitlines()]


@pytest.mark.parametrize(
    "facts",
    [
        {"password": SECRET},
        {"Authorization": SECRET},
        {"signature": SECRET},
        {"key": SECRET},
        {"signing_key": SECRET},
        {"authToken": SECRET},
        {"facts": {"deep": [{"newPassword": SECRET}]}},
        {"headers": [["Authorization", f"HMAC {SECRET}"], ["Cookie", f"session={SECRET}"]]},
        {"secret": {"value": SECRET}},
        {"url": f"https://seller.example/produce?activity=newInstance&authToken={SECRET}&x=1"},
        {"database": f"postgresql://tradepost:{SECRET}@db/market"},
        {"said": f"Authorization: Bearer {SECRET}"},
        {"body": f'{{"password": "{SECRET}", "name": "x"}}'},
        {"thing": type("Thing", (), {"__str__": lambda _self: f"secret={SECRET}"})()},
    ],
)
def test_secret_is_masked_in_every_position(lines, facts):
    structlog.get_logger(HERE).warning("told", **facts)
    logging.getLogger(HERE).warning("told %s", facts.get("url", "nothing"))
    logged = lines()
    assert [line["event"][:4] for line in logged] == ["told", "told"]
    assert SECRET not in json.dumps(logged)
    assert "••••" in json.dumps(logged[0], ensure_ascii=False)


def test_other_values_are_unchanged(lines):
    facts = {
        "order": "CS2611010800ABCDEFG",
        "keyword": "office",
        "ms": 1.5,
        "found": None,
        "tags": ["a", "b"],
        "signed": True,
    }
    structlog.get_logger(HERE).info("told", **facts)
    [line] = lines()
    assert {name: line[name] for name in facts} == facts
    assert (line["level"], line["logger"]) == ("info", HERE)
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("form", ["json", "console"])
def test_traceback_shows_no_local_variables_and_no_secret(log_output, form):
    configure(log_output, form)

    def fails(hidden):
        raise ValueError(f"refused password={SECRET}")

    try:
        fails(SECRET[::-1])
    except ValueError:
        structlog.get_logger(HERE).exception("it failed")
    assert "ValueError: refused password=••••" in log_output.getvalue()
    assert SECRET not in log_output.getvalue()
    assert SECRET[::-1] not in log_output.getvalue()


def test_lines_contain_their_context(lines):
    with logs.bind(order="CS1", call=7, seller=None):
        structlog.get_logger(HERE).info("inside")
        logging.getLogger(HERE).info("inside too")
    structlog.get_logger(HERE).info("outside")
    inside, too, outside = lines()
    for line in (inside, too):
        assert (line["order"], line["call"]) == ("CS1", 7)
        assert "seller" not in line
    assert "order" not in outside


def test_configuring_twice_writes_lines_once(lines, log_output):
    configure(log_output)
    logging.getLogger(HERE).info("once")
    logging.getLogger(HERE).debug("never")
    assert [line["event"] for line in lines()] == ["once"]


@pytest.mark.django_db
def test_access_log_records_client_request_and_result():
    with capture_logs() as written:
        response = Client().get("/i18n/nothing/here/?authToken=abc", headers={"X-Request-Id": "proxy-id.0001"})
    [line] = [entry for entry in written if entry["event"] == "request"]
    assert response.status_code == 404
    assert response["X-Request-Id"] == "proxy-id.0001"
    assert (line["method"], line["path"], line["status"], line["user"]) == ("GET", "/i18n/nothing/here/", 404, None)
    assert line["ms"] >= 0


@pytest.mark.parametrize("header", ["short", "with blank in it", "x" * 65, "<script>alert(1)</script>"])
def test_invalid_request_id_is_replaced(header):
    response = Client().get("/healthz", headers={"X-Request-Id": header})
    assert len(response["X-Request-Id"]) == 32
    assert response["X-Request-Id"].isalnum()


@pytest.mark.django_db
def test_key_in_a_path_is_masked():
    with capture_logs() as written:
        Client().get("/account/password/reset/key/2k-d1fd5a5f2d6b2e/")
    [line] = [entry for entry in written if entry["event"] == "request"]
    assert "d1fd5a5f2d6b2e" not in line["path"]
    assert line["path"].startswith("/account/password/reset/key/")
