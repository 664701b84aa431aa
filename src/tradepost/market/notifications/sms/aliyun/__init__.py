"""SMS by Alibaba Cloud's Short Message Service, with its own SDK (package ``alibabacloud-dysmsapi20170525``).

``aliyun://<access key id>:<access key secret>@dysmsapi.aliyuncs.com/?sign=…&template=…&code_template=…``: the name of the
signature and the codes of two approved templates, with the variable ``text`` (what happened) and ``code``. ``template_en`` and
``code_template_en`` may name other ones for readers of English, ``longest`` how long a variable may be (35).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tradepost.market.base.authorities import bundle_file
from tradepost.market.notifications.sending import PermanentFailure, Sent, TemporaryFailure
from tradepost.market.notifications.sms import Sms, option, shorten

SUCCESS_CODE = "OK"
RETRYABLE_CODES = (
    "isp.",
    "Throttling",
    "isv.BUSINESS_LIMIT_CONTROL",
    "isv.AMOUNT_NOT_ENOUGH",
    "isv.OUT_OF_SERVICE",
    "ServiceUnavailable",
)
"""Codes after which another try may work."""
TIMEOUT_MILLISECONDS = 10_000
DEFAULT_HOST = "dysmsapi.aliyuncs.com"


class AliyunSms:
    """``endpoint``: host and port; ``protocol``: https but in tests."""

    def __init__(self, settings: Mapping[str, Any], *, endpoint: str, protocol: str = "https") -> None:
        from alibabacloud_dysmsapi20170525.client import Client
        from alibabacloud_tea_openapi import utils_models

        self._client = Client(
            utils_models.Config(
                access_key_id=settings["key"], access_key_secret=settings["secret"], endpoint=endpoint, protocol=protocol,
                connect_timeout=TIMEOUT_MILLISECONDS, read_timeout=TIMEOUT_MILLISECONDS,
                ca=bundle_file(settings.get("authorities", "")) or None,
            )
        )  # fmt: skip
        self._sign = option(settings, "sign")
        self._template, self._code_template = option(settings, "template"), option(settings, "code_template")
        self._english = {
            self._template: settings["options"].get("template_en", self._template),
            self._code_template: settings["options"].get("code_template_en", self._code_template),
        }
        self._longest = int(settings["options"].get("longest", 35))

    def send(self, message: Sms) -> Sent | TemporaryFailure | PermanentFailure:
        from alibabacloud_dysmsapi20170525.models import SendSmsRequest

        template = self._code_template if message.code else self._template
        parameters = {"code": message.code} if message.code else {"text": shorten(message.text, self._longest)}
        request = SendSmsRequest(
            phone_numbers=message.phone.removeprefix("+86").removeprefix("+"), sign_name=self._sign,
            template_code=self._english[template] if message.english else template,
            template_param=json.dumps(parameters, ensure_ascii=False), out_id=str(message.delivery),
        )  # fmt: skip
        try:
            answer = self._client.send_sms(request).body
        except Exception as error:  # noqa: BLE001  # the SDK has a dozen of them, and none may stop the others' messages
            code = str(getattr(error, "code", "") or type(error).__name__)
            return (
                result_of(code, str(getattr(error, "message", "") or error))
                if "." in code
                else TemporaryFailure(f"{code}: {error}")
            )
        return result_of(answer.code or "", answer.message or "")


def result_of(code: str, words: str) -> Sent | TemporaryFailure | PermanentFailure:
    if code == SUCCESS_CODE:
        return Sent()
    reason = f"{code} {words}".strip()
    return TemporaryFailure(reason) if code.startswith(RETRYABLE_CODES) else PermanentFailure(reason)


def make(settings: Mapping[str, Any]) -> AliyunSms:
    port = f":{settings['port']}" if settings["port"] else ""
    return AliyunSms(settings, endpoint=f"{settings['host'] or DEFAULT_HOST}{port}")
