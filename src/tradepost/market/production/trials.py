"""Test calls of a seller: asked for, and what they said in words. Apart from ``trial_call``, which makes them, so that pages
need not load an HTTP client."""

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

TRIAL = "production.trial_call"
"""Kind of the leased job; its key is the address's, and the id of the staged key that is tried, if one is."""


class Said(StrEnum):
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
    """A test call as a page shows it. ``running``: look again. ``tone`` as of a badge; ``seen`` is untrusted text."""

    running: bool = False
    tone: str = "calm"
    title: str = ""
    text: str = ""
    seen: str = ""
    job: LeasedJob | None = None


type Words = Callable[[], tuple[str, str, str]]

_WORDS: Mapping[Said, Words] = {
    Said.KNOWS: lambda: (
        "ok",
        _("The server answers and knows the key"),
        _("It accepted the signed request, refused one that was signed wrongly, and signed its answer as it should."),
    ),
    Said.KNOWS_UNSIGNED: lambda: (
        "ok",
        _("The server answers and knows the key"),
        _(
            "It accepted the signed request and refused one that was signed wrongly. Its answer carries no Body-Sign, which "
            "this address does not ask for."
        ),
    ),
    Said.UNCHECKED: lambda: (
        "warn",
        _("The server answers, but does not check signatures"),
        _(
            "It also accepted a request that was signed with a key nobody has. Anybody could order at your server: let it "
            "refuse wrong signatures with 000001."
        ),
    ),
    Said.REFUSES: lambda: (
        "bad",
        _("The server refuses the key"),
        _("It answered 000001: the signature is wrong to it. Enter this key in your server, then test again."),
    ),
    Said.OTHER_KEY: lambda: (
        "bad",
        _("The server signs with the current key, not with the new one"),
        _(
            "It accepted the request, but its answer is signed with the key in use. Enter the new key for answers as well."
        ),
    ),
    Said.WRONG_SIGN: lambda: (
        "bad",
        _("The answer is signed with another key"),
        _(
            "The Body-Sign header does not fit the key and the body. Look at which key your server signs its answers with."
        ),
    ),
    Said.UNSIGNED: lambda: (
        "bad",
        _("The answer is not signed"),
        _("This address requires the Body-Sign header, and the answer has none. Without it every call fails."),
    ),
    Said.NO_KEY: lambda: (
        "warn",
        _("There is no key to sign with"),
        _("Create the signing key of this class of interfaces first."),
    ),
    Said.NOT_ASKED: lambda: (
        "calm",
        _("This address cannot be tested"),
        _("Its protocol has no activity that asks something without making anything."),
    ),
    Said.BROKE_OFF: lambda: (
        "warn",
        _("The test broke off"),
        _("That was the market's own fault; nothing is said about your server. Test again."),
    ),
}


def start_trial(address: Address, *, staged: str = "", now: datetime) -> LeasedJob:
    """Have a worker try an address with the current key of its class, or with the ``staged`` one (its key id)."""
    payload = {"address": address.pk, "staged": staged}
    return leased_jobs.start(TRIAL, _key(address, staged), payload=payload, now=now, seller_id=address.seller_id)


def newest_trials(addresses: Collection[Address], *, staged: str = "") -> dict[int, Trial]:
    """By address, the last test with the current key, or with a staged one. One query."""
    keys = {_key(address, staged): address.pk for address in addresses}
    jobs = LeasedJob.objects.filter(kind=TRIAL, key__in=keys).order_by("pk")
    protocols = {address.pk: address.protocol for address in addresses}
    return {keys[job.key]: shown(job, protocol=protocols[keys[job.key]]) for job in jobs}  # the last of each counts


def _key(address: Address, staged: str) -> str:
    return f"{address.pk}/{staged}"


def shown(job: LeasedJob, *, protocol: str = "") -> Trial:
    """A test call in words. ``protocol``: of its address."""
    if job.state != State.ENDED:
        return Trial(running=True, tone="info", title=_("The server is being asked"), job=job)
    return _ended(job, job.result or {}, protocol)


def _ended(job: LeasedJob, result: Mapping[str, Any], protocol: str) -> Trial:
    known = Said(result["said"]) if result.get("said") in set(Said) else Said.BROKE_OFF
    seen = str(result.get("detail", ""))
    if known in {Said.NO_ANSWER, Said.STRANGE}:
        reason = reasons.explain(str(result.get("fault", "")), protocol=protocol)
        title = (
            reason.title if known is Said.NO_ANSWER else _("What came is no answer: %(why)s") % {"why": reason.title}
        )
        return Trial(tone="bad", title=title, text=f"{reason.what_happened} {reason.what_to_do}", seen=seen, job=job)
    tone, title, text = _WORDS[known]()
    return Trial(tone=tone, title=title, text=text, seen=seen, job=job)
