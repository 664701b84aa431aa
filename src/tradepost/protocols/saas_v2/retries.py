"""Retry plan and result codes of SaaS 2.0, as data (saas-v2 §3.10, §4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from tradepost.protocols.commands import CheckChange, Command, Create, Query, Refresh, Release, SetStatus, Upgrade
from tradepost.protocols.contract import ResultCode, RetryRule
from tradepost.protocols.text import Text

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)

# The total times are documented. Of the intervals, only newInstance's hour is. The others are this market's choice: six
# attempts within one hour, and one per minute after 000004, since a buyer is waiting.
_ONE_HOUR = RetryRule(every=10 * _MINUTE, give_up_after=_HOUR, poll_every=_MINUTE)

RETRIES: Mapping[type[Command], RetryRule] = {
    Create: RetryRule(every=_HOUR, give_up_after=3 * _HOUR),
    # Documented without an end; limited by the time of the creation that it completes (saas-v2 §11, 17).
    Query: RetryRule(
        every=_MINUTE,
        give_up_after=3 * _HOUR,
        poll_every=_MINUTE,
        first_polls=tuple(timedelta(seconds=seconds) for seconds in (0.3, 1, 2, 5, 10, 30)),
    ),
    Refresh: _ONE_HOUR,
    SetStatus: _ONE_HOUR,
    Release: _ONE_HOUR,
    Upgrade: RetryRule(every=_HOUR, give_up_after=3 * _HOUR, poll_every=_MINUTE),
    # A buyer waits for the answer on the page, so there is no retry.
    CheckChange: RetryRule(every=_MINUTE, give_up_after=timedelta(0)),
}

SUCCESS = "000000"
PROCESSING = "000004"

_CODES = (
    (SUCCESS, "success", "成功"),
    ("000001", "authentication failed", "鉴权失败"),
    ("000002", "invalid request parameter", "请求参数不合法"),
    ("000003", "the instance id does not exist", "实例ID不存在"),
    (PROCESSING, "the request is being processed", "请求处理中"),
    ("000005", "other internal error", "其它服务内部错误"),
    ("000100", "no instance resource is available for allocation", "无可用实例资源分配"),
    ("000101", "the mobile number is empty or already used", "手机号为空或已被使用"),
    ("000102", "the e-mail address is empty or already used", "邮箱为空或已被使用"),
    ("000103", "the product cannot be purchased again", "商品不能重复购买"),
    ("000104", "internal error of the service", "服务内部错误"),
    ("000105", "the account already holds these benefits", "账号已拥有该权益"),
    ("000106", "the product's resources are sold out", "商品资源已售罄"),
    ("000107", "the SaaS e-mail domain already exists", "SaaS邮箱域名已存在"),
)

# All are retryable: the documents end a call by time, never by code (saas-v2 §3.10). The seller may resolve even 000103
# or 000106 within 3 hours, while giving up would refund an order that could still be delivered.
RESULT_CODES: Mapping[str, ResultCode] = {
    code: ResultCode(code, Text(en=en, zh=zh), retryable=True) for code, en, zh in _CODES
}
