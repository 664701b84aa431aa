"""Joint-operation kit, groups *lifecycle*, *shape* and *wire*: a tenant from its binding to its deletion
(openapi-jointkit §A)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tradepost.check.answers import expect_success, failed
from tradepost.check.definition import Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Skipped
from tradepost.protocols.sync_commands import (
    Department,
    SyncAllOrgs,
    SyncApplication,
    SyncAuth,
    SyncFlag,
    SyncOrg,
    SyncTenant,
)
from tradepost.protocols.sync_fields import MAX_USERS
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target
    from tradepost.protocols.commands import Command

FLAG_TITLES = {
    SyncFlag.ADD: Text(en="add", zh="新增"),
    SyncFlag.MODIFY: Text(en="modify", zh="修改"),
    SyncFlag.DELETE: Text(en="delete", zh="删除"),
    SyncFlag.CANCEL_AUTHORISATION: Text(en="cancel the authorisation", zh="取消授权"),
}


@check_factory
def checks(target: Target) -> Iterable[Check]:
    if not target.has(SyncTenant, SyncApplication, SyncAuth, SyncOrg, SyncAllOrgs):
        return
    make = CheckBuilder(target, "lifecycle")
    expected = Text(en="resultCode 000000 to every step, repeats included", zh="每一步均返回000000，包括重复")
    yield make(
        "tenant", "tenantSync", _tenant,
        Text(en="A tenant is added twice and deleted twice", zh="企业重复新增、重复删除均成功"), expected,
    )  # fmt: skip
    if _has_flag(target, SyncTenant, SyncFlag.MODIFY):
        yield make(
            "tenant_modified", "tenantSync", _tenant_modified,
            Text(en="A tenant's name is changed, twice", zh="企业名称修改两次均成功"), expected,
        )  # fmt: skip
    yield make(
        "departments", "singleOrgSync", _departments,
        Text(en="A department is added, changed and deleted, each twice", zh="部门的新增、修改、删除各重复一次均成功"), expected,
    )  # fmt: skip
    yield make(
        "chinese_names", "tenantSync", _chinese_names,
        Text(en="Names in Chinese are accepted", zh="中文名称被接受"), expected,
    )  # fmt: skip
    yield make(
        "all_departments", "allOrgSync", _all_departments,
        Text(en="All departments are sent twice", zh="全量部门同步两次均成功"), expected,
    )  # fmt: skip
    yield make(
        "users", "authSync", _users,
        Text(en="A user is added, changed and removed, each twice", zh="用户的新增、修改、删除各重复一次均成功"), expected,
    )  # fmt: skip
    yield CheckBuilder(target, "wire")(
        "many_users", "authSync", _many_users,
        Text(en=f"{MAX_USERS} users in one call are accepted", zh=f"一次同步{MAX_USERS}个用户被接受"),
        Text(en="resultCode 000000 to a test call", zh="测试调用返回000000"),
    )  # fmt: skip


def _has_flag(target: Target, kind: type[Command], flag: SyncFlag) -> bool:
    table = target.specification.requests.get(kind, ())
    return any(field.name == "flag" and str(flag.value) in field.values for field in table)


type Step = Callable[[SyncFlag], Command]


def _send_twice(caller: Caller, make: Step, *flags: SyncFlag) -> None:
    for flag in flags:
        name = FLAG_TITLES[flag]
        expect_success(caller.ask(make(flag)), context=name)
        repeated_answer = caller.ask(make(flag))
        expect_success(repeated_answer, "repeat_refused", Text(en=f"{name.en}, once more", zh=f"再次{name.zh}"))


@contextmanager
def _bound(caller: Caller) -> Iterator[SyncTenant]:
    """Bind a real tenant without an instance, as in the application for a credential, and always delete it
    afterwards."""
    tenant = caller.samples.tenant(test=False)
    expect_success(caller.ask(tenant), context=Text(en="add the tenant", zh="新增企业"))
    try:
        yield tenant
    finally:
        caller.send(caller.request(replace(tenant, flag=SyncFlag.DELETE)))


def _tenant(caller: Caller) -> None:
    tenant = caller.samples.tenant(test=False)
    _send_twice(caller, lambda flag: replace(tenant, flag=flag), SyncFlag.ADD, SyncFlag.DELETE)


def _tenant_modified(caller: Caller) -> None:
    with _bound(caller) as tenant:
        _send_twice(caller, lambda flag: replace(tenant, name="Tradepost check 2", flag=flag), SyncFlag.MODIFY)


def _chinese_names(caller: Caller) -> None:
    """Names are stored, so only this check reveals a table with another character set."""
    with _bound(caller) as tenant:
        head = SyncOrg(tenant_id=tenant.tenant_id, department=Department(code="D1", name="HQ"), flag=SyncFlag.ADD)
        expect_success(caller.ask(head), context=Text(en="an ASCII name", zh="ASCII名称"))
        chinese_department = replace(head, department=Department(code="D2", name="研发部"))
        answer = caller.ask(chinese_department)
        if not answer.succeeded:
            raise failed("wrong_charset", answer, Text(en="a Chinese name", zh="中文名称"))
    renamed_tenant = replace(caller.samples.tenant(test=False), name="测试企业")
    answer = caller.ask(renamed_tenant)
    caller.send(caller.request(replace(renamed_tenant, flag=SyncFlag.DELETE)))
    if not answer.succeeded:
        raise failed("wrong_charset", answer, Text(en="a Chinese name", zh="中文名称"))


def _departments(caller: Caller) -> None:
    with _bound(caller) as tenant:
        head = SyncOrg(tenant_id=tenant.tenant_id, department=Department(code="D1", name="HQ"), flag=SyncFlag.ADD)
        expect_success(caller.ask(head), context=Text(en="add the head", zh="新增上级部门"))
        child = replace(head, department=Department(code="D2", name="QA", parent_code="D1"))
        _send_twice(caller, lambda flag: replace(child, flag=flag), SyncFlag.ADD, SyncFlag.MODIFY, SyncFlag.DELETE)


def _all_departments(caller: Caller) -> None:
    with _bound(caller) as tenant:
        departments = (Department(code="D1", name="HQ"), Department(code="D2", name="QA", parent_code="D1"))
        command = SyncAllOrgs(tenant_id=tenant.tenant_id, departments=departments)
        expect_success(caller.ask(command))
        expect_success(caller.ask(command), "repeat_refused", Text(en="once more", zh="再次发送"))


def _users(caller: Caller) -> None:
    with _bound(caller) as tenant:
        application = replace(caller.samples.application(test=False), tenant_id=tenant.tenant_id)
        if not caller.ask(application).accepted:
            need_secret(caller)
        expect_success(caller.ask(application), "repeat_refused", Text(en="the application", zh="应用同步"))
        department = SyncAllOrgs(tenant_id=tenant.tenant_id, departments=(Department(code="D01", name="HQ"),))
        expect_success(caller.ask(department), context=Text(en="departments", zh="部门"))
        users = replace(caller.samples.users(test=False), tenant_id=tenant.tenant_id, app_id=application.app_id)
        flags = [SyncFlag.ADD, SyncFlag.MODIFY, SyncFlag.DELETE]
        if _has_flag(caller.target, SyncAuth, SyncFlag.CANCEL_AUTHORISATION):
            flags.insert(2, SyncFlag.CANCEL_AUTHORISATION)
        _send_twice(caller, lambda flag: replace(users, flag=flag), *flags)


def need_secret(caller: Caller) -> None:
    """A seller that decrypts the client secret at once refuses one that was encrypted without its public key (§A.6)."""
    if not caller.options.public_key:
        raise Skipped(
            Text(
                en="the client secret was refused: give the seller's public key with --public-key",
                zh="客户端密钥被拒绝：请用--public-key提供商家的公钥",
            ),
        )


def _many_users(caller: Caller) -> None:
    command = caller.samples.users(test=True)
    if not caller.ask(command).accepted:
        raise Skipped(Text(en="one user is refused already, see the group debug", zh="单个用户已被拒绝，见debug组"))
    users = tuple(replace(command.users[0], user_name=f"user{number:03}") for number in range(MAX_USERS))
    expect_success(caller.ask(replace(command, users=users)), "refuses_long_body")
