"""Debug cases of SaaS 1.0: newInstance for each charging mode, refreshInstance for each mode after a trial
(saas-v1-license A2.3, A4)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from tradepost.protocols.cases import ALWAYS, BY_PERIOD, BY_USAGE, Case, Need, Proof
from tradepost.protocols.commands import (
    Command,
    Create,
    Encryption,
    Expire,
    Query,
    Refresh,
    Release,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.secret_fields import derived_iv, encrypt
from tradepost.protocols.text import Text
from tradepost.protocols.wire_fields import Field

from .fields import ACTIVITIES, REQUESTS, SECRETS
from .requests import load_command

TABLES = {
    **REQUESTS,
    # The product selects the strength of the two encrypted fields; a request does not contain it (A1.4).
    Create: (*REQUESTS[Create], Field("encryptType", 1, mandatory=False, values=tuple(Encryption))),
}
_TEMPORARY_KEY = "typed values are sealed for the reader, and at once opened by it"


def read(kind: type[Command], members: Mapping[str, Any]) -> Command:
    """The form has phone and e-mail in plain text; the reader expects them encrypted as on the wire."""
    parameters = {name: str(value) for name, value in members.items()}
    strength = Encryption(parameters.pop("encryptType", Encryption.AES256))
    for name in SECRETS:
        if name in parameters:
            iv = derived_iv(_TEMPORARY_KEY, name)
            parameters[name] = encrypt(parameters[name], key=_TEMPORARY_KEY, iv=iv, encryption=strength)
    extend = parameters.get("saasExtendParams", "")
    if extend.startswith("["):
        parameters["saasExtendParams"] = base64.b64encode(extend.encode()).decode()
    if kind is Create:
        parameters["businessId"] = "made anew for each call"
    return load_command({**parameters, "testFlag": "1"}, key=_TEMPORARY_KEY)


_NEW, _REFRESH = ACTIVITIES[Create], ACTIVITIES[Refresh]
_ONE_TIME_MEMBERS = {"periodType": "", "periodNumber": "", "trialFlag": ""}

CASES = (
    Case(
        kind=Create, activity=_NEW, variant="PERIOD", needs=BY_PERIOD,
        title=Text(en="New purchase by period", zh="新购（包周期）"),
        fixed={"chargingMode": "1", "trialFlag": ""}, mandatory=frozenset({"periodType", "periodNumber", "expireTime"}),
    ),
    Case(
        kind=Create, activity=_NEW, variant="TRIAL", needs=frozenset({Need.TRIAL}),
        title=Text(en="New trial", zh="新购（试用）"),
        fixed={"chargingMode": "1", "trialFlag": "1", "periodType": "day"},
        starts_with={"orderId": "MOCKPERIODDAYTRIAL", "periodNumber": "7", "orderAmount": "0"},
        mandatory=frozenset({"periodNumber", "expireTime"}),
    ),
    Case(
        kind=Create, activity=_NEW, variant="ONE_TIME", needs=frozenset({Need.ONE_TIME}),
        title=Text(en="New purchase once", zh="新购（按次）"),
        fixed={"chargingMode": "3", "expireTime": "", **_ONE_TIME_MEMBERS}, starts_with={"orderId": "MOCKONETIMENEW"},
    ),
    Case(
        kind=Create, activity=_NEW, variant="ON_DEMAND", needs=BY_USAGE,
        title=Text(en="New purchase on demand", zh="新购（按需）"),
        fixed={"chargingMode": "0", **_ONE_TIME_MEMBERS}, starts_with={"orderId": "MOCKONDEMAND", "expireTime": "", "orderAmount": ""},
    ),
    Case(
        kind=Query, activity=ACTIVITIES[Query], needs=BY_USAGE,
        title=Text(en="Query an instance", zh="查询实例"),
    ),
    Case(
        kind=Refresh, activity=_REFRESH, variant="RENEWAL", needs=BY_PERIOD | {Need.TRIAL},
        title=Text(en="Renewal of the same period", zh="续费（周期不变）"),
        fixed={"trialToFormal": "", "productId": ""}, starts_with={"orderId": "MOCKMONTYRENEW"},
    ),
    Case(
        kind=Refresh, activity=_REFRESH, variant="RENEWAL_PRODUCT", needs=frozenset({Need.TRIAL}),
        title=Text(en="Renewal with another period", zh="续费（周期变化）"),
        fixed={"trialToFormal": ""}, starts_with={"orderId": "MOCKMONTYRENEW"}, mandatory=frozenset({"productId"}),
    ),
    Case(
        kind=Refresh, activity=_REFRESH, variant="TRIAL_TO_FORMAL", needs=frozenset({Need.TRIAL}),
        title=Text(en="A trial is bought", zh="试用转正式（不带productId）"),
        fixed={"trialToFormal": "1", "productId": ""}, starts_with={"orderId": "MOCKMONTYTRIALTOFORMAL"},
    ),
    Case(
        kind=Refresh, activity=_REFRESH, variant="TRIAL_TO_FORMAL_PRODUCT", needs=frozenset({Need.TRIAL}),
        title=Text(en="A trial is bought as another product", zh="试用转正式（带productId）"),
        fixed={"trialToFormal": "1"}, starts_with={"orderId": "MOCKMONTYTRIALTOFORMAL"},
        mandatory=frozenset({"productId"}),
    ),
    Case(
        kind=Expire, activity=ACTIVITIES[Expire], needs=BY_PERIOD,
        title=Text(en="An instance expires", zh="实例到期"),
    ),
    Case(
        kind=SetStatus, activity=ACTIVITIES[SetStatus], needs=BY_USAGE,
        title=Text(en="Freeze and unfreeze an instance", zh="资源状态变更"),
    ),
    Case(
        kind=Release, activity=ACTIVITIES[Release], needs=ALWAYS,
        title=Text(en="Release an instance", zh="释放实例"), starts_with={"orderAmount": ""},
    ),
    Case(
        kind=Upgrade, activity=ACTIVITIES[Upgrade], needs=frozenset({Need.UPGRADE}),
        title=Text(en="Upgrade an instance", zh="商品升级"), starts_with={"orderId": "MOCKMONTYCHANGE"},
    ),
)  # fmt: skip

PROOFS = (Proof(name="usage_push", title=Text(en="Usage is pushed", zh="用量推送"), needs=BY_USAGE),)
