"""When a call is tried again, and when an address rests: pure rules."""

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
    """The moments of all tries, counted from the first."""
    at, moments = NOW, [timedelta()]
    while (
        due := next_attempt(result, HOURLY, tries=len(moments), now=at, give_up_at=NOW + 3 * HOUR, chance=chance)
    ) is not None:
        at = due
        moments.append(due - NOW)
    return moments


def test_hourly_for_three_hours() -> None:
    """saas-v2 §3.10: newInstance 3 h, hourly."""
    assert tried_until_the_end(DOWN, 0.0) == [n * HOUR for n in range(4)]


@given(st.floats(0, 1, exclude_max=True))
def test_the_last_try_is_at_the_end_of_the_plan_whatever_the_jitter(chance: float) -> None:
    moments = tried_until_the_end(DOWN, chance)
    assert moments[-1] == 3 * HOUR
    assert all(later - earlier <= HOUR * (1 + JITTER) for earlier, later in pairwise(moments))


@given(results, st.integers(1, 500), st.integers(0, 4 * 3600), st.floats(0, 1, exclude_max=True))
def test_no_try_lies_in_the_past_or_beyond_the_plan(result: CallResult, tries: int, after: int, chance: float) -> None:
    now, end = NOW + after * SECOND, NOW + 3 * HOUR
    due = next_attempt(result, HOURLY, tries=tries, now=now, give_up_at=end, chance=chance)
    assert (due is None) == (now >= end)
    assert due is None or now <= due <= end


@pytest.mark.parametrize("result", [Done(), Rejected(code="000103", retryable=False)])
def test_what_is_settled_is_not_tried_again(result: CallResult) -> None:
    assert next_attempt(result, HOURLY, tries=1, now=NOW, give_up_at=NOW + HOUR, chance=0) is None


def test_a_try_that_our_worker_lost_is_repeated_at_once() -> None:
    assert next_attempt(Unreachable(fault=Fault.LOST), HOURLY, tries=1, now=NOW, give_up_at=NOW + HOUR, chance=0) == NOW


def test_a_pending_answer_is_polled_soon_first_then_steadily() -> None:
    first, second = (
        next_attempt(Pending(), HOURLY, tries=n, now=NOW, give_up_at=NOW + 3 * HOUR, chance=0) for n in (1, 2)
    )
    assert (first, second) == (NOW + SECOND, NOW + timedelta(minutes=1))


@pytest.mark.parametrize(("asked", "wait"), [(0, SECOND), (90, 90 * SECOND), (86_400, 3 * HOUR)])
def test_retry_after_is_honoured_within_the_plan(asked: int, wait: timedelta) -> None:
    """business-rules §11.1: 413 with Retry-After when temporary; the same for 429 and 503."""
    answer = Unreachable(fault=Fault.HTTP_STATUS)
    due = next_attempt(
        answer, HOURLY, tries=1, now=NOW, give_up_at=NOW + 3 * HOUR, chance=0, retry_after=asked * SECOND
    )
    assert due == NOW + wait


def test_every_protocol_has_a_plan_for_every_activity() -> None:
    for protocol in protocols().values():
        assert set(protocol.retries) == set(protocol.activities), protocol.name


RULE = Rule(failures=3, pause=timedelta(minutes=1))
CLOSED = BreakerState(Address.Breaker.CLOSED, 0, None, None)


def failing(times: int) -> BreakerState:
    """After so many failures in a row; those after it opened are of trials."""
    state = CLOSED
    for _ in range(times):
        if state.state == Address.Breaker.OPEN:
            state = replace(state, state=Address.Breaker.TRIAL)
        state = breaker.fail(state, RULE, now=NOW)
    return state


def test_calls_that_were_open_when_it_opened_do_not_lengthen_the_pause() -> None:
    opened = failing(3)
    assert breaker.fail(opened, RULE, now=NOW + SECOND) == opened


def test_it_opens_after_failures_in_a_row_and_one_answer_closes_it() -> None:
    assert failing(2).state == Address.Breaker.CLOSED
    opened = failing(3)
    assert (opened.state, opened.trial_at) == (Address.Breaker.OPEN, NOW + RULE.pause)
    assert breaker.succeed(opened) == CLOSED
    assert breaker.succeed(failing(2)) == CLOSED


@given(st.integers(3, 200))
def test_pauses_grow_to_a_quarter_of_an_hour(times: int) -> None:
    state = failing(times)
    assert state.trial_at is not None
    assert state.trial_at - NOW == min(RULE.pause * 2 ** min(times - 3, 16), breaker.LONGEST_PAUSE)


def test_a_promise_ends_a_call_whose_result_comes_by_another_way():
    """saas-v1-license §B3: after 000004 to getLicenseAsync the seller uploads the license; asking again would bring nothing."""
    rule = protocols()["license_online"].retries[GetLicenseAsync]
    for result, ends in ((Pending(), True), (DOWN, False)):
        due = next_attempt(result, rule, tries=1, now=NOW, give_up_at=NOW + 2 * HOUR, chance=0.0)
        assert (due is None) is ends
