"""Test whether a seller's server answers and knows a key, by a signed request without effect, in a leased job.

It is not an interface message: no order depends on it, it opens no breaker and is sent once. A second request uses a
random key, which a checking server must refuse (saas-v2 §2.4: 000001).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from tradepost.market.base import clock, ids
from tradepost.market.base.leased_jobs import RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import keys
from tradepost.market.identity.models import StagedKey
from tradepost.protocols.body_sign import body_sign_problem
from tradepost.protocols.commands import CallResult, Command, Fault, NotifyOrder, Query, Rejected, Release, Unreachable
from tradepost.protocols.contract import SellerProtocol
from tradepost.protocols.http import Response
from tradepost.protocols.registry import protocols

from .gateway import Exchange, Gateway, Limits
from .models import Address
from .trials import TrialOutcome

REFUSED = "000001"
"""Result code of all versions for a wrong signature (business-rules §11.1)."""


def try_address(running: RunningJob, *, limits: Limits) -> Mapping[str, Any]:
    """Do the work of the leased job, outside of any transaction."""
    address = Address.objects.filter(pk=running.payload["address"], removed_at=None).first()
    protocol = protocols().get(address.protocol) if address is not None else None
    if address is None or protocol is None:
        return _result(TrialOutcome.NOT_ASKED)
    tested_key, current_key = _keys_for(address, protocol, str(running.payload["staged"]))
    command = harmless_command(protocol)
    if not tested_key or command is None:
        return _result(TrialOutcome.NO_KEY if not tested_key else TrialOutcome.NOT_ASKED)
    running.progress(0, 2)
    ask = _Question(protocol, command, address, limits)
    signed_exchange, unsigned_exchange = asyncio.run(_exchange_all(ask, (tested_key, ids.secret(32)), running))
    return evaluate_answers(
        protocol,
        command,
        signed_exchange,
        unsigned_exchange,
        key=tested_key,
        current=current_key,
        must_sign=address.require_body_sign and address.asks_body_sign,
    )


def harmless_command(protocol: SellerProtocol) -> Command | None:
    """Return a request about a nonexistent instance with testFlag: even a server that ignores the flag creates nothing."""
    unknown_instance = f"tradepost-test-{ids.hex_id()[:12]}"
    if Query in protocol.activities:
        return Query(instance_ids=(unknown_instance,), test=True)
    if Release in protocol.activities:
        return Release(
            instance_id=unknown_instance, order_id="TRADEPOSTTEST", order_line_id="TRADEPOSTTEST-000001", test=True
        )
    if NotifyOrder in protocol.activities:
        return NotifyOrder(order_id="TRADEPOSTTEST", order_line_id="TRADEPOSTTEST-000001", test=True)
    return None


def _keys_for(address: Address, protocol: SellerProtocol, staged_key_id: str) -> tuple[str, str]:
    """Return the key to test, and the current one if it is another."""
    current_key = next(iter(keys.signing_secrets(address.seller_id, protocol.key_class, now=clock.now())), "")
    if not staged_key_id:
        return current_key, ""
    staged_key = StagedKey.objects.filter(
        seller=address.seller_id, interface_class=protocol.key_class, key_id=staged_key_id
    ).first()
    return (unseal(staged_key.sealed) if staged_key is not None else ""), current_key


class _Question(Struct, frozen=True):
    protocol: SellerProtocol
    command: Command
    address: Address
    limits: Limits


async def _exchange_all(question: _Question, with_keys: Sequence[str], running: RunningJob) -> list[Exchange]:
    """Make one exchange per key; stop if the first has no answer."""
    exchanges: list[Exchange] = []
    async with Gateway(question.limits, connections=2) as gateway:
        for key in with_keys:
            exchanges.append(
                await gateway.exchange(
                    question.protocol,
                    question.command,
                    address=question.address.url,
                    keys=[key],
                    now=clock.wall(),
                    nonce=ids.nonce(),
                    require_body_sign=False,
                )
            )
            running.go_on()
            if exchanges[0].response is None:
                break
    return [exchanges[0], exchanges[-1]]


def evaluate_answers(
    protocol: SellerProtocol,
    command: Command,
    signed: Exchange,
    strange: Exchange,
    *,
    key: str,
    current: str,
    must_sign: bool,
) -> dict[str, Any]:
    """Evaluate the two answers: first their meaning, then their signatures. Pure."""
    ms = round(signed.milliseconds)
    if signed.response is None:
        fault = signed.result.fault if isinstance(signed.result, Unreachable) else Fault.INTERNAL
        return _result(TrialOutcome.NO_ANSWER, ms=ms, fault=fault, detail=getattr(signed.result, "detail", ""))
    meaning = _decoded_result(protocol, command, signed.response)
    if _is_refusal(meaning):
        return _result(TrialOutcome.REFUSES, ms=ms, code=REFUSED, detail=getattr(meaning, "message", ""))
    if isinstance(meaning, Unreachable):
        return _result(TrialOutcome.STRANGE, ms=ms, fault=meaning.fault, detail=meaning.detail)
    code, sign = getattr(meaning, "code", ""), _sign_fault(signed.response, key)
    if sign is Fault.BODY_SIGN_WRONG:
        with_current = bool(current) and _sign_fault(signed.response, current) is None
        return _result(
            TrialOutcome.OTHER_KEY if with_current else TrialOutcome.WRONG_SIGN, ms=ms, code=code, fault=sign
        )
    if strange.response is not None and not _is_refused(protocol, command, strange.response):
        return _result(TrialOutcome.UNCHECKED, ms=ms, code=code)
    if sign is not None:
        return _result(
            TrialOutcome.UNSIGNED if must_sign else TrialOutcome.KNOWS_UNSIGNED, ms=ms, code=code, fault=sign
        )
    return _result(TrialOutcome.KNOWS, ms=ms, code=code)


def _decoded_result(protocol: SellerProtocol, command: Command, response: Response) -> CallResult:
    """Decode an answer without its signature, because a refusal is signed with an unknown key."""
    unsigned_headers = tuple((name, value) for name, value in response.headers if name.lower() != "body-sign")
    unsigned_response = Response(response.status, unsigned_headers, response.body)
    return protocol.decode(command, unsigned_response, key="", require_body_sign=False)


def _is_refusal(meaning: CallResult) -> bool:
    return isinstance(meaning, Rejected) and meaning.code == REFUSED


def _is_refused(protocol: SellerProtocol, command: Command, response: Response) -> bool:
    """Return whether the wrongly signed request was refused by result code or HTTP status."""
    return _is_refusal(_decoded_result(protocol, command, response)) or response.status in {400, 401, 403}


def _sign_fault(response: Response, key: str) -> Fault | None:
    """Return the fault of an answer's signature under this key, also for protocols that require none."""
    problem = body_sign_problem(response.headers, response.body, key)
    if problem is None:
        return None
    return Fault.BODY_SIGN_MISSING if problem.missing else Fault.BODY_SIGN_WRONG


def _result(outcome: StrEnum, *, ms: int = 0, code: str = "", fault: str = "", detail: str = "") -> dict[str, Any]:
    return {
        "said": outcome.value,
        "ms": ms,
        "code": code,
        "fault": str(fault),
        "detail": detail[:300].replace("\0", "\ufffd"),
    }


def record_trial(job: LeasedJob, now: datetime) -> None:
    """Record the end of the job in its transaction: whether the server knows the staged key."""
    if job.outcome == LeasedJob.Outcome.DONE and job.payload["staged"]:
        is_known = (job.result or {}).get("said") in {
            TrialOutcome.KNOWS,
            TrialOutcome.KNOWS_UNSIGNED,
            TrialOutcome.UNCHECKED,
        }
        keys.record_trial(str(job.payload["staged"]), knows=is_known, now=now)
