"""Retry plan of a call and pauses of an address: pure rules."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW
from tradepost.market.base.values import replace
from tradepost.market.production import breaker
from tradepost.market.production.breaker import BreakerState, Rule
from tradepost.market.production.models import Address
from tradepost.market.production.plan import JITTER, next_attempt
from tradepost.protocols.commands import CallResult, Done, Fault, GetLicenseAsync, Pending, Rejected, Unreachable
from tradepost.protocols.contract import RetryRule
from tradepost.protocols.registry import protocols

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
HOURLY = RetryRule(every=HOUR, give_up_after=3 * HOUR, poll_every=timedelta(minutes=1), first_polls=(SECOND,))
DOWN = Unreachable(fault=Fault.CONNECT)
results = st.one_of(
    st.builds(Rejected, code=st.just("000005"), retryable=st.just(True)),
    st.builds(Unreachable, fault=st.sampled_from(Fault)),
    st.builds(Pending),
)


def tried_until_the_end(result: CallResult, chance: float) -> list[timedelta]:
    """Return the moments of all tries, relative to the first."""
    at, moments = NOW, [timedelta()]
    while (
        due := next_attempt(result, HOURLY, tries=len(moments), now=at, give_up_at=NOW + 3 * HOUR, chance=chance)
    ) is not None:
        at = due
        moments.append(due - NOW)
    return moments


def test_plan_is_hourly_for_three_hours() -> None:
    """saas-v2 §3.10: newInstance 3 h, hourly."""
    assert tried_until_the_end(DOWN, 0.0) == [n * HOUR for n in range(4)]


@given(st.floats(0, 1, exclude_max=True))
def test_last_try_is_at_the_end_of_the_plan_with_any_jitter(chance: float) -> None:
    moments = tried_until_the_end(DOWN, chance)
    assert moments[-1] == 3 * HOUR
    assert all(later - earlier <= HOUR * (1 + JITTER) for earlier, later in pairwise(moments))


@given(results, st.integers(1, 500), st.integers(0, 4 * 3600), st.floats(0, 1, exclude_max=True))
def test_no_try_is_in_the_past_or_beyond_the_plan(result: CallResult, tries: int, after: int, chance: float) -> None:
    now, end = NOW + after * SECOND, NOW + 3 * HOUR
    due = next_attempt(result, HOURLY, tries=tries, now=now, give_up_at=end, chance=chance)
    assert (due is None) == (now >= end)
    assert due is None or now <= due <= end


@pytest.mark.parametrize("result", [Done(), Rejected(code="000103", retryable=False)])
def test_final_result_is_not_retried(result: CallResult) -> None:
    assert next_attempt(result, HOURLY, tries=1, now=NOW, give_up_at=NOW + HOUR, chance=0) is None


def test_try_lost_by_our_worker_is_repeated_at_once() -> None:
    assert next_attempt(Unreachable(fault=Fault.LOST), HOURLY, tries=1, now=NOW, give_up_at=NOW + HOUR, chance=0) == NOW


def test_pending_response_is_polled_soon_then_at_a_fixed_interval() -> None:
    first, second = (
        next_attempt(Pending(), HOURLY, tries=n, now=NOW, give_up_at=NOW + 3 * HOUR, chance=0) for n in (1, 2)
    )
    assert (first, second) == (NOW + SECOND, NOW + timedelta(minutes=1))


@pytest.mark.parametrize(("seconds", "wait"), [(0, SECOND), (90, 90 * SECOND), (86_400, 3 * HOUR)])
def test_retry_after_is_honoured_within_the_plan(seconds: int, wait: timedelta) -> None:
    """business-rules §11.1: 413 with Retry-After when temporary; the same for 429 and 503."""
    answer = Unreachable(fault=Fault.HTTP_STATUS)
    due = next_attempt(
        answer, HOURLY, tries=1, now=NOW, give_up_at=NOW + 3 * HOUR, chance=0, retry_after=seconds * SECOND
    )
    assert due == NOW + wait


def test_every_protocol_has_a_plan_for_every_activity() -> None:
    for protocol in protocols().values():
        assert set(protocol.retries) == set(protocol.activities), protocol.name


RULE = Rule(failures=3, pause=timedelta(minutes=1))
CLOSED = BreakerState(Address.Breaker.CLOSED, 0, None, None)


def breaker_after(times: int) -> BreakerState:
    """Return the breaker after this many failures in a row; failures after it opened are of trials."""
    state = CLOSED
    for _ in range(times):
        if state.state == Address.Breaker.OPEN:
            state = replace(state, state=Address.Breaker.TRIAL)
        state = breaker.fail(state, RULE, now=NOW)
    return state


def test_calls_open_when_the_breaker_opened_do_not_lengthen_the_pause() -> None:
    opened = breaker_after(3)
    assert breaker.fail(opened, RULE, now=NOW + SECOND) == opened


def test_breaker_opens_after_failures_in_a_row_and_closes_with_one_response() -> None:
    assert breaker_after(2).state == Address.Breaker.CLOSED
    opened = breaker_after(3)
    assert (opened.state, opened.trial_at) == (Address.Breaker.OPEN, NOW + RULE.pause)
    assert breaker.succeed(opened) == CLOSED
    assert breaker.succeed(breaker_after(2)) == CLOSED


@given(st.integers(3, 200))
def test_pauses_grow_to_a_quarter_of_an_hour(times: int) -> None:
    state = breaker_after(times)
    assert state.trial_at is not None
    assert state.trial_at - NOW == min(RULE.pause * 2 ** min(times - 3, 16), breaker.MAX_PAUSE)


def test_promised_result_ends_the_call():
    """saas-v1-license §B3: after 000004 to getLicenseAsync the seller uploads the license, so another call would bring
    nothing.
    """
    rule = protocols()["license_online"].retries[GetLicenseAsync]
    for result, ends in ((Pending(), True), (DOWN, False)):
        due = next_attempt(result, rule, tries=1, now=NOW, give_up_at=NOW + 2 * HOUR, chance=0.0)
        assert (due is None) is ends
