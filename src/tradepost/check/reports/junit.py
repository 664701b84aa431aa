"""The JUnit report for pipelines: one suite per group, one case per check."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from tradepost.check.results import Report, Result, Verdict

from .headline import counts, headline
from .spelling import curl, format_answer, repeat_hint

# XML 1.0 has no other control characters, escaped or not.
_INVALID_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """Return the whole document, with its declaration."""
    name = f"tradepost check {report.title.en}: {headline(report).en}; {counts(report).en}"
    suites = ET.Element("testsuites", _totals(report.results, report.seconds), name=_clean(name))
    if report.blocked:
        _not_asked(suites, report)
    groups = dict.fromkeys(result.group for result in report.results)
    for group in groups:
        results = tuple(result for result in report.results if result.group == group)
        seconds = sum(result.seconds for result in results)
        suite = ET.SubElement(
            suites,
            "testsuite",
            _totals(results, seconds),
            name=group,
            timestamp=report.started_at.strftime("%Y-%m-%dT%H:%M:%S"),
        )
        for result in results:
            _case(suite, report, result)
    if len(suites):
        suites[0].insert(0, _headline(report))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _headline(report: Report) -> ET.Element:
    """Return the headline in both languages, as properties of a suite."""
    words = {"headline": headline(report), "summary": counts(report)}
    properties = ET.Element("properties")
    for name, text in words.items():
        ET.SubElement(properties, "property", name=name, value=_clean(text.en))
        ET.SubElement(properties, "property", name=f"{name}.zh", value=_clean(text.zh))
    return properties


def _not_asked(suites: ET.Element, report: Report) -> None:
    """Pipelines treat a skipped case as good. This run is not, so a first case reports it."""
    for name, amount in (("tests", 1), ("failures", 1)):
        suites.set(name, str(int(suites.get(name, "0")) + amount))
    suite = ET.SubElement(
        suites, "testsuite", name="run", tests="1", failures="1", errors="0", skipped="0", time="0.000"
    )
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"{report.protocol}.run",
        name="run.complete: What the protocol needs was asked",
        time="0.000",
    )
    first_result = report.blocked[0]
    name = first_result.diagnosis.name if first_result.diagnosis else "not_asked"
    failure = ET.SubElement(case, "failure", type=name, message=_clean(headline(report).en))
    failure.text = _clean("\n".join(result.check_id for result in report.blocked))


def _totals(results: tuple[Result, ...], seconds: float) -> dict[str, str]:
    def count(verdict: Verdict) -> str:
        return str(sum(result.verdict is verdict for result in results))

    return {
        "tests": str(len(results)),
        "failures": count(Verdict.FAILED),
        "errors": count(Verdict.BROKEN),
        "skipped": count(Verdict.SKIPPED),
        "time": f"{seconds:.3f}",
    }


def _case(suite: ET.Element, report: Report, result: Result) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"{report.protocol}.{result.group}",
        name=f"{result.check_id}: {result.title.en}",
        time=f"{result.seconds:.3f}",
    )
    match result.verdict:
        case Verdict.FAILED:
            name = result.diagnosis.name if result.diagnosis else "failed"
            failure = ET.SubElement(case, "failure", type=name, message=_clean(result.seen.en))
            failure.text = _clean(_description(report, result))
        case Verdict.BROKEN:
            ET.SubElement(case, "error", type="broken", message=_clean(result.seen.en))
        case Verdict.SKIPPED:
            ET.SubElement(case, "skipped", message=_clean(result.seen.en))
        case Verdict.WARNED:
            # Pipelines have no warnings: the case passes, with the text in its output.
            ET.SubElement(case, "system-out").text = _clean(_description(report, result))
        case Verdict.PASSED:
            pass


def _description(report: Report, result: Result) -> str:
    lines = [f"expected: {result.expected.en} ({result.spec})", f"seen: {result.seen.en}"]
    if result.diagnosis:
        lines.append(f"diagnosis: {result.diagnosis.words.en}")
    for exchange in result.exchanges[-1:]:
        lines += [
            "",
            curl(exchange.request),
            f"# {repeat_hint(report, result.check_id).en}",
            "",
            format_answer(exchange.answer) or exchange.problem,
        ]
    return "\n".join(lines)


def _clean(text: str) -> str:
    return _INVALID_XML.sub("�", text)
