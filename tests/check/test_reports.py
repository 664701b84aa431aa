"""Reports are written from the results only, can be parsed again, and need no other files."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from html.parser import HTMLParser
from io import StringIO
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from tests import waiting
from tests.check import plain_seller
from tests.check.mutants import KEY, MUTANTS
from tests.check.mutants import serving as mutant_serving
from tests.check.raw_server import speaking
from tests.check.report_sample import ANSWER, REPORT, REQUEST
from tradepost.check import Options, Report, run
from tradepost.check.reports.as_json import as_json
from tradepost.check.reports.html import html
from tradepost.check.reports.junit import junit
from tradepost.check.reports.spelling import curl, format_answer
from tradepost.check.reports.terminal import show
from tradepost.protocols.http import Request

CURL = shutil.which("curl")


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST,
        Request("GET", "http://x/p?a=it's&b=%2B", (("Accept", "application/json"),)),
        Request("POST", "http://x/", (), b""),
    ],
)
def test_curl_line_is_exactly_the_request(request_):
    words = shlex.split(curl(request_))
    assert words[0] == "curl"
    assert "--globoff" in words
    assert words[words.index("--url") + 1] == request_.url
    assert [words[at + 1] for at, word in enumerate(words) if word == "--header"] == [
        f"{k}: {v}" for k, v in request_.headers
    ]
    if request_.body:
        assert words[words.index("--data-raw") + 1].encode() == request_.body
    assert words[words.index("--request") + 1] == request_.method


@pytest.mark.skipif(CURL is None, reason="no curl")
@pytest.mark.parametrize("body", [b"\xff{not json", b"a\x00b", b"@/etc/passwd", b"%s\\n", b"\x1b[31m", b"it's\n"])
def test_pasted_line_sends_any_bytes(body):
    """In every shell: bytes that cannot be typed go through printf."""
    head = (("Content-Type", "application/json"),)
    with speaking(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", size=len(body)) as (url, heard):
        line = curl(Request("POST", f"{url}&a[]={{1}}", head, body))
        subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True, timeout=waiting.PROGRAM_TIMEOUT)
    sent, _, came = b"".join(heard).partition(b"\r\n\r\n")
    assert came == body
    assert sent.split(b" ")[1] == b"/p?a=1&a[]={1}"
    assert "\x1b" not in line


@pytest.mark.skipif(CURL is None, reason="no curl")
def test_curl_line_adds_no_content_type():
    with speaking(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", size=2) as (url, heard):
        subprocess.run(
            ["/bin/sh", "-c", curl(Request("POST", url, (), b"{}"))],
            capture_output=True,
            check=True,
            timeout=waiting.PROGRAM_TIMEOUT,
        )
    assert b"content-type" not in b"".join(heard).lower()


def test_raw_bytes_are_shown_with_unprintable_ones_escaped():
    assert format_answer(ANSWER) == 'HTTP/1.1 500 Oops\\r\\n\nX: \\x1b[31m\\r\\n\n\\r\\n\n{"a":"\\xff<script>"}\\n\n'
    assert format_answer(b"\xef\xbb\xbf{}") == "\\ufeff{}"


def test_json_report_is_complete():
    read = json.loads(as_json(REPORT))
    assert read["counts"] == {"passed": 1, "failed": 2, "warned": 1, "skipped": 1, "broken": 1}
    assert read["exitCode"] == 1
    assert (read["headline"], read["headlineZh"]) == ("2 of 6 checks failed", "6项检查中2项失败")
    assert read["summary"] == "1 passed, 2 failed, 1 warned, 1 skipped, 1 not checked"
    assert read["results"][1]["again"].endswith("--protocol saas_v2 --again shape.two")
    assert [entry["check"] for entry in read["results"]] == [one.check_id for one in REPORT.results]
    assert read["results"][1]["diagnosis"] == {
        "name": "http_status",
        "words": "Another status.",
        "wordsZh": "状态码不对。",
    }
    assert read["results"][1]["exchanges"][0]["curl"] == curl(REQUEST)
    assert read["results"][0]["exchanges"] == []


def test_junit_report_is_xml_with_a_suite_per_group():
    root = ET.fromstring(junit(REPORT))
    assert root.tag == "testsuites"
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }
    assert root.get("name") == (
        "tradepost check SaaS 2.0: 2 of 6 checks failed; 1 passed, 2 failed, 1 warned, 1 skipped, 1 not checked"
    )
    assert [(suite.get("name"), suite.get("tests")) for suite in root] == [("shape", "2"), ("wire", "4")]
    told = {one.get("name"): one.get("value") for one in root.iter("property")}
    assert told["headline.zh"] == "6项检查中2项失败"
    assert told["summary.zh"] == "1项通过，2项失败，1项警告，1项跳过，1项未判定"
    failure = root.find(".//testcase[@name='shape.two: Title of shape.two']/failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("http_status", "HTTP 500 � came")
    assert "saas-v2 §3.0" in (failure.text or "")
    warning = root.find(".//testcase[@name='wire.six: Title of wire.six']")
    assert warning is not None
    assert [child.tag for child in warning] == ["system-out"]
    assert curl(REQUEST) in (failure.text or "")


class Reader(HTMLParser):
    """Record tags that are not closed, and everything that a browser would load from elsewhere."""

    VOID = frozenset({"meta", "input", "br", "!doctype"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.loaded += [f"{tag} {name}" for name in ("src", "href", "action", "data") if name in given]
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read_html(report: Report) -> Reader:
    reader = Reader()
    reader.feed(html(report))
    assert reader.open == []
    return reader


def test_html_report_needs_no_other_files():
    assert read_html(REPORT).loaded == []
    assert "url(" not in html(REPORT)
    assert "@import" not in html(REPORT)


def test_html_report_escapes_the_answer():
    page = html(REPORT)
    assert page.count("<script>") == 1
    assert "&lt;script&gt;" in page
    assert "http://127.0.0.1:9000/&lt;produce&gt;" in page
    assert "\x1b" not in page


def test_html_report_is_complete_in_both_languages():
    page = html(REPORT)
    for one in REPORT.results[1:]:
        for words in (one.title.en, one.title.zh, one.seen.zh):
            assert words in page
    assert "2 of 6 checks failed" in page
    assert "6项检查中2项失败" in page
    english, chinese = (len(re.findall(f'class="{language}" lang', page)) for language in ("en", "zh"))
    assert english == chinese > 20


def test_one_mistake_is_one_card_with_the_other_checks_below_it():
    page = html(REPORT)
    assert page.count("<article") == 3
    assert "1 more failed for the same reason" in page
    assert sorted(read_html(REPORT).ids) == ["en", "shape.two", "wire.five", "wire.six", "wire.three", "zh"]


def test_terminal_shows_the_request_the_bytes_and_the_diagnosis():
    console = Console(file=StringIO(), width=100)
    show(REPORT, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for part in (
        "http_status  Another status.",
        "HTTP 200 & <nothing else> (saas-v2 §3.0)",
        curl(REQUEST),
        r"HTTP/1.1 500 Oops\r\n",
        "Same here   wire.three",
        "Skipped     wire.four: not offered",
        "warning: wire.six: Title of wire.six",
        "1 passed, 2 failed, 1 warned, 1 skipped, 1 not checked (1 mistake), 1.5 s",
        "tradepost check 'http://127.0.0.1:9000/<produce>' --protocol saas_v2 --again shape.two",
    ):
        assert part in text
    assert "\x1b" not in text


def test_no_report_shows_the_key(tmp_path):
    """Not even if the seller shows it (saas-v2 §2.1: store it safely)."""
    leaking = plain_seller.PlainSeller()
    honest = leaking.answer

    def answer(*arguments):
        said = honest(*arguments)
        return (
            {**said, "resultMsg": f"wrong, {plain_seller.KEY} was expected"} if said["resultCode"] == "000001" else said
        )

    leaking.answer = answer  # type: ignore[method-assign]
    with plain_seller.serving(leaking) as url:
        report = run(Options(url=url, key=plain_seller.KEY, only=frozenset({"signature", "secrets"}), replay_after=0))
    assert "key_in_answer" in report.diagnoses
    console = Console(file=StringIO(), width=100)
    show(report, console)
    for text in (as_json(report), junit(report), html(report), console.file.getvalue()):  # type: ignore[attr-defined]
        assert plain_seller.KEY not in text


@pytest.mark.slow
def test_real_run_can_be_written_in_every_form(tmp_path):
    mutant = MUTANTS["saas_v2-NoTokenCheck"]
    with mutant_serving(mutant.build(tmp_path)) as url:
        report = run(Options(url=url, key=KEY, only=frozenset({"signature", "wire"}), replay_after=0))
    assert "no_token_check" in report.diagnoses
    read_html(report)
    assert len(ET.fromstring(junit(report)).findall(".//testcase")) == len(report.results)
    assert json.loads(as_json(report))["counts"]["failed"] == len(report.failed)
