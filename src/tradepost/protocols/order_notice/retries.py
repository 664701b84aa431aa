"""Retry plan and result codes of order notifications, as data (saas-v1-license §D1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from tradepost.protocols.commands import Command, NotifyOrder
from tradepost.protocols.contract import ResultCode, RetryRule
from tradepost.protocols.text import Text

RETRIES: Mapping[type[Command], RetryRule] = {
    # business-rules §4.2: "5 s timeout; retried hourly for 3 h". Afterwards the seller may restart it (D1).
    NotifyOrder: RetryRule(
        every=timedelta(hours=1), give_up_after=timedelta(hours=3), answer_within=timedelta(seconds=5)
    ),
}

# Only the first is on the interface's page; the others are those of every interface with this signature.
_CODES = (
    ("000000", "success", "成功"),
    ("000001", "authentication failed", "鉴权失败"),
    ("000002", "invalid request parameter", "请求参数不合法"),
    ("000004", "the request is being processed", "请求处理中"),
    ("000005", "other internal error", "其它服务内部错误"),
)

RESULT_CODES: Mapping[str, ResultCode] = {code: ResultCode(code, Text(en=en, zh=zh)) for code, en, zh in _CODES}
