"""SMS adapters against a server on loopback that speaks as the providers do, and what a market without SMS says."""

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
from tradepost.market.notifications.deliver_elsewhere import SMS_WAITS, Way, deliver_due
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.notifications.phones import masked, standard_form
from tradepost.market.notifications.sending import Never, NotNow, Sent
from tradepost.market.notifications.sms import Sms, WrongSettings, adapter_names, make_adapter
from tradepost.market.notifications.sms.aliyun import AliyunSms
from tradepost.market.notifications.sms.file import FileSms
from tradepost.market.notifications.sms.huaweicloud import HuaweiSms
from tradepost.market.notifications.tell import Telling, tell_all
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


def answer_of_huawei(code: str = "000000", status: str = "000000") -> bytes:
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


def test_huaweicloud_gets_template_and_variables_signed(web: web_server.Web) -> None:
    """Message & SMS, batchSendSms/v1: from, to, templateId, templateParas, signature, signed with app key and secret."""
    web.body = answer_of_huawei()
    assert huawei(web).send(TEXT) == Sent()
    [posted] = web.received
    form = {name: value for name, [value] in parse_qs(posted.body.decode()).items()}
    [said] = json.loads(form["templateParas"])
    assert (form["from"], form["to"], form["templateId"], form["signature"]) == ("8821", "+8613800138000", "T1", "商埠")
    assert len(said) == 32
    assert said.endswith("…")
    assert posted.path == "/sms/batchSendSms/v1"
    assert "Access=key-id" in posted.headers["authorization"]
    assert huawei(web).send(CODE) == Sent()
    form = {name: value for name, [value] in parse_qs(web.received[-1].body.decode()).items()}
    assert (form["templateId"], json.loads(form["templateParas"])) == ("T3", ["123456"])


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (200, answer_of_huawei("E000510", "E200028"), Never),
        (200, answer_of_huawei("E000000").replace(b"result", b"other"), NotNow),
        (400, b'{"code":"E000001","description":"wrong"}', Never),
        (503, b'{"code":"E000503","description":"busy"}', NotNow),
        (429, b"{}", NotNow),
    ],
)
def test_what_huaweicloud_refuses_for_good_is_not_tried_again(
    web: web_server.Web, status: int, body: bytes, found: type
) -> None:
    web.status, web.body = status, body
    assert isinstance(huawei(web).send(TEXT), found)


def test_aliyun_gets_template_and_variables_signed(web: web_server.Web) -> None:
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
    ("status", "code", "found"),
    [
        (200, "isv.MOBILE_NUMBER_ILLEGAL", Never), (200, "isv.BUSINESS_LIMIT_CONTROL", NotNow), (200, "isp.SYSTEM_ERROR", NotNow),
        (400, "InvalidAccessKeyId.NotFound", Never), (503, "ServiceUnavailable", NotNow), (429, "Throttling.User", NotNow),
    ],
)  # fmt: skip
def test_what_aliyun_refuses_for_good_is_not_tried_again(
    web: web_server.Web, status: int, code: str, found: type
) -> None:
    web.status, web.body = status, json.dumps({"Code": code, "Message": "said"}).encode()
    assert isinstance(aliyun(web).send(TEXT), found)


def test_a_provider_that_is_away_is_tried_again() -> None:
    with web_server.running() as gone:
        pass
    assert isinstance(huawei(gone).send(TEXT), NotNow)
    assert isinstance(aliyun(gone).send(TEXT), NotNow)


def test_each_folder_is_an_adapter_and_what_cannot_be_made_says_why(tmp_path: Path) -> None:
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
    assert isinstance(FileSms(unwritable / "sms").send(TEXT), NotNow)


@pytest.mark.parametrize(
    ("written", "standard"),
    [
        ("138 0013 8000", "+8613800138000"), ("0086 13800138000", "+8613800138000"), ("+44 (0)7400 123456", "+447400123456"),
        ("010-65529988", "+861065529988"), ("12", ""), ("", ""), ("nobody", ""), ("13800138000 ext. 5", ""), ("1" * 33, ""),
    ],
)  # fmt: skip
def test_numbers_are_kept_in_one_form(written: str, standard: str) -> None:
    assert standard_form(written) == standard


def test_a_number_is_shown_as_far_as_its_owner_recognises_it() -> None:
    assert masked("+8613800138000") == "+86138····8000"


# --- sent by a worker ------------------------------------------------------------------------------------------------


def told(*, times: int = 1) -> list[NoticeDelivery]:
    seller = make_seller(member=make_buyer(balance="0", language="en"), contact_phone="13911112222")
    user = seller.members.get().user
    facts = {"address": "https://a.example", "reason": "away"}
    for n in range(times):
        telling = Telling(user=user, kind="seller_breaker_open", facts=facts, once=f"{seller.pk}/{n}", seller=seller.pk)
        tell_all([telling], now=NOW)
    return list(NoticeDelivery.objects.filter(channel="sms").order_by("pk"))


def run(**options: Any) -> int:
    return deliver_due(now=NOW, wall=NOW, way=Way(site=Site("https://market.example"), outbound=SANDBOX, **options))


@pytest.mark.django_db(transaction=True)
def test_a_number_gets_no_more_than_so_many_a_day(settings: Any, tmp_path: Path) -> None:
    settings.SMS = settings.SMS | {"adapter": "file", "folder": str(tmp_path)}
    told(times=4)
    assert run(sms_a_day=3) == 4
    assert list(NoticeDelivery.objects.filter(channel="sms").order_by("pk").values_list("status", "reason")) == [
        *[("sent", "")] * 3,
        ("withheld", "too_many"),
    ]
    assert "Calls to https://a.example are paused: away" in next(tmp_path.iterdir()).read_text(encoding="utf-8")


@pytest.mark.django_db(transaction=True)
def test_settings_that_make_no_adapter_stop_no_worker(settings: Any) -> None:
    settings.SMS = sms("aliyun://k:s@/", sandbox=False)
    told()
    run()
    assert NoticeDelivery.objects.filter(channel="sms").values_list("status", "attempts", "error").get() == (
        "waiting",
        1,
        "TRADEPOST_SMS_URL lacks ?sign=…",
    )


@pytest.mark.django_db(transaction=True)
def test_an_adapter_that_fails_is_tried_again_for_half_a_day_and_one_that_was_taken_away_says_so(
    settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    settings.SMS = settings.SMS | {"adapter": "file", "folder": str(tmp_path / "file")}
    one, two = told(times=2)
    run()
    one.refresh_from_db()
    assert (one.status, one.attempts, one.next_at) == ("waiting", 1, NOW + SMS_WAITS[0])
    assert sum(SMS_WAITS, timedelta()) < timedelta(hours=12)
    settings.SMS = settings.SMS | {"adapter": ""}
    Job.objects.filter(kind="notifications.deliver_sms").update(due_at=NOW)
    run()
    for delivery in (one, two):
        delivery.refresh_from_db()
        assert (delivery.status, delivery.reason) == ("withheld", "channel_unset")
