"""License 2.0 with authorization codes: calls of a market to the seller of software that codes activate
(saas-v1-license §B2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tradepost.protocols.commands import CallResult, Command, Outcome
from tradepost.protocols.contract import FROZEN_BY_STATUS, NonceSeen, ResultCode, RetryRule
from tradepost.protocols.freshness import NONCE_KEPT
from tradepost.protocols.http import Request, Response
from tradepost.protocols.result_answer import answer_result, read_result
from tradepost.protocols.signed_url import open_request, sign_request
from tradepost.protocols.text import Text

from .fields import ACTIVITIES
from .requests import dump_command, load_command
from .retries import RESULT_CODES, RETRIES


class LicenseCode:
    """Implements ``SellerProtocol``; see its docstrings. ``instance_id`` of a command is the authorization code.

    ``Body-Sign`` is not documented for this version. Answers carry it; it is optional, but checked if present.
    """

    def __init__(self) -> None:
        self.name = "license_code"
        self.title = Text(en="License 2.0 (authorization code)", zh="License 2.0（授权码）")
        self.key_class = "license"
        self.activities: Mapping[type[Command], str] = ACTIVITIES
        self.prefix = ""
        self.tells_at_once = False
        self.asks_body_sign = False
        self.life = FROZEN_BY_STATUS
        self.retries: Mapping[type[Command], RetryRule] = RETRIES
        self.result_codes: Mapping[str, ResultCode] = RESULT_CODES
        self.nonce_kept: timedelta = NONCE_KEPT

    def encode(self, command: Command, *, address: str, key: str, now: datetime, nonce: str) -> Request:
        return sign_request(dump_command(command), address=address, key=key, now=now, nonce=nonce)

    def decode(self, command: Command, response: Response, *, key: str, require_body_sign: bool = False) -> CallResult:
        del command, require_body_sign
        return read_result(response, key=key, require_body_sign=False)

    def open(self, request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> Command:
        return load_command(open_request(request, key=key, now=now, nonce_seen=nonce_seen, seconds_too=True))

    def answer(self, command: Command | None, outcome: Outcome, *, key: str, nonce: str) -> Response:
        del command, nonce  # every answer has the same form and no random part
        return answer_result(outcome, key=key)


PROTOCOL = LicenseCode()
