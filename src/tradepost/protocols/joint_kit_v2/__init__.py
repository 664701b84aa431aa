"""Joint-operation kit, second generation: five calls that synchronise a seller's tenants and users (openapi-jointkit
§A)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tradepost.protocols.commands import CallResult, Command, Outcome
from tradepost.protocols.contract import Life, NonceSeen, ResultCode, RetryRule
from tradepost.protocols.freshness import NONCE_KEPT
from tradepost.protocols.http import Request, Response
from tradepost.protocols.result_answer import answer_result, read_result
from tradepost.protocols.sync_paths import OPERATIONS, extend_address, operation
from tradepost.protocols.text import Text

from .fields import PREFIX
from .requests import dump_command, load_command
from .retries import RESULT_CODES, RETRIES
from .signing import open_request, sign_request


class JointKitV2:
    """Implements ``SellerProtocol``; see its docstrings. ``activities`` are the last parts of the paths."""

    def __init__(self) -> None:
        self.name = "joint_kit_v2"
        self.title = Text(en="Joint-operation kit 2.0", zh="联营kit 2.0")
        self.key_class = "kit"
        self.activities: Mapping[type[Command], str] = OPERATIONS
        self.prefix = PREFIX
        self.tells_at_once = False
        self.asks_body_sign = True
        self.life = Life()
        self.retries: Mapping[type[Command], RetryRule] = RETRIES
        self.result_codes: Mapping[str, ResultCode] = RESULT_CODES
        self.nonce_kept: timedelta = NONCE_KEPT

    def encode(self, command: Command, *, address: str, key: str, now: datetime, nonce: str) -> Request:
        members = dump_command(command, now)
        url = extend_address(address, f"{PREFIX}{OPERATIONS[type(command)]}")
        return sign_request(members, url=url, key=key, now=now, nonce=nonce)

    def decode(self, command: Command, response: Response, *, key: str, require_body_sign: bool = True) -> CallResult:
        del command
        return read_result(response, key=key, require_body_sign=require_body_sign)

    def open(self, request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen) -> Command:
        kind = operation(request, PREFIX)
        return load_command(kind, open_request(request, key=key, now=now, nonce_seen=nonce_seen))

    def answer(self, command: Command | None, outcome: Outcome, *, key: str, nonce: str) -> Response:
        del command, nonce  # every answer has the same form and no random part
        return answer_result(outcome, key=key)


PROTOCOL = JointKitV2()
