"""SaaS access protocol 2.0: the wire format between a market and the production interface of a SaaS product
(saas-v2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tradepost.protocols.commands import CallResult, Command, Outcome
from tradepost.protocols.contract import NonceSeen, ResultCode, RetryRule
from tradepost.protocols.http import Request, Response
from tradepost.protocols.json_answer import json_answer
from tradepost.protocols.text import Text

from . import signing
from .answers import dump_outcome, load_outcome
from .fields import ACTIVITIES
from .life import LIFE
from .requests import dump_command, load_command
from .retries import RESULT_CODES, RETRIES


class SaasV2:
    """Implements ``SellerProtocol``; see its docstrings. ``encode`` and ``answer`` also raise ``ValueError`` for values
    that the wire cannot carry, which is an error of the calling program."""

    def __init__(self) -> None:
        self.name = "saas_v2"
        self.title = Text.same("SaaS 2.0")
        self.key_class = "base"
        self.activities: Mapping[type[Command], str] = ACTIVITIES
        self.prefix = ""
        self.tells_at_once = False
        self.asks_body_sign = True
        self.life = LIFE
        self.retries: Mapping[type[Command], RetryRule] = RETRIES
        self.result_codes: Mapping[str, ResultCode] = RESULT_CODES
        self.nonce_kept: timedelta = signing.NONCE_KEPT

    def encode(self, command: Command, *, address: str, key: str, now: datetime, nonce: str) -> Request:
        return signing.sign_request(dump_command(command), address=address, key=key, now=now, nonce=nonce)

    def decode(self, command: Command, response: Response, *, key: str, require_body_sign: bool = True) -> CallResult:
        return load_outcome(command, response, key=key, require_body_sign=require_body_sign)

    def open(self, request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> Command:
        return load_command(signing.open_request(request, key=key, now=now, nonce_seen=nonce_seen))

    def answer(self, command: Command | None, outcome: Outcome, *, key: str, nonce: str) -> Response:
        del nonce  # answers of this version have no random part
        return json_answer(dump_outcome(command, outcome), key=key)


PROTOCOL = SaasV2()
