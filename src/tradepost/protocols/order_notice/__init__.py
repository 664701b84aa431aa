"""Order notification: tells the seller of any kind of product about an order, which the seller then queries
(saas-v1-license §D)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tradepost.protocols.commands import CallResult, Command, Outcome
from tradepost.protocols.contract import Life, NonceSeen, ResultCode, RetryRule
from tradepost.protocols.freshness import NONCE_KEPT
from tradepost.protocols.http import Request, Response
from tradepost.protocols.result_answer import answer_result, read_result
from tradepost.protocols.signed_url import open_request, sign_request
from tradepost.protocols.text import Text

from .fields import ACTIVITIES
from .requests import HEADERS, dump_command, load_command
from .retries import RESULT_CODES, RETRIES


class OrderNotice:
    """Implements ``SellerProtocol``; see its docstrings.

    ``Body-Sign`` is not documented for this interface. Answers carry it; it is optional, but checked if present.
    """

    def __init__(self) -> None:
        self.name = "order_notice"
        self.title = Text(en="Order notification", zh="订单通知")
        self.key_class = "notice"
        self.activities: Mapping[type[Command], str] = ACTIVITIES
        self.prefix = ""
        self.tells_at_once = False
        self.asks_body_sign = False
        self.life = Life()
        self.retries: Mapping[type[Command], RetryRule] = RETRIES
        self.result_codes: Mapping[str, ResultCode] = RESULT_CODES
        self.nonce_kept: timedelta = NONCE_KEPT

    def encode(self, command: Command, *, address: str, key: str, now: datetime, nonce: str) -> Request:
        members = dump_command(command)
        return sign_request(members, address=address, key=key, now=now, nonce=nonce, headers=HEADERS)

    def decode(self, command: Command, response: Response, *, key: str, require_body_sign: bool = False) -> CallResult:
        del command, require_body_sign
        return read_result(response, key=key, require_body_sign=False)

    def open(self, request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> Command:
        return load_command(open_request(request, key=key, now=now, nonce_seen=nonce_seen, seconds_too=True))

    def answer(self, command: Command | None, outcome: Outcome, *, key: str, nonce: str) -> Response:
        del command, nonce  # every answer has the same form and no random part
        return answer_result(outcome, key=key)


PROTOCOL = OrderNotice()
