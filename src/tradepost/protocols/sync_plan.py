"""Retry plan and result codes of the joint-operation calls of both generations, as data (openapi-jointkit §A.4, §A.5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from .commands import Command
from .contract import ResultCode, RetryRule
from .sync_paths import OPERATIONS
from .text import Text

# Each call is sent once: after a failure the market creates a new one with the current data.
_NO_RETRY = RetryRule(every=timedelta(minutes=1), give_up_after=timedelta(0))

RETRIES: Mapping[type[Command], RetryRule] = dict.fromkeys(OPERATIONS, _NO_RETRY)

_CODES = (
    ("000000", "success", "成功"),
    ("000001", "authentication failed", "鉴权失败"),
    ("000002", "invalid request parameter", "请求参数不合法"),
    ("000003", "the instance id does not exist", "实例ID不存在"),
    ("000004", "the request is being processed", "请求处理中"),
    ("000005", "other internal error", "其它服务内部错误"),
    ("000100", "no instance resource is available for allocation", "无可用实例资源分配"),
    (
        "000101",
        "the secret cannot be decrypted, or the mobile number is empty or already used",
        "密钥无法解密，或手机号为空或已被使用",
    ),
    ("000102", "the e-mail address is empty or already used", "邮箱为空或已被使用"),
    ("000103", "the product cannot be purchased again", "商品不能重复购买"),
    ("000104", "internal error of the service", "服务内部错误"),
    ("000105", "the account already holds these benefits", "账号已拥有该权益"),
    ("000106", "the product's resources are sold out", "商品资源已售罄"),
    ("000107", "the SaaS e-mail domain already exists", "SaaS邮箱域名已存在"),
    ("000900", "the order's quota of licenses is used up", "当前订单的License额度不足"),
    ("000901", "the time is outside of the order's validity", "不在当前订单的有效期内"),
    ("000902", "a license by period needs an expiry", "包周期License须携带失效时间"),
    ("000903", "the device fingerprint or hardware id is required", "设备指纹或硬件ID不能为空"),
)

RESULT_CODES: Mapping[str, ResultCode] = {code: ResultCode(code, Text(en=en, zh=zh)) for code, en, zh in _CODES}
