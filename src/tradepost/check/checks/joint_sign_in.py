"""Joint-operation kit, groups *lifecycle*, *shape* and *secrets*: what decides who may sign in, and with which secret (openapi-jointkit §A.5 to
§A.7).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from tradepost.check.answers import expect_accepted, expect_success, failed, readable
from tradepost.check.definition import Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Skipped, Warned
from tradepost.check.samples import UNREADABLE
from tradepost.protocols.sync_commands import SyncApplication, SyncAuth, SyncFlag, SyncOrg, SyncTenant
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

NEITHER = "maybe"


@check_factory
def checks(target: Target) -> Iterable[Check]:
    if not target.has(SyncTenant, SyncApplication, SyncAuth, SyncOrg):
        return
    yield CheckBuilder(target, "secrets")(
        "client_secret", "applicationSync", _client_secret,
        Text(en="A client secret that cannot be decrypted is refused", zh="无法解密的客户端密钥被拒绝"),
        Text(en="resultCode 000101 (any refusal will do), and 000000 to one made with your public key",
             zh="返回000101（其他拒绝码也可），用您的公钥加密的密钥返回000000"),
    )  # fmt: skip
    yield CheckBuilder(target, "lifecycle")(
        "deleted_unseen", "tenantSync", _deleted_unseen,
        Text(en="Deletes about an instance and a tenant that nobody knows succeed", zh="删除未知实例与企业的数据也返回成功"),
        Text(en="resultCode 000000: a delete does not ask whether the instance still exists", zh="返回000000：删除时无需校验实例是否存在"),
    )  # fmt: skip
    yield CheckBuilder(target, "shape")(
        "users.enable", "authSync", _enable,
        Text(en="A user whose enable is neither true nor false is refused", zh="enable既不是true也不是false的用户被拒绝"),
        Text(en="a refusal (recommended): who is not enabled may not sign in", zh="建议拒绝：enable不为true的用户不允许登录"),
    )  # fmt: skip


def _client_secret(caller: Caller) -> None:
    if not caller.options.public_key:
        raise Skipped(Text(en="give the seller's public key with --public-key", zh="请用--public-key提供商家的公钥"))
    right = caller.samples.application(test=False)
    unreadable = replace(right, encrypted_secret=UNREADABLE)
    try:
        expect_accepted(
            caller.ask(right), context=Text(en="a secret made with your public key", zh="用您的公钥加密的密钥")
        )
        answer = caller.ask(unreadable)
        readable(answer)
        if answer.accepted:
            raise failed("secret_not_decrypted", answer, Text(en="384 zero bytes", zh="384个零字节"))
    finally:
        caller.send(caller.request(replace(right, flag=SyncFlag.DELETE)))


def _deleted_unseen(caller: Caller) -> None:
    """Of tenants and applications, of which §A.5 and §A.6 say so; of people and departments no page does."""
    samples, instance = caller.samples, caller.samples.unknown_id()
    gone = SyncFlag.DELETE
    asked: list[SyncTenant | SyncApplication] = [replace(samples.tenant(test=False), flag=gone, instance_id=instance)]
    # A secret may be looked into before anything else: without the public key there is none that is right.
    if caller.options.public_key:
        asked.insert(0, replace(samples.application(test=False), flag=gone, instance_id=instance))
    for command in asked:
        name = caller.target.activity(type(command))
        expect_success(caller.ask(command), "delete_needs_instance", Text(en=f"delete by {name}", zh=f"{name}删除"))


def _enable(caller: Caller) -> None:
    command = caller.samples.users(test=False)
    dialect = caller.target.dialect
    written = dialect.members(caller.request(command))["userList"]
    users = cast("list[dict[str, object]]", json.loads(written) if isinstance(written, str) else written)
    spoiled = [{**user, "enable": NEITHER} for user in users]
    # As the generation writes lists: as a text, or as they are.
    changed = json.dumps(spoiled, separators=(",", ":")) if isinstance(written, str) else spoiled
    answer = caller.send(caller.changed(command, {"userList": changed}))
    readable(answer, http_error="http_error_for_bad_request")
    if answer.accepted:
        caller.send(caller.request(replace(command, flag=SyncFlag.DELETE)))
        seen = answer.describe()
        raise Warned("enable_ignored", Text(en=f"enable={NEITHER}: {seen.en}", zh=f"enable={NEITHER}：{seen.zh}"))
