"""Mutants whose work does not end, or ends in another state: creations, licenses (saas-v2 §3.1, saas-v1-license B1,
B3).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tradepost.protocols import registry
from tradepost.protocols.http import Request, Response
from tradepost.protocols.json_answer import json_answer

from .any_shop import any_seller
from .definition import KEY, LICENSE, ONLINE, V1, V2, Answering, mutant
from .every_protocol import Met
from .shop import Shop

LIFE, SHAPE, ONCE, TIME = "lifecycle", "shape", "idempotency", "time"
ALL = (SHAPE, LIFE, ONCE, TIME)
CREATIONS = {"newInstance", "getLicense"}
ISSUING = (V1, V2, LICENSE, ONLINE)

type Change = Callable[[Met, Response, int], Response | None]
"""Returns the answer to a correct real call, given its number among those of its activity; None for the honest answer.
"""


def honest(folder: Path, protocol: str):
    return Shop(folder, registry.protocol(protocol)) if protocol in {V1, V2} else any_seller(folder, protocol)


def changing(folder: Path, protocol: str, activities: set[str], change: Change) -> Answering:
    """Return an honest seller with changed answers to real calls of some activities. Test calls are answered correctly."""
    seller = honest(folder, protocol)
    counted: dict[str, int] = {}

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        met = Met(protocol, request, now, nonce)
        activity = str(met.members.get("activity", ""))
        response = seller.respond(request, now, nonce)
        right = json.loads(response.body)["resultCode"] in {"000000", "000004"}
        if activity not in activities or str(met.members.get("testFlag")) == "1" or not right:
            return response
        counted[activity] = counted.get(activity, 0) + 1
        return change(met, response, counted[activity]) or response

    return answering


def said(code: str, **more: str) -> Response:
    return json_answer(
        {"resultCode": code, "resultMsg": "in progress" if code == "000004" else "refused", **more}, key=KEY
    )


def named(response: Response, code: str) -> Response:
    """With the instance's id, as 000004 may have."""
    return said(code, instanceId=json.loads(response.body)["instanceId"])


# --- creations -------------------------------------------------------------------------------------------------------


@mutant("never_ready", *ALL, protocols=ISSUING)
def creation_never_ends(folder: Path, protocol: str) -> Answering:
    """000004 forever, without an id: the job that creates is not running."""
    return changing(folder, protocol, CREATIONS, lambda met, response, number: said("000004"))


@mutant("never_ready", TIME, protocols=(V2, V1, LICENSE))
def creation_never_ends_and_nothing_else_is_asked(folder: Path, protocol: str) -> Answering:
    """The selected groups need an instance, and none of their checks can fail without one."""
    return creation_never_ends(folder, protocol)


@mutant("never_ready", *ALL, protocols=(V1, LICENSE))
def creation_never_ends_with_an_id(folder: Path, protocol: str) -> Answering:
    return changing(folder, protocol, CREATIONS | {"queryInstance"}, lambda met, response, number: (
        named(response, "000004") if met.members["activity"] in CREATIONS else said("000004")
    ))  # fmt: skip


@mutant("never_ready", *ALL, protocols=ISSUING, patience=0.3)
def creation_ends_too_late(folder: Path, protocol: str) -> Answering:
    """It ends after the time that it is given."""
    began: dict[str, float] = {}

    def change(met: Met, response: Response, number: int) -> Response | None:
        at = began.setdefault(str(met.members["orderId"]), time.monotonic())
        return said("000004") if time.monotonic() < at + 2 else None

    return changing(folder, protocol, CREATIONS, change)


@mutant("processing_again", LIFE, protocols=ISSUING)
def creation_alternates(folder: Path, protocol: str) -> Answering:
    """Depending on which of two processes answers: only one knows that it is done."""

    def change(met: Met, response: Response, number: int) -> Response | None:
        return said("000004") if number % 2 else None

    return changing(folder, protocol, CREATIONS, change)


@mutant("processing_again", LIFE, protocols=(V2,))
def query_alternates(folder: Path, protocol: str) -> Answering:
    def change(met: Met, response: Response, number: int) -> Response | None:
        return None if number % 2 else said("000004")

    return changing(folder, protocol, {"queryInstance"}, change)


@mutant("refused_after_processing", *ALL, protocols=ISSUING)
def creation_ends_with_a_refusal(folder: Path, protocol: str) -> Answering:
    began: dict[str, int] = {}

    def change(met: Met, response: Response, number: int) -> Response | None:
        order = str(met.members["orderId"])
        began[order] = began.get(order, 0) + 1
        return said("000004" if began[order] < 3 else "000005")

    return changing(folder, protocol, CREATIONS, change)


@mutant("refused_after_processing", LIFE, protocols=(V2,))
def announced_and_then_refused(folder: Path, protocol: str) -> Answering:
    """The id comes with 000004; every later query is refused."""

    def change(met: Met, response: Response, number: int) -> Response | None:
        if met.members["activity"] in CREATIONS:
            return named(response, "000004")
        return said("000005")

    return changing(folder, protocol, CREATIONS | {"queryInstance"}, change)


@mutant("refuses_correct_request", TIME, protocols=(V1, LICENSE, ONLINE))
def every_creation_is_refused(folder: Path, protocol: str) -> Answering:
    """The selected groups need an instance, and none of their checks can fail without one."""
    return changing(folder, protocol, CREATIONS, lambda met, response, number: said("000005"))


# --- licences --------------------------------------------------------------------------------------------------------


@mutant("license_refused", LIFE, protocols=(ONLINE,))
def every_application_is_refused(folder: Path, protocol: str) -> Answering:
    return changing(folder, protocol, {"getLicenseAsync"}, lambda met, response, number: said("000900"))


@mutant("license_refused", ONCE, protocols=(ONLINE,))
def no_application_is_heard(folder: Path, protocol: str) -> Answering:
    """Found by the group that needs a first license."""
    return changing(folder, protocol, {"getLicenseAsync"}, lambda met, response, number: said("000005"))


@mutant("license_refused", LIFE, protocols=(ONLINE,))
def application_ends_with_a_refusal(folder: Path, protocol: str) -> Answering:
    began: set[str] = set()

    def change(met: Met, response: Response, number: int) -> Response | None:
        event = str(met.members["eventId"])
        known = event in began
        began.add(event)
        return said("000005" if known else "000004")

    return changing(folder, protocol, {"getLicenseAsync"}, change)


@mutant("license_unseen", LIFE, protocols=(ONLINE,), warned=True)
def every_application_is_pending(folder: Path, protocol: str) -> Answering:
    """It may upload them; a tester sees none."""
    return changing(folder, protocol, {"getLicenseAsync"}, lambda met, response, number: said("000004"))
