"""Convert outcomes of SaaS 1.0 to members of a JSON body and back (saas-v1-license A2, A3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from tradepost.protocols.commands import (
    AppInfo,
    CallResult,
    Command,
    Create,
    Done,
    Encryption,
    Fault,
    InstanceInfo,
    Outcome,
    Query,
    UsageInfo,
)
from tradepost.protocols.http import Response
from tradepost.protocols.instance_info import (
    FoundFault,
    dump_app,
    dump_usage,
    instance_mismatch,
    load_app,
    load_usage,
)
from tradepost.protocols.json_answer import fault_of, read_json_answer, result_message, unreachable
from tradepost.protocols.plain_result import SUCCESS, dump_refusal, dump_result, load_refusal
from tradepost.protocols.secret_fields import NAMES, Undecipherable, decrypt, derived_iv, encrypt
from tradepost.protocols.wire_fields import violations

from .fields import APP_SECRETS, SUCCESSES

# --- seller side ---------------------------------------------------------------------------------------------------


def dump_outcome(command: Command | None, outcome: Outcome, *, key: str, nonce: str) -> dict[str, object]:
    """Return the members of the answer. Raises ``ValueError``, naming the fields, for an outcome that the wire cannot
    carry."""
    if not isinstance(outcome, Done):
        return dump_refusal(outcome)
    members = dump_result(SUCCESS, outcome.message or "success")
    # Use the strength of the request's fields, which only newInstance has. The answer names its strength.
    strength = command.encryption if isinstance(command, Create) else Encryption.AES256
    write = _AppWriter(key, nonce, strength)
    if isinstance(command, Create):
        _dump_created(members, outcome, write)
    elif isinstance(command, Query):
        infos = [_dump_instance(instance, write) for instance in outcome.instances]
        members |= write.encrypt_type() | {"info": infos}
    errors = "; ".join(map(str, violations(SUCCESSES[type(command)], members))) if command is not None else ""
    if errors:
        raise ValueError(f"SaaS 1.0 cannot carry this answer to {type(command).__name__}: {errors}")
    return members


class _AppWriter:
    """Writes access data, and records whether a value was encrypted."""

    def __init__(self, key: str, nonce: str, strength: Encryption) -> None:
        self._key = key
        self._nonce = nonce
        self._strength = strength
        self._encrypted = False

    def __call__(self, app: AppInfo, instance_id: str) -> dict[str, str]:
        members = dump_app(app)
        for name in APP_SECRETS:
            if name in members:
                iv = derived_iv(self._nonce, f"{name} of {instance_id}")
                members[name] = encrypt(members[name], key=self._key, iv=iv, encryption=self._strength)
                self._encrypted = True
        return members

    def encrypt_type(self) -> dict[str, object]:
        return {"encryptType": self._strength.value} if self._encrypted else {}


def _dump_created(members: dict[str, object], done: Done, write: _AppWriter) -> None:
    """Write an instance with its access data (saas-v1-license A2.2)."""
    if "," in done.instance_id:
        raise ValueError("instanceId holds a comma, which separates the ids of queryInstance")
    app = next((i.app for i in done.instances if i.app is not None and i.instance_id == done.instance_id), None)
    app_info = {} if app is None else {"appInfo": write(app, done.instance_id)}
    members |= {**write.encrypt_type(), "instanceId": done.instance_id, **app_info}


def _dump_instance(instance: InstanceInfo, write: _AppWriter) -> dict[str, object]:
    members: dict[str, object] = {"instanceId": instance.instance_id}
    if instance.app is not None:
        members["appInfo"] = write(instance.app, instance.instance_id)
    if instance.usage:
        members["usageInfo"] = [dump_usage(usage) for usage in instance.usage]
    return members


# --- market side ---------------------------------------------------------------------------------------------------


def load_outcome(command: Command, response: Response, *, key: str, require_body_sign: bool) -> CallResult:
    """Return the seller's result, or the first fault of the answer. Never raises."""
    creating = isinstance(command, Create)
    members = read_json_answer(response, key=key, require_body_sign=require_body_sign, claims_instance=creating)
    if not isinstance(members, dict):
        return members
    code, message = cast("str", members["resultCode"]), result_message(members)
    if code != SUCCESS:
        return load_refusal(code, message)
    result = _load_success(command, members, message, key)
    if isinstance(result, tuple):
        return unreachable(*result, response if creating else None)
    return result


def _load_success(command: Command, members: Mapping[str, object], message: str, key: str) -> Done | FoundFault:
    fault = fault_of(SUCCESSES.get(type(command), ()), {**members, "resultMsg": message})
    if fault is not None:
        return fault
    # The table has validated the types.
    if isinstance(command, Create):
        return _load_created(members, message, key)
    if isinstance(command, Query):
        return _load_query(command, members, message, key)
    return Done(message=message)


def _load_created(members: Mapping[str, object], message: str, key: str) -> Done | FoundFault:
    instance_id = cast("str", members["instanceId"])
    if "," in instance_id:
        return Fault.BAD_FIELD, "instanceId holds a comma, which separates the ids of queryInstance"
    app = _load_app(members.get("appInfo"), "appInfo", _strength(members), key)
    if isinstance(app, tuple):
        return app
    # Access data may be omitted if the buyer gets it another way.
    instances = () if app is None else (InstanceInfo(instance_id=instance_id, app=app),)
    return Done(message=message, instance_id=instance_id, instances=instances)


def _load_query(command: Query, members: Mapping[str, object], message: str, key: str) -> Done | FoundFault:
    info = members.get("info")
    if info is None:
        return Fault.MISSING_FIELD, "info is missing; expected one entry for each instance that was asked for"
    instances: list[InstanceInfo] = []
    for index, entry in enumerate(cast("list[Mapping[str, object]]", info)):
        loaded_instance = _load_instance(entry, f"info[{index}]", _strength(members), key)
        if isinstance(loaded_instance, tuple):
            return loaded_instance
        instances.append(loaded_instance)
    fault = instance_mismatch(requested=command.instance_ids, answered=[instance.instance_id for instance in instances])
    return fault or Done(message=message, instances=tuple(instances))


def _load_instance(entry: Mapping[str, object], path: str, strength: Encryption, key: str) -> InstanceInfo | FoundFault:
    app = _load_app(entry.get("appInfo"), f"{path}.appInfo", strength, key)
    if isinstance(app, tuple):
        return app
    usages: list[UsageInfo] = []
    for index, usage in enumerate(cast("list[Mapping[str, object]]", entry.get("usageInfo") or [])):
        loaded_usage = load_usage(usage, f"{path}.usageInfo[{index}]")
        if isinstance(loaded_usage, tuple):
            return loaded_usage
        usages.append(loaded_usage)
    return InstanceInfo(instance_id=cast("str", entry["instanceId"]), app=app, usage=tuple(usages))


def _load_app(app: object, path: str, strength: Encryption, key: str) -> AppInfo | FoundFault | None:
    if not isinstance(app, Mapping):
        return None
    clear = dict(app)
    for name in APP_SECRETS:
        if not clear.get(name):
            continue
        try:
            clear[name] = decrypt(clear[name], key=key, encryption=strength)
        except Undecipherable as error:
            return Fault.BAD_FIELD, f"{path}.{name} cannot be decrypted with {NAMES[strength]}: {error}"
    return load_app(clear)


def _strength(members: Mapping[str, object]) -> Encryption:
    return Encryption.AES128 if members.get("encryptType") == Encryption.AES128 else Encryption.AES256
