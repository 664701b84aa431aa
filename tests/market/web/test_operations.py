"""Why an operation waits, and how pages show it: pure rules over rows."""

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
from tradepost.market.fulfilment.waiting import WaitReason, waiting
from tradepost.market.production.models import Address, Call
from tradepost.market.web.operations import failure_reason, target_facts
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
        ({}, WaitReason.DUE, LATER),
        ({"last_verdict": "pending"}, WaitReason.WORKING, LATER),
        ({"last_verdict": "timeout"}, WaitReason.RETRY, LATER),
        ({"last_verdict": "000005"}, WaitReason.RETRY, LATER),
        ({"state": State.LEASED, "attempt_at": NOW, "last_verdict": "timeout"}, WaitReason.ASKED, NOW),
        ({"state": State.HELD, "hold": "breaker", "last_verdict": "connect"}, WaitReason.PAUSED, LATER),
        ({"state": State.HELD, "hold": "busy"}, WaitReason.BUSY, None),
        ({"state": State.ENDED, "outcome": "done"}, WaitReason.ANSWERED, None),
    ],
)
def test_running_operation_waits_for_its_call(fields: dict[str, Any], expected: WaitReason, at: object) -> None:
    reason = waiting(operation(call=call(**fields)), ())
    assert reason is not None
    assert (reason.why, reason.at) == (expected, at)


@pytest.mark.parametrize(
    ("kind", "task", "expected"),
    [
        ("stop_server", 7, WaitReason.CLOUD),
        ("open", 7, WaitReason.CLOUD),
        ("issue", None, WaitReason.CODE),
        ("hand_over", None, WaitReason.PEOPLE),
        ("open", None, WaitReason.PEOPLE),
    ],
)
def test_running_operation_without_a_call_has_not_stopped(kind: str, task: int | None, expected: WaitReason) -> None:
    """business-rules §5, §2.10: the cloud, the buyer's software and people do it."""
    reason = waiting(operation(kind=kind, task_id=task), ())
    assert reason is not None
    assert reason.why is expected


def test_queued_operation_waits_for_running_and_earlier_ones() -> None:
    running, first, own, later = (
        operation(7), operation(3, "queued"), operation(5, "queued"), operation(9, "queued")
    )  # fmt: skip
    reason = waiting(own, [first, own, running, later])
    assert reason is not None
    assert (reason.why, [blocker.pk for blocker in reason.behind]) == (WaitReason.BEHIND, [7, 3])


@pytest.mark.parametrize("status", ["stopped", "done", "gave_up", "dropped"])
def test_stopped_or_ended_operation_waits_for_nothing(status: str) -> None:
    assert waiting(operation(status=status, call=call(state=State.ENDED, outcome="gave_up")), ()) is None


@pytest.mark.parametrize(
    ("status", "note", "title"),
    [
        ("stopped", "timeout", "Response timed out"),
        ("stopped", "000005", "000005 other internal error"),
        ("gave_up", "connect", "No connection to the server"),
        ("stopped", "This product has no production address.", "This product has no production address."),
        ("dropped", "released", "The service was already released."),
    ],
)
def test_failure_is_explained(status: str, note: str, title: str) -> None:
    with translation.override("en"):
        explanation = failure_reason(
            operation(status=status, note=note, call=call(last_verdict="timeout", last_detail="no answer"))
        )
    assert explanation is not None
    assert explanation.title == title
    assert (explanation.reason is not None) == (note not in {title, "released"})
    assert explanation.reason is None or explanation.reason.seen == ("no answer" if note == "timeout" else "")


@pytest.mark.parametrize("status", ["queued", "done"])
def test_success_has_no_explanation(status: str) -> None:
    assert (
        failure_reason(operation(status=status, call=call(state=State.ENDED, outcome="done", last_verdict="done")))
        is None
    )


@pytest.mark.parametrize(
    ("kind", "details", "facts"),
    [
        ("renew", Renewal(since=NOW, until=LATER), [("Paid until", LATER)]),
        ("freeze", Freezing(reason="operator"), [("Reason", "Frozen manually")]),
        ("release_orphan", Orphan(instance_id="i-7", order_id="", order_line_id=""), [("instanceId", "i-7")]),
    ],
)
def test_details_are_read_from_the_dataclass_of_the_kind(
    kind: str, details: object, facts: list[tuple[str, object]]
) -> None:
    with translation.override("en"):
        assert target_facts(operation(kind=kind, wanted=dump(details))) == facts


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_kind_has_a_title_in_both_languages(language: str) -> None:
    with translation.override(language):
        titles = {name: str(kind.title) for name, kind in operation_kinds().items()}
    assert all(titles.values())
    assert len(set(titles.values())) == len(titles)
    assert all(title.isascii() == (language == "en") for title in titles.values())


def test_overdue_moment_is_shown_as_now() -> None:
    with translation.override("en"):
        assert due(NOW, LATER) == due(NOW, NOW) == "now"
        assert "<time" in due(LATER, NOW)
        assert due(None, NOW) == ""
