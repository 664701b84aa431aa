"""Verdicts of the replays of a submission's debug cases, stored with the submission."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from tradepost.market.base.models import LeasedJob
from tradepost.market.debugging import replay
from tradepost.market.debugging.replay import ReplayResult

from .models import Replay, Submission


class Verdict(Struct, frozen=True):
    """The verdict of a replay. ``decides``: the submission was, or can be, decided on it."""

    replay: Replay
    cases: tuple[ReplayResult, ...]
    decides: bool

    @property
    def passed_cases(self) -> int:
        return sum(case.passed for case in self.cases)


def store_verdict(submission: int, job: LeasedJob) -> None:
    """Store the verdict of a job that has ended. Repeating it has no effect."""
    row = _replay_of(submission, job)
    if Submission.objects.filter(pk=submission).exists():
        Replay.objects.bulk_create([row], ignore_conflicts=True)


def verdicts(submission: Submission, newest: LeasedJob | None) -> list[Verdict]:
    """Return the verdicts of all replays of a submission that have ended, newest first.

    ``newest``: its last job, whose verdict may not be stored yet."""
    stored_replays = list(Replay.objects.filter(submission=submission).order_by("-job"))
    if (
        newest is not None
        and newest.ended_at is not None
        and newest.pk not in {stored_replay.job for stored_replay in stored_replays}
    ):
        stored_replays.insert(0, _replay_of(submission.pk, newest))
    deciding = _deciding_replay(submission, stored_replays)
    return [
        Verdict(stored_replay, tuple(ReplayResult(**case) for case in stored_replay.cases), stored_replay is deciding)
        for stored_replay in stored_replays
    ]


def _deciding_replay(submission: Submission, stored_replays: Sequence[Replay]) -> Replay | None:
    decided = submission.decided_at
    return next(
        (stored_replay for stored_replay in stored_replays if decided is None or stored_replay.ended_at <= decided),
        None,
    )


def _replay_of(submission: int, job: LeasedJob) -> Replay:
    if job.ended_at is None:
        raise LookupError("this replay has not ended")
    cases = replay.results(job)
    has_passed = job.outcome == LeasedJob.Outcome.DONE and all(result.passed for result in cases)
    return Replay(
        submission_id=submission, job=job.pk, passed=has_passed, ended_at=job.ended_at,
        by=str(job.payload.get("by", ""))[:254], cases=(job.result or {}).get("cases", []),
    )  # fmt: skip
