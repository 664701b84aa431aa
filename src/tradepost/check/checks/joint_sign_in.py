"""Joint-operation kit, groups *lifecycle*, *shape* and *secrets*: data that control sign-in, and client secrets
(openapi-jointkit §A.5 to §A.7)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from tradepost.check.answers import expect_accepted, expect_readable, expect_success, failed
from tradepost.check.definition import Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Skipped, Warned
from tradepost.check.samples import UNREADABLE_SECRET
from tradepost.protocols.sync_commands import SyncApplication, SyncAuth, SyncFlag, SyncOrg, SyncTenant
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

INVALID_FLAG = "maybe"


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
        "deleted_unseen", "tenantSync", _unknown_deleted,
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
    correct_command = caller.samples.application(test=False)
    unreadable = replace(correct_command, encrypted_secret=UNREADABLE_SECRET)
    try:
        expect_accepted(
            caller.ask(correct_command),
            context=Text(en="a secret made with your public key", zh="用您的公钥加密的密钥"),
        )
        answer = caller.ask(unreadable)
        expect_readable(answer)
        if answer.accepted:
            raise failed("secret_not_decrypted", answer, Text(en="384 zero bytes", zh="384个零字节"))
    finally:
        caller.send(caller.request(replace(correct_command, flag=SyncFlag.DELETE)))


def _unknown_deleted(caller: Caller) -> None:
    """Only for tenants and applications, for which §A.5 and §A.6 require it; no document does for people and
    departments."""
    samples, instance = caller.samples, caller.samples.unknown_id()
    delete = SyncFlag.DELETE
    commands: list[SyncTenant | SyncApplication] = [
        replace(samples.tenant(test=False), flag=delete, instance_id=instance)
    ]
    # A seller may check the secret first; without the public key there is no valid one.
    if caller.options.public_key:
        commands.insert(0, replace(samples.application(test=False), flag=delete, instance_id=instance))
    for command in commands:
        name = caller.target.activity(type(command))
        expect_success(caller.ask(command), "delete_needs_instance", Text(en=f"delete by {name}", zh=f"{name}删除"))


def _enable(caller: Caller) -> None:
    command = caller.samples.users(test=False)
    dialect = caller.target.dialect
    written_list = dialect.members(caller.request(command))["userList"]
    users = cast("list[dict[str, object]]", json.loads(written_list) if isinstance(written_list, str) else written_list)
    spoiled_users = [{**user, "enable": INVALID_FLAG} for user in users]
    # In the generation's form of lists: a text or a JSON array.
    changed_list = json.dumps(spoiled_users, separators=(",", ":")) if isinstance(written_list, str) else spoiled_users
    answer = caller.send(caller.changed(command, {"userList": changed_list}))
    expect_readable(answer, http_error="http_error_for_bad_request")
    if answer.accepted:
        caller.send(caller.request(replace(command, flag=SyncFlag.DELETE)))
        description = answer.describe()
        raise Warned(
            "enable_ignored",
            Text(en=f"enable={INVALID_FLAG}: {description.en}", zh=f"enable={INVALID_FLAG}：{description.zh}"),
        )
