"""Licenses that a seller's program uploads, group *lifecycle*: requested with getLicenseAsync, received and verified
(saas-v1-license B3, openapi-jointkit §C.7). Only if the run provides the market's endpoints."""

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
    from tradepost.check.market_side import MarketSide, RecordedUpload
    from tradepost.check.target import Target

ARRIVES, ARRIVES_AGAIN, AS_TEXT, AS_FILE = "uploaded", "uploaded.again", "uploaded.as_text", "uploaded.as_file"
CHECK_NAMES = (ARRIVES, ARRIVES_AGAIN, AS_TEXT, AS_FILE)
"""Checks that need the market's endpoints for the seller's program."""
SETTLING_SECONDS = 2.0
"""Seconds to wait for a second upload after a repeated call."""


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
        ARRIVES_AGAIN, topic, _arrives_again,
        Text(en="The same application again brings the same license, or nothing", zh="重复申请时上传相同的License或不再上传"),
        Text(en="never a second license for one eventId", zh="同一eventId不会有第二份License"),
    )  # fmt: skip
    for name, kind, is_file in (
        (AS_TEXT, Text(en="as a text", zh="字符串"), False),
        (AS_FILE, Text(en="as a file", zh="文件流"), True),
    ):
        yield make(
            name, topic, _uploaded_as(is_file=is_file),
            Text(en=f"A license comes {kind.en}", zh=f"License以{kind.zh}方式上传"),
            Text(en="one that is taken; a seller may do with one of both ways", zh="上传成功；商家可以只使用其中一种方式"),
        )  # fmt: skip


def _arrives(caller: Caller) -> None:
    side = caller.market_side
    event = _apply(caller, side)
    uploads = side.arrived(event, within=caller.patience)
    if not uploads:
        patience = caller.patience
        raise Failed(
            "license_not_uploaded",
            Text(en=f"nothing came within {patience:g} s", zh=f"{patience:g}秒内未收到上传"),
        )
    _raise_mistake(uploads)


def _arrives_again(caller: Caller) -> None:
    side = caller.market_side
    command = caller.samples.license(caller.instance(keep=True).instance_id, test=False)
    event = _apply(caller, side, command)
    if not side.arrived(event, within=caller.patience):
        raise Skipped(Text(en="the first one did not come", zh="首次上传未收到"))
    expect_accepted(caller.ask(command), "repeat_refused", Text(en="once more", zh="再次调用"))
    _raise_mistake(
        [
            upload
            for upload in side.arrived(event, number=2, within=SETTLING_SECONDS)
            if upload.mistake == "upload_of_another"
        ]
    )


def _uploaded_as(*, is_file: bool) -> Body:
    def body(caller: Caller) -> None:
        side = caller.market_side
        if not any(upload.is_file is is_file for upload in side.all_arrived() if not upload.mistake):
            side.arrived(_apply(caller, side), within=caller.patience)
        if not any(upload.is_file is is_file for upload in side.all_arrived() if not upload.mistake):
            raise Skipped(Text(en="none of this seller's licenses came so", zh="该商家的License没有以此方式上传"))

    return body


def _apply(caller: Caller, side: MarketSide, command: GetLicenseAsync | None = None) -> str:
    """Return the event of an accepted application."""
    command = command or caller.samples.license(caller.instance(keep=True).instance_id, test=False)
    side.expect(command.event_id)
    answer = ask_for_license(caller, command)
    if not answer.accepted:
        need_license(caller)
        description = answer.describe()
        raise Skipped(
            Text(en=f"the application is refused ({description.en})", zh=f"License申请被拒绝（{description.zh}）")
        )
    return command.event_id


def _raise_mistake(uploads: list[RecordedUpload]) -> None:
    for upload in uploads:
        if upload.mistake:
            raise Failed(upload.mistake, upload.seen)
