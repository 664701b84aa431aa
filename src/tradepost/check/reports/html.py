"""The HTML report: one self-contained file in both languages, light and dark, for phones and desktops.

Two radio buttons and CSS switch the language, so that the file works without scripts; one line of script selects the
reader's language first.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files

from tradepost import __version__
from tradepost.check.results import Exchange, Report, Result, Verdict
from tradepost.protocols.text import Text

from .headline import headline, remaining_instances_text
from .spelling import curl, format_answer, repeat_hint

VERDICTS = {
    Verdict.PASSED: Text(en="passed", zh="通过"),
    Verdict.FAILED: Text(en="failed", zh="失败"),
    Verdict.WARNED: Text(en="warnings", zh="警告"),
    Verdict.SKIPPED: Text(en="skipped", zh="跳过"),
    Verdict.BROKEN: Text(en="not checked", zh="未判定"),
}
GROUPS = {
    "shape": Text(en="Shape", zh="格式"),
    "signature": Text(en="Signature", zh="签名"),
    "wire": Text(en="Wire", zh="传输"),
    "idempotency": Text(en="Idempotency", zh="幂等"),
    "lifecycle": Text(en="Lifecycle", zh="生命周期"),
    "debug": Text(en="Test calls", zh="调测调用"),
    "secrets": Text(en="Secrets", zh="敏感信息"),
    "time": Text(en="Time", zh="时间"),
    "load": Text(en="Load", zh="负载"),
}
SCRIPT = "document.getElementById(/^en/i.test(navigator.language)?'en':'zh').checked=true"


def html(report: Report) -> str:
    """Return the whole document."""
    style = files("tradepost.check.reports").joinpath("report.css").read_text(encoding="utf-8")
    parts = [
        "<!doctype html>",
        '<html lang="zh-CN">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>Tradepost check · {escape(report.title.en)} · {escape(report.url)}</title>",
        f"<style>{style}</style></head><body>",
        '<input type="radio" name="language" id="zh" checked><input type="radio" name="language" id="en">',
        f"<script>{SCRIPT}</script>",
        _header(report),
        "<main>",
        *_failures(report),
        *_warnings(report),
        _groups(report),
        *_skipped(report),
        _passed(report),
        "</main>",
        f"<footer>tradepost {escape(__version__)}</footer>",
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part)


def _bilingual(words: Text, tag: str = "span") -> str:
    en, zh = escape(words.en), escape(words.zh)
    return f'<{tag} class="en" lang="en">{en}</{tag}><{tag} class="zh" lang="zh-CN">{zh}</{tag}>'


def _header(report: Report) -> str:
    verdict = _bilingual(headline(report))
    state = "bad" if report.exit_code else "good"
    start_text = report.started_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    counts = "".join(
        f'<li class="{verdict.value}"><b>{report.count(verdict)}</b> {_bilingual(words)}</li>'
        for verdict, words in VERDICTS.items()
        if report.count(verdict) or verdict is not Verdict.BROKEN
    )
    return (
        f'<header class="{state}"><nav><label for="zh">中文</label><label for="en">English</label></nav>'
        f"<h1>{verdict}</h1>"
        f"<p>{_bilingual(report.title)} · <code>{escape(report.url)}</code></p>"
        f'<p class="quiet">{start_text} · {report.seconds:.1f} s</p><ul class="counts">{counts}</ul>{_remaining_instances(report)}</header>'
    )


def _remaining_instances(report: Report) -> str:
    words = remaining_instances_text(report)
    return _bilingual(words, "p") if words else ""


def _group(name: str) -> Text:
    return GROUPS.get(name) or Text.same(name)


def _groups(report: Report) -> str:
    rare = {Verdict.BROKEN, Verdict.WARNED}
    verdicts = [verdict for verdict in VERDICTS if verdict not in rare or report.count(verdict)]
    heads = "".join(f'<th scope="col">{_bilingual(VERDICTS[verdict])}</th>' for verdict in verdicts)
    rows = []
    for group in dict.fromkeys(result.group for result in report.results):
        results = [result for result in report.results if result.group == group]
        cells = "".join(
            f'<td class="{verdict.value}">{number}</td>' if number else "<td>·</td>"
            for verdict in verdicts
            for number in [sum(result.verdict is verdict for result in results)]
        )
        rows.append(f'<tr><th scope="row">{_bilingual(_group(group))}</th>{cells}</tr>')
    group_head = f'<th scope="col">{_bilingual(Text(en="Group", zh="分组"))}</th>'
    head = _bilingual(Text(en="By group", zh="按分组"))
    return f'<h2>{head}</h2><table class="groups"><thead><tr>{group_head}{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _failures(report: Report) -> list[str]:
    if not report.mistakes:
        return []
    number = report.reasons
    words = "One mistake explains what failed" if number == 1 else f"{number} mistakes explain what failed"
    head = (
        _bilingual(Text(en=words, zh=f"{number}个原因导致失败"))
        if number
        else _bilingual(Text(en="What could not be checked", zh="未能判定"))
    )
    return [f"<h2>{head}</h2>", *(_failure(report, *results) for results in report.mistakes)]


def _warnings(report: Report) -> list[str]:
    if not report.warned:
        return []
    head = _bilingual(Text(en="What a market accepts, and you may want to change", zh="云商店可接受、但建议修改之处"))
    return [f"<h2>{head}</h2>", *(_failure(report, result) for result in report.warned)]


def _failure(report: Report, result: Result, *same_mistake: Result) -> str:
    """Return the first check with a mistake in full, with the other checks of the same mistake folded below it."""
    mistake = result.diagnosis
    lines = []
    if mistake:
        name = f"<code>{escape(mistake.name)}</code>"
        lines.append(
            f'<p class="diagnosis"><b>{_bilingual(Text(en="Diagnosis", zh="诊断"))}</b> {_bilingual(mistake.words)} {name}</p>'
        )
    lines.append(_row(Text(en="Seen", zh="实际"), result.seen))
    lines.append(_row(Text(en="Expected", zh="期望"), result.expected, result.spec))
    exchanges = "".join(_exchange(exchange) for exchange in result.exchanges[-1:])
    if exchanges:
        exchanges += _repeat_hint(report, result)
    earlier_exchanges = result.exchanges[:-1]
    if earlier_exchanges:
        before = _bilingual(
            Text(en=f"{len(earlier_exchanges)} requests before it", zh=f"之前的{len(earlier_exchanges)}个请求")
        )
        exchanges += f"<details><summary>{before}</summary>{''.join(map(_exchange, earlier_exchanges))}</details>"
    return (
        f'<article class="{result.verdict.value}" id="{escape(result.check_id)}">'
        f"<h3>{_bilingual(result.title)} <code>{escape(result.check_id)}</code></h3>"
        f"{''.join(lines)}{exchanges}{_same_mistake(same_mistake)}</article>"
    )


def _repeat_hint(report: Report, result: Result) -> str:
    return f'<p class="quiet">{_bilingual(repeat_hint(report, result.check_id))}</p>'


def _same_mistake(results: tuple[Result, ...]) -> str:
    if not results:
        return ""
    number = len(results)
    if any(result.blocked for result in results):
        words = _bilingual(Text(en=f"{number} more for the same reason", zh=f"另有{number}项出于同样的原因"))
    else:
        words = _bilingual(Text(en=f"{number} more failed for the same reason", zh=f"另有{number}项因同样的原因失败"))
    parts = [
        f'<h3 id="{escape(result.check_id)}">{_bilingual(result.title)} '
        f"<code>{escape(result.check_id)}</code></h3><p>{_bilingual(result.seen)} "
        f"<cite>{escape(result.spec)}</cite></p>{''.join(map(_exchange, result.exchanges[-1:]))}"
        for result in results
    ]
    return f'<details class="more"><summary>{words}</summary>{"".join(parts)}</details>'


def _row(name: Text, words: Text, spec: str = "") -> str:
    section = f" <cite>{escape(spec)}</cite>" if spec else ""
    return f"<p><b>{_bilingual(name)}</b> {_bilingual(words)}{section}</p>"


def _exchange(exchange: Exchange) -> str:
    answer = format_answer(exchange.answer) or exchange.problem
    return (
        f'<div class="exchange"><pre class="curl" tabindex="0">{escape(curl(exchange.request))}</pre>'
        f'<pre tabindex="0">{escape(answer)}</pre></div>'
    )


def _skipped(report: Report) -> list[str]:
    chosen = [result for result in report.results if result.verdict is Verdict.SKIPPED]
    if not chosen:
        return []
    items = "".join(
        f"<li>{_bilingual(result.title)} <code>{escape(result.check_id)}</code>"
        f'<br><span class="quiet">{_bilingual(result.seen)}</span></li>'
        for result in chosen
    )
    return [f'<h2>{_bilingual(Text(en="What was skipped", zh="跳过的检查"))}</h2><ul class="list">{items}</ul>']


def _passed(report: Report) -> str:
    parts = []
    for group in dict.fromkeys(result.group for result in report.results):
        chosen = [result for result in report.results if result.group == group and result.verdict is Verdict.PASSED]
        if not chosen:
            continue
        items = "".join(f"<li>{_bilingual(result.title)} <cite>{escape(result.spec)}</cite></li>" for result in chosen)
        name = _bilingual(_group(group))
        parts.append(f'<details><summary>{name} <b>{len(chosen)}</b></summary><ul class="list">{items}</ul></details>')
    return f"<h2>{_bilingual(Text(en='What passed', zh='通过的检查'))}</h2>{''.join(parts)}" if parts else ""
