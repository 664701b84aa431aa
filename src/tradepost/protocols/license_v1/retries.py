"""Retry plan and result codes of License 1.0, as data (saas-v1-license B1, A3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from tradepost.protocols.commands import Command, Create, Expire, Refresh, Release
from tradepost.protocols.contract import ResultCode, RetryRule
from tradepost.protocols.text import Text

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)

_ONE_CALL = RetryRule(every=_MINUTE, give_up_after=timedelta(0))

RETRIES: Mapping[type[Command], RetryRule] = {
    # The poll interval after 000004 is this market's choice, since a buyer is waiting. After three hours the order is
    # not refunded.
    Create: RetryRule(every=_HOUR, give_up_after=3 * _HOUR, poll_every=10 * _MINUTE, keeps_order=True),
    Refresh: _ONE_CALL,
    Expire: _ONE_CALL,
    Release: _ONE_CALL,
}

_CODES = (
    ("000000", "success", "成功"),
    ("000001", "authentication failed", "鉴权失败"),
    ("000002", "illegal request parameter", "请求参数不合法"),
    ("000003", "the instance id does not exist", "实例ID不存在"),
    ("000004", "the request is in progress", "请求处理中"),
    ("000005", "other internal error", "其它服务内部错误"),
)

# All are retryable: the documents end a call by time or count, never by code.
RESULT_CODES: Mapping[str, ResultCode] = {
    code: ResultCode(code, Text(en=en, zh=zh), retryable=True) for code, en, zh in _CODES
}
