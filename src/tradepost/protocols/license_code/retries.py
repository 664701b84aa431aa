"""Retry plan and result codes of calls about authorization codes, as data (saas-v1-license §B2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from tradepost.protocols.commands import Command, Refresh, Release, SetStatus
from tradepost.protocols.contract import ResultCode, RetryRule
from tradepost.protocols.text import Text

_PAUSE = timedelta(minutes=2)
_SIXTY_RETRIES = RetryRule(every=_PAUSE, give_up_after=60 * _PAUSE)

RETRIES: Mapping[type[Command], RetryRule] = {
    Refresh: _SIXTY_RETRIES,
    SetStatus: _SIXTY_RETRIES,
    Release: _SIXTY_RETRIES,
}

_CODES = (
    ("000000", "success", "成功"),
    ("000001", "authentication failed", "鉴权失败"),
    ("000002", "invalid request parameter", "请求参数不合法"),
    ("000003", "the authorization code does not exist", "授权码不存在"),
    ("000004", "the request is being processed", "请求处理中"),
    ("000005", "other internal error", "其它服务内部错误"),
)

RESULT_CODES: Mapping[str, ResultCode] = {code: ResultCode(code, Text(en=en, zh=zh)) for code, en, zh in _CODES}
