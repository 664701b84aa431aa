"""SaaS access protocol 1.0: the wire format between a market and the production interface of an older SaaS product
(saas-v1-license A)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tradepost.protocols.commands import CallResult, Command, Outcome
from tradepost.protocols.contract import NonceSeen, ResultCode, RetryRule
from tradepost.protocols.http import Request, Response
from tradepost.protocols.json_answer import json_answer
from tradepost.protocols.signed_query import open_request, sign_request
from tradepost.protocols.text import Text

from .answers import dump_outcome, load_outcome
from .fields import ACTIVITIES
from .life import LIFE
from .requests import dump_command, load_command
from .retries import RESULT_CODES, RETRIES


class SaasV1:
    """Implements ``SellerProtocol``; see its docstrings. ``encode`` and ``answer`` also raise ``ValueError`` for values
    that the wire cannot carry, which is an error of the calling program."""

    def __init__(self) -> None:
        self.name = "saas_v1"
        self.title = Text.same("SaaS 1.0")
        self.key_class = "base"
        self.activities: Mapping[type[Command], str] = ACTIVITIES
        self.prefix = ""
        self.tells_at_once = True
        self.asks_body_sign = True
        self.life = LIFE
        self.retries: Mapping[type[Command], RetryRule] = RETRIES
        self.result_codes: Mapping[str, ResultCode] = RESULT_CODES
        self.nonce_kept = timedelta(0)

    def encode(self, command: Command, *, address: str, key: str, now: datetime, nonce: str) -> Request:
        return sign_request(dump_command(command, key=key, nonce=nonce), address=address, key=key, now=now)

    def decode(self, command: Command, response: Response, *, key: str, require_body_sign: bool = True) -> CallResult:
        return load_outcome(command, response, key=key, require_body_sign=require_body_sign)

    def open(self, request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> Command:
        del now, nonce_seen  # this version documents neither a maximum age nor a nonce
        return load_command(open_request(request, key=key), key=key)

    def answer(self, command: Command | None, outcome: Outcome, *, key: str, nonce: str) -> Response:
        return json_answer(dump_outcome(command, outcome, key=key, nonce=nonce), key=key)


PROTOCOL = SaasV1()
