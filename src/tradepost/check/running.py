"""Runs the checks of a protocol against one address, in order, and puts what they found into a report."""

from __future__ import annotations

import secrets
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tradepost.protocols.commands import Create, Query
from tradepost.protocols.http import Request

from .answers import BAD_PARAMETER, NOT_AUTHENTIC
from .caller import Caller
from .checks import checks_for, signature
from .declaring import Check, Failed, Skipped, Warned
from .diagnosis import diagnosis
from .facts import facts_of
from .options import GROUPS, CannotRun, Options
from .results import Exchange, Progress, Report, Result, Verdict
from .sending import Sender

type Told = Callable[[Progress], None]
type Words = tuple[str, str]

LOCKED = (
    "correct requests are refused as not authentic, see signature.correct",
    "正确的请求被判为鉴权失败，见signature.correct",
)

KEPT_EXCHANGES = 6
"""Of a check with many requests, the last ones are kept: they led to its verdict."""


def run(
    options: Options,
    progress: Told | None = None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    chance: Callable[[], str] = lambda: secrets.token_hex(16),
) -> Report:
    """Ask the seller everything that the options name. Raises ``CannotRun`` when nothing can be asked.

    Everything that the run creates at the seller is released at its end.
    """
    _refuse_nonsense(options)
    facts = facts_of(options.protocol).without(*options.leave_out)
    sender = Sender(options.timeout, options.trust_any_certificate)
    _reach(options.url, sender)
    caller = Caller(facts, options, sender, clock, chance)
    if Query in facts.conduct.optional and _does_without_queries(caller):
        # Everything that looks at an instance would look with them.
        facts = caller.facts = facts.without(facts.activity(Query))
    checks = checks_for(facts, options)
    tell: Told = progress or (lambda _: None)
    started_at, began = clock(), time.perf_counter()
    results: list[Result] = []
    stopped: Words | None = None
    try:
        for check in checks:
            tell(Progress(len(results), len(checks), check.words.title, check.words.title_zh))
            result = _skipped(check, stopped) if stopped else _result(check, caller)
            if not stopped:
                stopped = _stopped(caller)
                if stopped and not caller.given_up:
                    result = replace(
                        result, verdict=Verdict.BROKEN, diagnosis=None, seen=stopped[0], seen_zh=stopped[1]
                    )
            results.append(result)
            tell(Progress(len(results), len(checks), check.words.title, check.words.title_zh, results[-1]))
    finally:
        caller.clean_up()
    return Report(
        url=options.url,
        protocol=options.protocol,
        title=facts.protocol.title,
        started_at=started_at,
        seconds=time.perf_counter() - began,
        results=tuple(results),
    )


def _stopped(caller: Caller) -> Words | None:
    """Why nothing more can be asked, in both languages."""
    if caller.given_up:
        return (
            f"the answers before took longer than {caller.facts.seconds:g} s each: nothing more was asked",
            f"之前的响应每个都超过{caller.facts.seconds:g}秒，未继续检查",
        )
    gone = caller.gone
    if gone:
        number = sum(not answer.received.unreachable for answer in caller.everything)
        return (
            f"nobody answers any more: {gone}. {number} requests were answered before; see the server's log for its end",
            f"服务器不再响应：{gone}。此前已响应{number}个请求，请查看服务器日志",
        )
    return None


def _skipped(check: Check, why: Words) -> Result:
    return _told(check, Verdict.SKIPPED, why)


def _does_without_queries(caller: Caller) -> bool:
    """Products sold by period need none in SaaS 1.0 (saas-v1-license A2): a refusal where a creation is accepted."""
    if not caller.facts.has(Query, Create):
        return False
    query = caller.ask(Query(instance_ids=(caller.samples.unknown_id(),), test=True))
    return query.code == BAD_PARAMETER and caller.ask(caller.samples.create(test=True)).accepted


def _refuse_nonsense(options: Options) -> None:
    try:
        parts = urlsplit(options.url)
        _ = parts.port
    except ValueError as error:
        raise CannotRun(f"{options.url!r} is no address: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CannotRun(f"{options.url!r} is no address: it looks like http://127.0.0.1:9000/produce")
    if not options.key:
        raise CannotRun("the key is missing: the signing key that the seller's server holds")
    unknown = sorted(options.only - set(GROUPS))
    if unknown:
        raise CannotRun(f"no group {', '.join(unknown)}; there are: {', '.join(GROUPS)}")


def _reach(url: str, sender: Sender) -> None:
    """One harmless request: a server that nobody can connect to is not judged, it is reported."""
    received = sender.send(Request("POST", url, (("Content-Type", "application/json"),), b"{}"))
    if received.unreachable:
        raise CannotRun(f"nobody answers at {url}: {received.problem}{_advice(url, received.problem)}")

    secure = received.raw.startswith(b"\x15\x03") or b"HTTPS port" in received.body
    if secure and url.startswith("http:"):
        raise CannotRun(f"{url} speaks https: write https:// in the address")
    if received.raw and not received.status:
        raise CannotRun(f"what answers at {url} does not speak HTTP: {received.problem}")


def _advice(url: str, problem: str) -> str:
    if "certificate" in problem:
        return "; --any-certificate accepts it, a market does not"
    if url.startswith("https:") and (
        "wrong version" in problem or "record layer" in problem or "http request" in problem
    ):
        return "; this port speaks http, not https"
    return ""


def _result(check: Check, caller: Caller) -> Result:
    caller.exchanges = []
    began = time.perf_counter()
    verdict, found, seen, seen_zh = Verdict.PASSED, None, "", ""
    shown: Request | None = None
    try:
        check.body(caller)
    except Failed as failed:
        verdict = Verdict.WARNED if isinstance(failed, Warned) else Verdict.FAILED
        found, seen, seen_zh = diagnosis(failed.name), failed.seen, failed.seen_zh
        shown = failed.request
        if check.check_id == signature.FIRST:
            caller.locked_out = failed.code == NOT_AUTHENTIC
        elif caller.locked_out and failed.code == NOT_AUTHENTIC:
            # One lock, told once: behind it nothing can be seen.
            verdict, found, seen, seen_zh = Verdict.SKIPPED, None, *LOCKED
    except Skipped as skipped:
        verdict, seen, seen_zh = Verdict.SKIPPED, skipped.why, skipped.why_zh
    except Exception as fault:  # noqa: BLE001  told in the report as the tester's own
        # A bug of the tester must cost one check, not the run, and must not be taken for the seller's.
        where = traceback.extract_tb(fault.__traceback__)[-1]
        seen = f"the tester failed: {type(fault).__name__}: {fault} ({where.name}, line {where.lineno})"
        verdict, seen_zh = Verdict.BROKEN, f"测试程序自身出错：{type(fault).__name__}"
    exchanges = tuple(_without(one, caller.options.key) for one in _kept(caller.exchanges, shown))
    return replace(
        _told(check, verdict, (seen, seen_zh)),
        diagnosis=found,
        exchanges=exchanges,
        seconds=time.perf_counter() - began,
    )


def _kept(exchanges: list[Exchange], shown: Request | None) -> list[Exchange]:
    """The last ones, that whose answer failed at the end: reports show it first."""
    chosen = [one for one in exchanges if one.request is shown][:1]
    rest = [one for one in exchanges if not chosen or one is not chosen[0]]
    return rest[-(KEPT_EXCHANGES - len(chosen)) :] + chosen


def _told(check: Check, verdict: Verdict, seen: Words) -> Result:
    words = check.words
    return Result(
        check_id=check.check_id,
        group=check.group,
        title=words.title,
        title_zh=words.title_zh,
        verdict=verdict,
        expected=words.expected,
        expected_zh=words.expected_zh,
        spec=check.spec,
        seen=seen[0],
        seen_zh=seen[1],
    )


def _without(exchange: Exchange, key: str) -> Exchange:
    """A report is passed on: the key has no place in it, even when the seller's answer shows it."""
    return replace(exchange, answer=exchange.answer.replace(key.encode(), b"***"))
