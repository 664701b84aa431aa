"""Test calls of sellers: start them and show their results. Separate from ``trial_call``, so that pages need not import
an HTTP client."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import leased_jobs
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.work import State

from . import reasons
from .models import Address

TRIAL_JOB = "production.trial_call"
"""Kind of the leased job; its key is that of the address with the ID of a staged key."""


class TrialOutcome(StrEnum):
    KNOWS = "knows"
    KNOWS_UNSIGNED = "knows_unsigned"
    UNCHECKED = "unchecked"
    REFUSES = "refuses"
    OTHER_KEY = "other_key"
    WRONG_SIGN = "wrong_sign"
    UNSIGNED = "unsigned"
    STRANGE = "strange"
    NO_ANSWER = "no_answer"
    NO_KEY = "no_key"
    NOT_ASKED = "not_asked"
    BROKE_OFF = "broke_off"


class Trial(Struct, frozen=True):
    """A test call for pages. ``running``: poll again. ``tone``: as of a badge; ``seen``: untrusted text."""

    running: bool = False
    tone: str = "calm"
    title: str = ""
    text: str = ""
    seen: str = ""
    job: LeasedJob | None = None


type TrialTexts = Callable[[], tuple[str, str, str]]

_TEXTS: Mapping[TrialOutcome, TrialTexts] = {
    TrialOutcome.KNOWS: lambda: (
        "ok",
        _("The server responds and has the key"),
        _(
            "The server accepted the signed request, rejected one with a wrong signature, and signed its response "
            "correctly."
        ),
    ),
    TrialOutcome.KNOWS_UNSIGNED: lambda: (
        "ok",
        _("The server responds and has the key"),
        _(
            "The server accepted the signed request and rejected one with a wrong signature. Its response has no "
            "Body-Sign header, and this address does not require one."
        ),
    ),
    TrialOutcome.UNCHECKED: lambda: (
        "warn",
        _("The server answers, but does not check signatures"),
        _(
            "The server also accepted a request signed with a random key, so anyone could place orders on it. Reject wrong signatures with 000001."
        ),
    ),
    TrialOutcome.REFUSES: lambda: (
        "bad",
        _("The server refuses the key"),
        _("The server answered 000001 (wrong signature). Enter this key in your server, then test again."),
    ),
    TrialOutcome.OTHER_KEY: lambda: (
        "bad",
        _("The server signs with the current key, not with the new one"),
        _(
            "It accepted the request, but its answer is signed with the key in use. Enter the new key for answers as well."
        ),
    ),
    TrialOutcome.WRONG_SIGN: lambda: (
        "bad",
        _("The answer is signed with another key"),
        _(
            "The Body-Sign header does not match the key and the body. Check which key your server uses to sign "
            "responses."
        ),
    ),
    TrialOutcome.UNSIGNED: lambda: (
        "bad",
        _("The answer is not signed"),
        _("This address requires the Body-Sign header, and the answer has none. Without it every call fails."),
    ),
    TrialOutcome.NO_KEY: lambda: (
        "warn",
        _("There is no key to sign with"),
        _("Create the signing key of this class of interfaces first."),
    ),
    TrialOutcome.NOT_ASKED: lambda: (
        "calm",
        _("This address cannot be tested"),
        _("Its protocol has no read-only activity."),
    ),
    TrialOutcome.BROKE_OFF: lambda: (
        "warn",
        _("The test was interrupted"),
        _("The market caused this error. It does not indicate a problem with your server. Test again."),
    ),
}


def start_trial(address: Address, *, staged: str = "", now: datetime) -> LeasedJob:
    """Start a worker's test of an address with the current key, or with the ``staged`` one (key ID)."""
    payload = {"address": address.pk, "staged": staged}
    return leased_jobs.start(TRIAL_JOB, _key(address, staged), payload=payload, now=now, seller_id=address.seller_id)


def newest_trials(addresses: Collection[Address], *, staged: str = "") -> dict[int, Trial]:
    """Return the latest test by address key, with the current or a staged key, in one query."""
    keys = {_key(address, staged): address.pk for address in addresses}
    jobs = LeasedJob.objects.filter(kind=TRIAL_JOB, key__in=keys).order_by("pk")
    protocols = {address.pk: address.protocol for address in addresses}
    return {
        keys[job.key]: describe(job, protocol=protocols[keys[job.key]]) for job in jobs
    }  # the last one of each address remains


def _key(address: Address, staged_key_id: str) -> str:
    return f"{address.pk}/{staged_key_id}"


def describe(job: LeasedJob, *, protocol: str = "") -> Trial:
    """Return the texts of a test call. ``protocol``: of its address."""
    if job.state != State.ENDED:
        return Trial(running=True, tone="info", title=_("Testing the server"), job=job)
    return _ended_trial(job, job.result or {}, protocol)


def _ended_trial(job: LeasedJob, result: Mapping[str, Any], protocol: str) -> Trial:
    outcome = TrialOutcome(result["said"]) if result.get("said") in set(TrialOutcome) else TrialOutcome.BROKE_OFF
    detail = str(result.get("detail", ""))
    if outcome in {TrialOutcome.NO_ANSWER, TrialOutcome.STRANGE}:
        reason = reasons.explain(str(result.get("fault", "")), protocol=protocol)
        title = (
            reason.title
            if outcome is TrialOutcome.NO_ANSWER
            else _("The response is invalid: %(why)s") % {"why": reason.title}
        )
        return Trial(tone="bad", title=title, text=f"{reason.what_happened} {reason.what_to_do}", seen=detail, job=job)
    tone, title, text = _TEXTS[outcome]()
    return Trial(tone=tone, title=title, text=text, seen=detail, job=job)
