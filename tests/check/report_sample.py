"""A report with a result of each kind, for tests of reports."""

from __future__ import annotations

from datetime import UTC, datetime

from tradepost.check import Diagnosis, Exchange, Report, Result, Verdict
from tradepost.protocols.http import Request
from tradepost.protocols.text import Text

REQUEST = Request(
    "POST",
    "http://127.0.0.1:9000/produce?signature=AB&nonce=n&timestamp=1",
    (("Content-Type", "application/json;charset=utf8"),),
    '{"memo":"it\'s <b>中文</b> 🚀"}'.encode(),
)
ANSWER = b'HTTP/1.1 500 Oops\r\nX: \x1b[31m\r\n\r\n{"a":"\xff<script>"}\n'
MOMENT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def result(check_id: str, verdict: Verdict, **more) -> Result:
    return Result(
        check_id=check_id,
        group=check_id.partition(".")[0],
        title=Text(en=f"Title of {check_id}", zh=f"{check_id}的标题"),
        verdict=verdict,
        expected=Text(en="HTTP 200 & <nothing else>", zh="期望的结果"),
        spec="saas-v2 §3.0",
        exchanges=(Exchange(REQUEST, MOMENT, 0.01, ANSWER),),
        **more,
    )


MISTAKE = Diagnosis("http_status", Text(en="Another status.", zh="状态码不对。"))
ADVICE = Diagnosis("nonce_case", Text(en="Better compare it.", zh="建议比较。"))
REPORT = Report(
    url="http://127.0.0.1:9000/<produce>",
    protocol="saas_v2",
    title=Text.same("SaaS 2.0"),
    started_at=MOMENT,
    seconds=1.5,
    results=(
        result("shape.one", Verdict.PASSED),
        result("shape.two", Verdict.FAILED, seen=Text(en="HTTP 500 \x00 came", zh="返回HTTP 500"), diagnosis=MISTAKE),
        result("wire.three", Verdict.FAILED, seen=Text(en="HTTP 501 came", zh="返回HTTP 501"), diagnosis=MISTAKE),
        result("wire.four", Verdict.SKIPPED, seen=Text(en="not offered", zh="未提供")),
        result("wire.five", Verdict.BROKEN, seen=Text(en="the tester failed", zh="测试程序出错")),
        result("wire.six", Verdict.WARNED, seen=Text(en="odd", zh="不寻常"), diagnosis=ADVICE),
    ),
)
