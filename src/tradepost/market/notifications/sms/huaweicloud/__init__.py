"""SMS by Huawei Cloud's Message & SMS, with its own SDK (package ``huaweicloudsdksmsapi``).

``huaweicloud://<app key>:<app secret>@smsapi.cn-north-4.myhuaweicloud.com/?sender=…&template=…&code_template=…&signature=…``:
the application's key and secret, the channel of its signature, the ids of two approved templates with one variable each
(``${1}``: what happened; ``${1}``: a code), and the signature's name. ``template_en`` and ``code_template_en`` may name other
ones for readers of English, ``longest`` how long a variable may be (32).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tradepost.market.base.authorities import bundle_file
from tradepost.market.notifications.sending import PermanentFailure, Sent, TemporaryFailure
from tradepost.market.notifications.sms import Sms, option, shorten

SUCCESS_CODE = "000000"
PARTIAL_FAILURE_CODE = "E000510"
TIMEOUT_SECONDS = 10
DEFAULT_HOST = "smsapi.cn-north-4.myhuaweicloud.com"


class HuaweiSms:
    """``endpoint``: with its scheme and without a path."""

    def __init__(self, settings: Mapping[str, Any], *, endpoint: str) -> None:
        from huaweicloudsdkcore.http.http_config import HttpConfig
        from huaweicloudsdksmsapi.v1 import SMSApiClient
        from huaweicloudsdksmsapi.v1.smsapi_credentials import SMSApiCredentials

        keys = SMSApiCredentials(settings["key"], settings["secret"])
        bounds = HttpConfig(
            timeout=(TIMEOUT_SECONDS, TIMEOUT_SECONDS),
            retry_times=0,
            ssl_ca_cert=bundle_file(settings.get("authorities", "")) or None,
        )
        builder = SMSApiClient.new_builder().with_credentials(keys).with_endpoint(endpoint).with_http_config(bounds)
        self._client = builder.build()
        self._sender, self._signature = option(settings, "sender"), settings["options"].get("signature", "")
        self._template, self._code_template = option(settings, "template"), option(settings, "code_template")
        self._english = {
            self._template: settings["options"].get("template_en", self._template),
            self._code_template: settings["options"].get("code_template_en", self._code_template),
        }
        self._longest = int(settings["options"].get("longest", 32))

    def send(self, message: Sms) -> Sent | TemporaryFailure | PermanentFailure:
        from huaweicloudsdkcore.exceptions.exceptions import ConnectionException, ServiceResponseException
        from huaweicloudsdksmsapi.v1 import BatchSendSmsRequest, BatchSendSmsRequestBody

        template = self._code_template if message.code else self._template
        parameter = message.code or shorten(message.text, self._longest)
        body = BatchSendSmsRequestBody(
            _from=self._sender, to=message.phone, template_id=self._english[template] if message.english else template,
            template_paras=json.dumps([parameter], ensure_ascii=False), signature=self._signature or None,
        )  # fmt: skip
        try:
            answer = self._client.batch_send_sms(BatchSendSmsRequest(body=body))
        except ServiceResponseException as refused:
            reason = f"{refused.status_code} {refused.error_code} {refused.error_msg}"
            return (
                TemporaryFailure(reason)
                if refused.status_code >= 500 or refused.status_code == 429
                else PermanentFailure(reason)
            )
        except (ConnectionException, OSError) as error:
            return TemporaryFailure(f"{type(error).__name__}: {error}")
        return result_of(answer)


def result_of(answer: Any) -> Sent | TemporaryFailure | PermanentFailure:
    """The whole request has a code, and each number has one."""
    first_result = answer.result[0] if answer.result else None
    if first_result is not None and first_result.status != SUCCESS_CODE:
        return PermanentFailure(f"{first_result.status} {answer.description or ''}".strip())
    if answer.code in {SUCCESS_CODE, PARTIAL_FAILURE_CODE}:
        return Sent()
    return TemporaryFailure(f"{answer.code} {answer.description or ''}".strip())


def make(settings: Mapping[str, Any]) -> HuaweiSms:
    port = f":{settings['port']}" if settings["port"] else ""
    return HuaweiSms(settings, endpoint=f"https://{settings['host'] or DEFAULT_HOST}{port}")
