"""The JSON report for programs: every field of every result."""

from __future__ import annotations

import json

from tradepost.check.results import Exchange, Report, Result, Verdict

from .headline import counts, headline
from .spelling import curl, format_answer, repeat_command


def as_json(report: Report) -> str:
    """Return an object; ``results`` are in the order of the run, with exchanges of those that did not pass."""
    return json.dumps(
        {
            "url": report.url,
            "protocol": report.protocol,
            "title": report.title.en,
            "titleZh": report.title.zh,
            "startedAt": report.started_at.isoformat(),
            "seconds": round(report.seconds, 3),
            "exitCode": report.exit_code,
            "headline": headline(report).en,
            "headlineZh": headline(report).zh,
            "summary": counts(report).en,
            "summaryZh": counts(report).zh,
            "counts": {verdict.value: report.count(verdict) for verdict in Verdict},
            "notAsked": len(report.blocked),
            "leftBehind": list(report.left_behind),
            "results": [_result(report, result) for result in report.results],
        },
        ensure_ascii=False,
        indent=2,
    )


def _result(report: Report, result: Result) -> dict[str, object]:
    mistake = result.diagnosis
    return {
        "check": result.check_id,
        "group": result.group,
        "title": result.title.en,
        "titleZh": result.title.zh,
        "verdict": result.verdict.value,
        "needed": result.blocked,
        "spec": result.spec,
        "expected": result.expected.en,
        "expectedZh": result.expected.zh,
        "seen": result.seen.en,
        "seenZh": result.seen.zh,
        "diagnosis": mistake and {"name": mistake.name, "words": mistake.words.en, "wordsZh": mistake.words.zh},
        "seconds": round(result.seconds, 3),
        "again": repeat_command(report, result.check_id),
        "exchanges": [] if result.verdict is Verdict.PASSED else [_exchange(exchange) for exchange in result.exchanges],
    }


def _exchange(exchange: Exchange) -> dict[str, object]:
    return {
        "curl": curl(exchange.request),
        "sentAt": exchange.sent_at.isoformat(),
        "seconds": round(exchange.seconds, 3),
        "answer": format_answer(exchange.answer),
        "problem": exchange.problem,
    }
