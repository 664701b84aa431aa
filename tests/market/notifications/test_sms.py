"""SMS adapters against a loopback server that follows the providers' APIs, and a market without SMS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.factories import NOW, make_buyer, make_seller
from tests.market.notifications import web_server
from tradepost.market.base.models import Job
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.notifications.compose import Site
from tradepost.market.notifications.deliver_elsewhere import SMS_RETRY_DELAYS, DeliverySettings, deliver_due
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.notifications.phones import masked, standard_form
from tradepost.market.notifications.sending import PermanentFailure, Sent, TemporaryFailure
from tradepost.market.notifications.sms import Sms, WrongSettings, adapter_names, make_adapter
from tradepost.market.notifications.sms.aliyun import AliyunSms
from tradepost.market.notifications.sms.file import FileSms
from tradepost.market.notifications.sms.huaweicloud import HuaweiSms
from tradepost.market.notifications.tell import AddressedNotice, send_notices
from tradepost.market.settings import sms

OPTIONS = {
    "sender": "8821",
    "template": "T1",
    "code_template": "T2",
    "code_template_en": "T3",
    "signature": "商埠",
    "sign": "商埠",
}
SETTINGS = {"key": "key-id", "secret": "the-secret", "options": OPTIONS}
TEXT = Sms(delivery=7, phone="+8613800138000", language="zh-hans", text="“云笺”的接口异常，" * 8, whole="…")
CODE = Sms(delivery=8, phone="+447400123456", language="en", code="123456", whole="…")


@pytest.fixture
def web() -> Iterator[web_server.Web]:
    with web_server.running() as running:
        yield running


def huawei(web: web_server.Web) -> HuaweiSms:
    return HuaweiSms(SETTINGS, endpoint=web.url)


def aliyun(web: web_server.Web) -> AliyunSms:
    return AliyunSms(SETTINGS, endpoint=web.url.removeprefix("http://"), protocol="http")


def huawei_response(code: str = "000000", status: str = "000000") -> bytes:
    result = [
        {
            "originTo": "x",
            "createTime": "",
            "from": "8821",
            "smsMsgId": "id",
            "status": status,
            "countryId": "CN",
            "total": 1,
        }
    ]
    return json.dumps({"code": code, "description": "said", "result": result}).encode()


def test_huaweicloud_receives_signed_template_and_variables(web: web_server.Web) -> None:
    """Message & SMS, batchSendSms/v1: from, to, templateId, templateParas, signature, signed with app key and secret."""
    web.body = huawei_response()
    assert huawei(web).send(TEXT) == Sent()
    [posted] = web.received
    form = {name: value for name, [value] in parse_qs(posted.body.decode()).items()}
    [text] = json.loads(form["templateParas"])
    assert (form["from"], form["to"], form["templateId"], form["signature"]) == ("8821", "+8613800138000", "T1", "商埠")
    assert len(text) == 32
    assert text.endswith("…")
    assert posted.path == "/sms/batchSendSms/v1"
    assert "Access=key-id" in posted.headers["authorization"]
    assert huawei(web).send(CODE) == Sent()
    form = {name: value for name, [value] in parse_qs(web.received[-1].body.decode()).items()}
    assert (form["templateId"], json.loads(form["templateParas"])) == ("T3", ["123456"])


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, huawei_response("E000510", "E200028"), PermanentFailure),
        (200, huawei_response("E000000").replace(b"result", b"other"), TemporaryFailure),
        (400, b'{"code":"E000001","description":"wrong"}', PermanentFailure),
        (503, b'{"code":"E000503","description":"busy"}', TemporaryFailure),
        (429, b"{}", TemporaryFailure),
    ],
)
def test_permanent_refusals_of_huaweicloud_are_not_retried(
    web: web_server.Web, status: int, body: bytes, outcome: type
) -> None:
    web.status, web.body = status, body
    assert isinstance(huawei(web).send(TEXT), outcome)


def test_aliyun_receives_signed_template_and_variables(web: web_server.Web) -> None:
    """SendSms of Short Message Service 2017-05-25."""
    web.body = b'{"Code":"OK","Message":"OK","BizId":"1","RequestId":"2"}'
    assert aliyun(web).send(TEXT) == Sent()
    [posted] = web.received
    query = {name: value for name, [value] in parse_qs(urlsplit(posted.path).query).items()}
    assert (query["PhoneNumbers"], query["SignName"], query["TemplateCode"]) == ("13800138000", "商埠", "T1")
    assert len(json.loads(query["TemplateParam"])["text"]) == 35
    assert posted.headers["x-acs-action"] == "SendSms"
    assert "Credential=key-id" in posted.headers["authorization"]
    assert aliyun(web).send(CODE) == Sent()
    query = {name: value for name, [value] in parse_qs(urlsplit(web.received[-1].path).query).items()}
    assert (query["PhoneNumbers"], query["TemplateCode"], query["TemplateParam"]) == (
        "447400123456",
        "T3",
        '{"code": "123456"}',
    )


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (200, "isv.MOBILE_NUMBER_ILLEGAL", PermanentFailure), (200, "isv.BUSINESS_LIMIT_CONTROL", TemporaryFailure), (200, "isp.SYSTEM_ERROR", TemporaryFailure),
        (400, "InvalidAccessKeyId.NotFound", PermanentFailure), (503, "ServiceUnavailable", TemporaryFailure), (429, "Throttling.User", TemporaryFailure),
    ],
)  # fmt: skip
def test_permanent_refusals_of_aliyun_are_not_retried(
    web: web_server.Web, status: int, code: str, outcome: type
) -> None:
    web.status, web.body = status, json.dumps({"Code": code, "Message": "said"}).encode()
    assert isinstance(aliyun(web).send(TEXT), outcome)


def test_unreachable_provider_is_retried() -> None:
    with web_server.running() as stopped_server:
        pass
    assert isinstance(huawei(stopped_server).send(TEXT), TemporaryFailure)
    assert isinstance(aliyun(stopped_server).send(TEXT), TemporaryFailure)


def test_adapters_are_found_by_folder_and_invalid_settings_are_refused(tmp_path: Path) -> None:
    assert adapter_names() == {"file", "huaweicloud", "aliyun"}
    assert isinstance(make_adapter(sms("", sandbox=True)), FileSms)
    assert make_adapter(sms("", sandbox=False)) is None
    assert isinstance(make_adapter(sms("aliyun://k:s@/?sign=a&template=b&code_template=c", sandbox=False)), AliyunSms)
    assert isinstance(
        make_adapter(sms("huaweicloud://k:s@/?sender=a&template=b&code_template=c", sandbox=False)), HuaweiSms
    )
    for url in ("aliyun://k:s@h/", "huaweicloud://k:s@h/?sender=1", "pigeon://k:s@h/"):
        with pytest.raises(WrongSettings):
            make_adapter(sms(url, sandbox=False))
    unwritable = tmp_path / "file"
    unwritable.write_text("")
    assert isinstance(FileSms(unwritable / "sms").send(TEXT), TemporaryFailure)


@pytest.mark.parametrize(
    ("entered", "standard"),
    [
        ("138 0013 8000", "+8613800138000"), ("0086 13800138000", "+8613800138000"), ("+44 (0)7400 123456", "+447400123456"),
        ("010-65529988", "+861065529988"), ("12", ""), ("", ""), ("nobody", ""), ("13800138000 ext. 5", ""), ("1" * 33, ""),
    ],
)  # fmt: skip
def test_phone_numbers_are_normalised(entered: str, standard: str) -> None:
    assert standard_form(entered) == standard


def test_phone_number_is_masked() -> None:
    assert masked("+8613800138000") == "+86138····8000"


# --- delivery by a worker ---------------------------------------------------------------------------------------------


def make_sms(*, times: int = 1) -> list[NoticeDelivery]:
    seller = make_seller(member=make_buyer(balance="0", language="en"), contact_phone="13911112222")
    user = seller.members.get().user
    facts = {"address": "https://a.example", "reason": "away"}
    for n in range(times):
        telling = AddressedNotice(
            user=user, kind="seller_breaker_open", facts=facts, once=f"{seller.pk}/{n}", seller=seller.pk
        )
        send_notices([telling], now=NOW)
    return list(NoticeDelivery.objects.filter(channel="sms").order_by("pk"))


def run(**options: Any) -> int:
    return deliver_due(
        now=NOW, wall=NOW, way=DeliverySettings(site=Site("https://market.example"), outbound=SANDBOX, **options)
    )


@pytest.mark.django_db(transaction=True)
def test_messages_per_number_and_day_are_limited(settings: Any, tmp_path: Path) -> None:
    settings.SMS = settings.SMS | {"adapter": "file", "folder": str(tmp_path)}
    make_sms(times=4)
    assert run(sms_a_day=3) == 4
    assert list(NoticeDelivery.objects.filter(channel="sms").order_by("pk").values_list("status", "reason")) == [
        *[("sent", "")] * 3,
        ("withheld", "too_many"),
    ]
    assert "Calls to https://a.example are paused: away" in next(tmp_path.iterdir()).read_text(encoding="utf-8")


@pytest.mark.django_db(transaction=True)
def test_invalid_adapter_settings_do_not_stop_the_worker(settings: Any) -> None:
    settings.SMS = sms("aliyun://k:s@/", sandbox=False)
    make_sms()
    run()
    assert NoticeDelivery.objects.filter(channel="sms").values_list("status", "attempts", "error").get() == (
        "waiting",
        1,
        "TRADEPOST_SMS_URL lacks ?sign=…",
    )


@pytest.mark.django_db(transaction=True)
def test_failing_adapter_is_retried_and_a_removed_one_withholds_the_message(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.SMS = settings.SMS | {"adapter": "file", "folder": str(tmp_path / "file")}
    first, second = make_sms(times=2)
    run()
    first.refresh_from_db()
    assert (first.status, first.attempts, first.next_at) == ("waiting", 1, NOW + SMS_RETRY_DELAYS[0])
    assert sum(SMS_RETRY_DELAYS, timedelta()) < timedelta(hours=12)
    settings.SMS = settings.SMS | {"adapter": ""}
    Job.objects.filter(kind="notifications.deliver_sms").update(due_at=NOW)
    run()
    for delivery in (first, second):
        delivery.refresh_from_db()
        assert (delivery.status, delivery.reason) == ("withheld", "channel_unset")
