"""Why an operation waits, and what of it people read: pure rules over rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from tests.factories import NOW
from tradepost.market.base.stored import dump
from tradepost.market.base.work import State
from tradepost.market.fulfilment.contract import Orphan
from tradepost.market.fulfilment.kinds.freeze import Freezing
from tradepost.market.fulfilment.kinds.renew import Renewal
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.registry import operation_kinds
from tradepost.market.fulfilment.waiting import Why, waiting
from tradepost.market.production.models import Address, Call
from tradepost.market.web.operations import wanted_facts, why
from tradepost.market.web.templatetags.ui import due

LATER = NOW + timedelta(minutes=5)


def operation(pk: int = 1, status: str = "running", *, kind: str = "renew", **fields: object) -> Operation:
    return Operation(pk=pk, status=status, kind=kind, created_at=NOW, **fields)


def call(**fields: object) -> Call:
    address = Address(url="https://s.example/p", trial_at=LATER)
    return Call(**({"state": State.WAITING, "due_at": LATER, "address": address, "protocol": "saas_v2"} | fields))


@pytest.mark.parametrize(
    ("fields", "expected", "at"),
    [
        ({}, Why.DUE, LATER),
        ({"last_verdict": "pending"}, Why.WORKING, LATER),
        ({"last_verdict": "timeout"}, Why.RETRY, LATER),
        ({"last_verdict": "000005"}, Why.RETRY, LATER),
        ({"state": State.LEASED, "attempt_at": NOW, "last_verdict": "timeout"}, Why.ASKED, NOW),
        ({"state": State.HELD, "hold": "breaker", "last_verdict": "connect"}, Why.PAUSED, LATER),
        ({"state": State.HELD, "hold": "busy"}, Why.BUSY, None),
        ({"state": State.ENDED, "outcome": "done"}, Why.ANSWERED, None),
    ],
)
def test_what_runs_waits_for_its_call(fields: dict[str, Any], expected: Why, at: object) -> None:
    found = waiting(operation(call=call(**fields)), ())
    assert found is not None
    assert (found.why, found.at) == (expected, at)


@pytest.mark.parametrize(
    ("kind", "task", "expected"),
    [
        ("stop_server", 7, Why.CLOUD),
        ("open", 7, Why.CLOUD),
        ("issue", None, Why.CODE),
        ("hand_over", None, Why.PEOPLE),
        ("open", None, Why.PEOPLE),
    ],
)
def test_what_runs_without_a_call_has_not_stopped(kind: str, task: int | None, expected: Why) -> None:
    """business-rules §5, §2.10: the cloud, the buyer's software and people do it."""
    found = waiting(operation(kind=kind, task_id=task), ())
    assert found is not None
    assert found.why is expected


def test_what_is_queued_waits_for_what_runs_and_for_what_was_asked_before_it() -> None:
    running, first, own, later = (
        operation(7), operation(3, "queued"), operation(5, "queued"), operation(9, "queued")
    )  # fmt: skip
    found = waiting(own, [first, own, running, later])
    assert found is not None
    assert (found.why, [one.pk for one in found.behind]) == (Why.BEHIND, [7, 3])


@pytest.mark.parametrize("status", ["stopped", "done", "gave_up", "dropped"])
def test_what_stopped_or_ended_waits_for_nothing(status: str) -> None:
    assert waiting(operation(status=status, call=call(state=State.ENDED, outcome="gave_up")), ()) is None


@pytest.mark.parametrize(
    ("status", "note", "title"),
    [
        ("stopped", "timeout", "No answer in time"),
        ("stopped", "000005", "000005 other internal error"),
        ("gave_up", "connect", "No connection to the server"),
        ("stopped", "This product has no production address.", "This product has no production address."),
        ("dropped", "released", "The service was released before."),
    ],
)
def test_why_it_did_not_succeed_is_said_in_words(status: str, note: str, title: str) -> None:
    with translation.override("en"):
        told = why(operation(status=status, note=note, call=call(last_verdict="timeout", last_detail="no answer")))
    assert told is not None
    assert told.title == title
    assert (told.reason is not None) == (note not in {title, "released"})
    assert told.reason is None or told.reason.seen == ("no answer" if note == "timeout" else "")


@pytest.mark.parametrize("status", ["queued", "done"])
def test_nothing_is_said_of_what_goes_well(status: str) -> None:
    assert why(operation(status=status, call=call(state=State.ENDED, outcome="done", last_verdict="done"))) is None


@pytest.mark.parametrize(
    ("kind", "wanted", "facts"),
    [
        ("renew", Renewal(since=NOW, until=LATER), [("Paid until", LATER)]),
        ("freeze", Freezing(reason="operator"), [("Reason", "Frozen by hand")]),
        ("release_orphan", Orphan(instance_id="i-7", order_id="", order_line_id=""), [("instanceId", "i-7")]),
    ],
)
def test_what_is_wanted_is_read_from_the_kinds_own_dataclass(
    kind: str, wanted: object, facts: list[tuple[str, object]]
) -> None:
    with translation.override("en"):
        assert wanted_facts(operation(kind=kind, wanted=dump(wanted))) == facts


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_kind_has_a_title_in_both_languages(language: str) -> None:
    with translation.override(language):
        titles = {name: str(kind.title) for name, kind in operation_kinds().items()}
    assert all(titles.values())
    assert len(set(titles.values())) == len(titles)
    assert all(title.isascii() == (language == "en") for title in titles.values())


def test_what_is_over_is_due_now() -> None:
    with translation.override("en"):
        assert due(NOW, LATER) == due(NOW, NOW) == "now"
        assert "<time" in due(LATER, NOW)
        assert due(None, NOW) == ""
