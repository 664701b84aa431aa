"""Does a seller's server answer, and does it know a key? A signed question that makes nothing, asked in a leased job.

It is none of the interface messages: nothing of an order depends on it, it opens no breaker and is asked once. Two requests
go out: one signed with the key that is tried, one with a key that nobody has, which a server that checks must refuse
(saas-v2 §2.4: 000001).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from tradepost.market.base import clock, ids
from tradepost.market.base.leased_jobs import Running
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
from .trials import Said

REFUSED = "000001"
"""Result code of every version for a signature that is wrong (business-rules §11.1)."""


def try_address(running: Running, *, limits: Limits) -> Mapping[str, Any]:
    """The work of that job, outside of any transaction."""
    address = Address.objects.filter(pk=running.payload["address"], removed_at=None).first()
    protocol = protocols().get(address.protocol) if address is not None else None
    if address is None or protocol is None:
        return _result(Said.NOT_ASKED)
    tried, current = _keys_for(address, protocol, str(running.payload["staged"]))
    command = harmless(protocol)
    if not tried or command is None:
        return _result(Said.NO_KEY if not tried else Said.NOT_ASKED)
    running.progress(0, 2)
    ask = _Question(protocol, command, address, limits)
    own, strange = asyncio.run(_both(ask, (tried, ids.secret(32)), running))
    return judge(
        protocol,
        command,
        own,
        strange,
        key=tried,
        current=current,
        must_sign=address.require_body_sign and address.asks_body_sign,
    )


def harmless(protocol: SellerProtocol) -> Command | None:
    """A question about an instance that nobody has, with testFlag: even a server that ignores the flag makes nothing."""
    nobody = f"tradepost-test-{ids.hex_id()[:12]}"
    if Query in protocol.activities:
        return Query(instance_ids=(nobody,), test=True)
    if Release in protocol.activities:
        return Release(instance_id=nobody, order_id="TRADEPOSTTEST", order_line_id="TRADEPOSTTEST-000001", test=True)
    if NotifyOrder in protocol.activities:
        return NotifyOrder(order_id="TRADEPOSTTEST", order_line_id="TRADEPOSTTEST-000001", test=True)
    return None


def _keys_for(address: Address, protocol: SellerProtocol, staged: str) -> tuple[str, str]:
    """The key that is tried, and the current one when that is another."""
    current = next(iter(keys.signing_secrets(address.seller_id, protocol.key_class, now=clock.now())), "")
    if not staged:
        return current, ""
    found = StagedKey.objects.filter(
        seller=address.seller_id, interface_class=protocol.key_class, key_id=staged
    ).first()
    return (unseal(found.sealed) if found is not None else ""), current


class _Question(Struct, frozen=True):
    protocol: SellerProtocol
    command: Command
    address: Address
    limits: Limits


async def _both(ask: _Question, with_keys: Sequence[str], running: Running) -> list[Exchange]:
    """One exchange for each key; who does not answer the first is not asked again."""
    done: list[Exchange] = []
    async with Gateway(ask.limits, connections=2) as gateway:
        for key in with_keys:
            done.append(
                await gateway.exchange(
                    ask.protocol,
                    ask.command,
                    address=ask.address.url,
                    keys=[key],
                    now=clock.wall(),
                    nonce=ids.nonce(),
                    require_body_sign=False,
                )
            )
            running.go_on()
            if done[0].response is None:
                break
    return [done[0], done[-1]]


def judge(
    protocol: SellerProtocol,
    command: Command,
    own: Exchange,
    strange: Exchange,
    *,
    key: str,
    current: str,
    must_sign: bool,
) -> dict[str, Any]:
    """What the two answers say: first what they mean, whoever signed them, then by which key. Pure."""
    ms = round(own.milliseconds)
    if own.response is None:
        fault = own.result.fault if isinstance(own.result, Unreachable) else Fault.INTERNAL
        return _result(Said.NO_ANSWER, ms=ms, fault=fault, detail=getattr(own.result, "detail", ""))
    meant = _meant(protocol, command, own.response)
    if _refuses(meant):
        return _result(Said.REFUSES, ms=ms, code=REFUSED, detail=getattr(meant, "message", ""))
    if isinstance(meant, Unreachable):
        return _result(Said.STRANGE, ms=ms, fault=meant.fault, detail=meant.detail)
    code, sign = getattr(meant, "code", ""), _sign_fault(own.response, key)
    if sign is Fault.BODY_SIGN_WRONG:
        with_current = bool(current) and _sign_fault(own.response, current) is None
        return _result(Said.OTHER_KEY if with_current else Said.WRONG_SIGN, ms=ms, code=code, fault=sign)
    if strange.response is not None and not _turned_away(protocol, command, strange.response):
        return _result(Said.UNCHECKED, ms=ms, code=code)
    if sign is not None:
        return _result(Said.UNSIGNED if must_sign else Said.KNOWS_UNSIGNED, ms=ms, code=code, fault=sign)
    return _result(Said.KNOWS, ms=ms, code=code)


def _meant(protocol: SellerProtocol, command: Command, response: Response) -> CallResult:
    """What an answer says, its signature left aside: a refusal is signed with a key that the asker does not have."""
    unsigned = tuple((name, value) for name, value in response.headers if name.lower() != "body-sign")
    bare = Response(response.status, unsigned, response.body)
    return protocol.decode(command, bare, key="", require_body_sign=False)


def _refuses(meant: CallResult) -> bool:
    return isinstance(meant, Rejected) and meant.code == REFUSED


def _turned_away(protocol: SellerProtocol, command: Command, response: Response) -> bool:
    """Whether a request that nobody could sign rightly was refused: by the code, or by an HTTP status."""
    return _refuses(_meant(protocol, command, response)) or response.status in {400, 401, 403}


def _sign_fault(response: Response, key: str) -> Fault | None:
    """What is wrong with the signature of an answer, if this key made it. Protocols that ask for none are checked as well."""
    problem = body_sign_problem(response.headers, response.body, key)
    if problem is None:
        return None
    return Fault.BODY_SIGN_MISSING if problem.missing else Fault.BODY_SIGN_WRONG


def _result(said: StrEnum, *, ms: int = 0, code: str = "", fault: str = "", detail: str = "") -> dict[str, Any]:
    return {
        "said": said.value,
        "ms": ms,
        "code": code,
        "fault": str(fault),
        "detail": detail[:300].replace("\0", "\ufffd"),
    }


def record_trial(job: LeasedJob, now: datetime) -> None:
    """The end of that job, in its transaction: a staged key is known or not."""
    if job.outcome == LeasedJob.Outcome.DONE and job.payload["staged"]:
        knows = (job.result or {}).get("said") in {Said.KNOWS, Said.KNOWS_UNSIGNED, Said.UNCHECKED}
        keys.note_trial(str(job.payload["staged"]), knows=knows, now=now)
