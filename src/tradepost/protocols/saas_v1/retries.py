"""Retry plan and result codes of SaaS 1.0, as data (saas-v1-license A6, A3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from tradepost.protocols.commands import Command, Create, Expire, Query, Refresh, Release, SetStatus, Upgrade
from tradepost.protocols.contract import ResultCode, RetryRule
from tradepost.protocols.text import Text

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)

# The total times are documented. Of the intervals, only the hour within the three hours is, on older pages. The others
# are this market's choice: six attempts within one hour, and more frequent ones after 000004, since a buyer is waiting.
_ONE_HOUR = RetryRule(every=10 * _MINUTE, give_up_after=_HOUR, poll_every=_MINUTE)
_THREE_HOURS = RetryRule(every=_HOUR, give_up_after=3 * _HOUR, poll_every=10 * _MINUTE)

RETRIES: Mapping[type[Command], RetryRule] = {
    Create: _THREE_HOURS,
    # Sent when a buyer opens the page; no retry is documented.
    Query: _ONE_HOUR,
    Refresh: _ONE_HOUR,
    Expire: _ONE_HOUR,
    SetStatus: _ONE_HOUR,
    Release: _ONE_HOUR,
    Upgrade: _THREE_HOURS,
}

_CODES = (
    ("000000", "success", "成功"),
    ("000001", "authentication failed", "鉴权失败"),
    ("000002", "illegal request parameter", "请求参数不合法"),
    ("000003", "the instance id does not exist", "实例ID不存在"),
    ("000004", "the request is in progress", "请求处理中"),
    ("000005", "other internal error", "其它服务内部错误"),
    ("000100", "no instance resource is available for allocation", "无可用实例资源分配"),
    ("000101", "the mobile number is missing or already used", "手机号为空或已被使用"),
    ("000102", "the e-mail address is missing or already used", "邮箱为空或已被使用"),
    ("000103", "the product cannot be bought twice", "商品不能重复购买"),
    ("000104", "internal error of the product's service", "商品服务内部错误"),
    ("000105", "the account already has the benefit", "账号已拥有该权益"),
    ("000106", "sold out", "商品已售罄"),
    ("000107", "the SaaS mail domain already exists", "SaaS邮箱域名已存在"),
)

# All are retryable: the documents end a call by time, never by code (saas-v1-license A6).
RESULT_CODES: Mapping[str, ResultCode] = {
    code: ResultCode(code, Text(en=en, zh=zh), retryable=True) for code, en, zh in _CODES
}
