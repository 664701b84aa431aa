"""The first words of every report: what came of the run, and how many checks passed, failed, warned, were skipped."""

from __future__ import annotations

from tradepost.check.results import Report, Verdict
from tradepost.protocols.text import Text

COUNTED = {
    Verdict.PASSED: Text(en="passed", zh="项通过"),
    Verdict.FAILED: Text(en="failed", zh="项失败"),
    Verdict.WARNED: Text(en="warned", zh="项警告"),
    Verdict.SKIPPED: Text(en="skipped", zh="项跳过"),
    Verdict.BROKEN: Text(en="not checked", zh="项未判定"),
}


def headline(report: Report) -> Text:
    """One sentence; where the protocol needs what could not be asked, that sentence."""
    total, failed, passed = len(report.results), report.count(Verdict.FAILED), report.count(Verdict.PASSED)
    if report.blocked and not report.count(Verdict.BROKEN):
        return _not_asked(report)
    if failed:
        return Text(en=f"{failed} of {total} checks failed", zh=f"{total}项检查中{failed}项失败")
    if report.count(Verdict.BROKEN) or not passed:
        return Text(en="The seller could not be checked", zh="未能完成判定")
    if passed == total:
        return Text(en=f"All {passed} checks passed", zh=f"{passed}项检查全部通过")
    return Text(en=f"No check failed, {passed} of {total} passed", zh=f"没有检查失败，{total}项检查中{passed}项通过")


def _not_asked(report: Report) -> Text:
    groups = list(dict.fromkeys(result.group for result in report.blocked))
    number, failed = len(report.blocked), report.count(Verdict.FAILED)
    # The reason that keeps the most from being asked.
    reasons = [result.seen for result in report.blocked]
    why = max(reasons, key=reasons.count)
    also = f" and {failed} failed" if failed else ""
    plural = "s" if number > 1 else ""
    return Text(
        en=(
            f"Failed: {number} check{plural} that this protocol needs could not be asked{also} ({', '.join(groups)}), because {why.en}"
        ),
        zh=f"未通过：该协议必需的{number}项检查无法进行{f'，另有{failed}项失败' if failed else ''}（{'、'.join(groups)}），原因：{why.zh}",
    )


def counts(report: Report) -> Text:
    """``131 passed, 1 failed, 0 warned, 2 skipped``: all four, also those that are none."""
    shown = [verdict for verdict in Verdict if verdict is not Verdict.BROKEN or report.count(verdict)]
    return Text(
        en=", ".join(f"{report.count(verdict)} {COUNTED[verdict].en}" for verdict in shown),
        zh="，".join(f"{report.count(verdict)}{COUNTED[verdict].zh}" for verdict in shown),
    )


def left_behind(report: Report) -> Text | None:
    """What stays at the seller, for somebody to delete."""
    ids = report.left_behind
    if not ids:
        return None
    shown = ", ".join(ids[:3]) + ("…" if len(ids) > 3 else "")
    return Text(
        en=f"{len(ids)} instances of this run could not be released and stay at the seller: {shown}",
        zh=f"本次检测创建的{len(ids)}个实例未能释放，仍保留在商家侧：{shown}",
    )
