"""Licenses that a seller's program brings to the market, group *lifecycle*: asked for with getLicenseAsync, awaited, looked at
(saas-v1-license B3, openapi-jointkit §C.7). Only where the run has a market of its own to which they can come.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import expect_accepted
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped
from tradepost.protocols.commands import Create, GetLicenseAsync
from tradepost.protocols.text import Text

from .ending import need_license
from .licenses import ask_for_license

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.market_side import Arrived, MarketSide
    from tradepost.check.target import Target

ARRIVES, AGAIN, AS_TEXT, AS_FILE = "uploaded", "uploaded.again", "uploaded.as_text", "uploaded.as_file"
NAMES = (ARRIVES, AGAIN, AS_TEXT, AS_FILE)
"""Checks that need a market which the seller's program calls."""
SETTLING = 2.0
"""Seconds in which a program that uploads once more for a repeat has done so."""


@check_factory
def uploads(target: Target) -> Iterable[Check]:
    if not target.has(Create, GetLicenseAsync):
        return
    topic = target.activity(GetLicenseAsync)
    make = CheckBuilder(target, "lifecycle")
    yield make(
        ARRIVES, topic, _arrives,
        Text(en="A license that was promised is uploaded", zh="承诺的License已上传"),
        Text(en="for the eventId, signed with AK/SK, as the documented form; the market answers CBC.0000",
             zh="按eventId上传，使用AK/SK签名，符合文档中的表单，云商店返回CBC.0000"),
    )  # fmt: skip
    yield make(
        AGAIN, topic, _arrives_again,
        Text(en="The same application again brings the same license, or nothing", zh="重复申请时上传相同的License或不再上传"),
        Text(en="never a second license for one eventId", zh="同一eventId不会有第二份License"),
    )  # fmt: skip
    for name, kind, is_file in (
        (AS_TEXT, Text(en="as a text", zh="字符串"), False),
        (AS_FILE, Text(en="as a file", zh="文件流"), True),
    ):
        yield make(
            name, topic, _came_as(is_file=is_file),
            Text(en=f"A license comes {kind.en}", zh=f"License以{kind.zh}方式上传"),
            Text(en="one that is taken; a seller may do with one of both ways", zh="上传成功；商家可以只使用其中一种方式"),
        )  # fmt: skip


def _arrives(caller: Caller) -> None:
    side = caller.market_side
    event = _applied(caller, side)
    came = side.arrived(event, within=caller.patience)
    if not came:
        waited = caller.patience
        raise Failed(
            "license_not_uploaded",
            Text(en=f"nothing came within {waited:g} s", zh=f"{waited:g}秒内未收到上传"),
        )
    _refuse(came)


def _arrives_again(caller: Caller) -> None:
    side = caller.market_side
    command = caller.samples.license(caller.instance(keep=True).instance_id, test=False)
    event = _applied(caller, side, command)
    if not side.arrived(event, within=caller.patience):
        raise Skipped(Text(en="the first one did not come", zh="首次上传未收到"))
    expect_accepted(caller.ask(command), "repeat_refused", Text(en="once more", zh="再次调用"))
    _refuse([one for one in side.arrived(event, number=2, within=SETTLING) if one.mistake == "upload_of_another"])


def _came_as(*, is_file: bool) -> Body:
    def body(caller: Caller) -> None:
        side = caller.market_side
        if not any(one.is_file is is_file for one in side.all_arrived() if not one.mistake):
            side.arrived(_applied(caller, side), within=caller.patience)
        if not any(one.is_file is is_file for one in side.all_arrived() if not one.mistake):
            raise Skipped(Text(en="none of this seller's licenses came so", zh="该商家的License没有以此方式上传"))

    return body


def _applied(caller: Caller, side: MarketSide, command: GetLicenseAsync | None = None) -> str:
    """The event of an application that was accepted."""
    command = command or caller.samples.license(caller.instance(keep=True).instance_id, test=False)
    side.expect(command.event_id)
    answer = ask_for_license(caller, command)
    if not answer.accepted:
        need_license(caller)
        told = answer.describe()
        raise Skipped(Text(en=f"the application is refused ({told.en})", zh=f"License申请被拒绝（{told.zh}）"))
    return command.event_id


def _refuse(came: list[Arrived]) -> None:
    for one in came:
        if one.mistake:
            raise Failed(one.mistake, one.seen)
