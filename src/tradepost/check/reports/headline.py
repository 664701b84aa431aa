"""First sentence of every report: the result of the run, and how many checks passed, failed, warned or were skipped."""

from __future__ import annotations

from tradepost.check.results import Report, Verdict
from tradepost.protocols.text import Text

VERDICT_TEXTS = {
    Verdict.PASSED: Text(en="passed", zh="项通过"),
    Verdict.FAILED: Text(en="failed", zh="项失败"),
    Verdict.WARNED: Text(en="warned", zh="项警告"),
    Verdict.SKIPPED: Text(en="skipped", zh="项跳过"),
    Verdict.BROKEN: Text(en="not checked", zh="项未判定"),
}


def headline(report: Report) -> Text:
    """Return one sentence, also if required checks could not run."""
    total, failed_count, passed_count = len(report.results), report.count(Verdict.FAILED), report.count(Verdict.PASSED)
    if report.blocked and not report.count(Verdict.BROKEN):
        return _not_asked(report)
    if failed_count:
        return Text(en=f"{failed_count} of {total} checks failed", zh=f"{total}项检查中{failed_count}项失败")
    if report.count(Verdict.BROKEN) or not passed_count:
        return Text(en="The seller could not be checked", zh="未能完成判定")
    if passed_count == total:
        return Text(en=f"All {passed_count} checks passed", zh=f"{passed_count}项检查全部通过")
    return Text(
        en=f"No check failed, {passed_count} of {total} passed", zh=f"没有检查失败，{total}项检查中{passed_count}项通过"
    )


def _not_asked(report: Report) -> Text:
    groups = list(dict.fromkeys(result.group for result in report.blocked))
    number, failed_count = len(report.blocked), report.count(Verdict.FAILED)
    # The reason that blocks most checks.
    reasons = [result.seen for result in report.blocked]
    reason = max(reasons, key=reasons.count)
    failure_text = f" and {failed_count} failed" if failed_count else ""
    plural = "s" if number > 1 else ""
    return Text(
        en=(
            f"Failed: {number} check{plural} that this protocol needs could not be asked{failure_text} ({', '.join(groups)}), because {reason.en}"
        ),
        zh=f"未通过：该协议必需的{number}项检查无法进行{f'，另有{failed_count}项失败' if failed_count else ''}（{'、'.join(groups)}），原因：{reason.zh}",
    )


def counts(report: Report) -> Text:
    """Return ``131 passed, 1 failed, 0 warned, 2 skipped``: all four counts, including zeros."""
    verdicts = [verdict for verdict in Verdict if verdict is not Verdict.BROKEN or report.count(verdict)]
    return Text(
        en=", ".join(f"{report.count(verdict)} {VERDICT_TEXTS[verdict].en}" for verdict in verdicts),
        zh="，".join(f"{report.count(verdict)}{VERDICT_TEXTS[verdict].zh}" for verdict in verdicts),
    )


def remaining_instances_text(report: Report) -> Text | None:
    """Return what remains at the seller and must be deleted manually."""
    ids = report.left_behind
    if not ids:
        return None
    ids_shown = ", ".join(ids[:3]) + ("…" if len(ids) > 3 else "")
    return Text(
        en=f"{len(ids)} instances of this run could not be released and stay at the seller: {ids_shown}",
        zh=f"本次检测创建的{len(ids)}个实例未能释放，仍保留在商家侧：{ids_shown}",
    )
