"""Licenses that are activated online, for industrial software: five activities at one address (saas-v1-license §B3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tradepost.protocols.commands import CallResult, Command, Create, Outcome
from tradepost.protocols.contract import NonceSeen, ResultCode, RetryRule
from tradepost.protocols.freshness import NONCE_KEPT
from tradepost.protocols.http import Request, Response
from tradepost.protocols.result_answer import answer_result, read_result
from tradepost.protocols.signed_url import open_request, sign_request
from tradepost.protocols.text import Text

from .fields import ACTIVITIES
from .life import LIFE
from .requests import dump_command, load_command
from .retries import RESULT_CODES, RETRIES


class LicenseOnline:
    """Implements ``SellerProtocol``; see its docstrings.

    ``Body-Sign`` is not documented for this version. Answers carry it; it is optional, but checked if present.
    """

    def __init__(self) -> None:
        self.name = "license_online"
        self.title = Text(en="Online License", zh="在线License")
        self.key_class = "base"
        self.activities: Mapping[type[Command], str] = ACTIVITIES
        self.prefix = ""
        self.tells_at_once = False
        self.asks_body_sign = False
        self.life = LIFE
        self.retries: Mapping[type[Command], RetryRule] = RETRIES
        self.result_codes: Mapping[str, ResultCode] = RESULT_CODES
        self.nonce_kept: timedelta = NONCE_KEPT

    def encode(self, command: Command, *, address: str, key: str, now: datetime, nonce: str) -> Request:
        return sign_request(dump_command(command), address=address, key=key, now=now, nonce=nonce)

    def decode(self, command: Command, response: Response, *, key: str, require_body_sign: bool = False) -> CallResult:
        del require_body_sign
        creating = isinstance(command, Create)
        return read_result(response, key=key, require_body_sign=False, names_instance=creating)

    def open(self, request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> Command:
        return load_command(open_request(request, key=key, now=now, nonce_seen=nonce_seen, seconds_too=True))

    def answer(self, command: Command | None, outcome: Outcome, *, key: str, nonce: str) -> Response:
        del nonce  # answers of this version have no random part
        return answer_result(outcome, key=key, names_instance=isinstance(command, Create))


PROTOCOL = LicenseOnline()
