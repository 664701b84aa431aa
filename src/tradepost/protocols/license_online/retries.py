"""Retry plan and result codes of the online License, as data (saas-v1-license §B3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from tradepost.protocols.commands import Command, Create, GetLicenseAsync, Refresh, Release, SetStatus
from tradepost.protocols.contract import ResultCode, RetryRule
from tradepost.protocols.text import Text

# §B3: "caller timeout 5 s".
_TWO_HOURS = RetryRule(every=timedelta(minutes=2), give_up_after=timedelta(hours=2), answer_within=timedelta(seconds=5))

# Documented for the first three; the page also prints "3 h" for the refund of newInstance. The others use the same
# plan.
RETRIES: Mapping[type[Command], RetryRule] = {
    Create: _TWO_HOURS,
    Refresh: _TWO_HOURS,
    SetStatus: _TWO_HOURS,
    Release: _TWO_HOURS,
    GetLicenseAsync: replace(_TWO_HOURS, promises=True),
}

_CODES = (
    ("000000", "success", "成功"),
    ("000001", "authentication failed", "鉴权失败"),
    ("000002", "invalid request parameter", "请求参数不合法"),
    ("000003", "the instance id does not exist", "实例ID不存在"),
    ("000004", "the request is being processed", "请求处理中"),
    ("000005", "other internal error", "其它服务内部错误"),
    ("000100", "no instance resource is available for allocation", "无可用实例资源分配"),
    ("000900", "the order's quota of licenses is used up", "当前订单的License额度不足"),
    ("000901", "the time is outside of the order's validity", "不在当前订单的有效期内"),
    ("000902", "a license by period needs an expiry", "包周期License须携带失效时间"),
    ("000903", "the device fingerprint or hardware id is required", "设备指纹或硬件ID不能为空"),
)

RESULT_CODES: Mapping[str, ResultCode] = {code: ResultCode(code, Text(en=en, zh=zh)) for code, en, zh in _CODES}
