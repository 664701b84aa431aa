"""What an application is told of a member: userinfo, id token and CAS attributes (openapi-jointkit B.7, B.9, B.10). No I/O."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

EMAIL, MOBILE = "email", "mobile"
"""Personal fields that an enterprise may release, by their names in authSync (A.7)."""
SHOWN_BEGIN, SHOWN_END, HIDDEN = 3, 4, "****"
APP = "otp"
"""A second step by an authenticator app."""
OPENID = "openid"
DEFAULT_SCOPE = "get_user_info"
SCOPES = (DEFAULT_SCOPE, OPENID, "profile", "email", "phone")


class Person(Struct, frozen=True, kw_only=True):
    """A member, as an application may see them; ``role`` is that in the application."""

    public_id: str
    user_name: str
    name: str
    email: str
    mobile: str
    role: str
    department: str
    department_code: str
    enterprise: str
    tenant: str
    released: frozenset[str]

    @property
    def shown_email(self) -> str:
        return self.email if EMAIL in self.released else ""

    @property
    def shown_mobile(self) -> str:
        """All of it where it is released; else enough for its owner to recognise it."""
        return self.mobile if MOBILE in self.released else masked(self.mobile)


def masked(mobile: str) -> str:
    """``138****0000``; nothing of a number too short to hide a part of."""
    if len(mobile) <= SHOWN_BEGIN + SHOWN_END:
        return ""
    return f"{mobile[:SHOWN_BEGIN]}{HIDDEN}{mobile[-SHOWN_END:]}"


def userinfo(person: Person, scopes: frozenset[str] = frozenset()) -> dict[str, str]:
    """B.7; with OpenID Connect its claims beside them."""
    told = {
        "id": person.public_id, "uid": person.public_id, "userId": person.public_id, "userName": person.user_name,
        "name": person.name, "email": person.shown_email, "mobile": person.shown_mobile, "role": person.role,
        "organizationName": person.department, "organizationCode": person.department_code,
        "projectName": person.enterprise, "tenant": person.tenant,
    }  # fmt: skip
    return told | (openid(person, scopes) if OPENID in scopes else {})


def openid(person: Person, scopes: frozenset[str]) -> dict[str, str]:
    """Claims of OpenID Connect, by what was asked for; what is not released is left out."""
    told = {"sub": person.public_id, "tenant": person.tenant}
    if "profile" in scopes:
        told |= {"name": person.name, "preferred_username": person.user_name}
    if "email" in scopes and person.shown_email:
        told["email"] = person.shown_email
    if "phone" in scopes and MOBILE in person.released and person.mobile:
        told["phone_number"] = person.mobile
    return told


def methods(*, second_step: str) -> list[str]:
    """How the member signed in, as ``amr`` says it (RFC 8176 §2): the password, and ``mfa`` with what is known of the other."""
    if not second_step:
        return ["pwd"]
    return ["pwd", "otp", "mfa"] if second_step == APP else ["pwd", "mfa"]


def orgid_userinfo(person: Person) -> dict[str, str]:
    """B.10, the reduced set of the successor service."""
    return {
        "tenant": person.tenant, "name": person.name, "mobile": person.shown_mobile, "user_name": person.user_name,
        "user_id": person.public_id, "email": person.shown_email, "role": person.role,
    }  # fmt: skip


def cas_attributes(person: Person, *, at: datetime, new_login: bool) -> dict[str, str | bool]:
    """B.9. ``at``: when the member signed in."""
    return {
        **_signed_in(at, new_login=new_login),
        "role": person.role, "organizationCode": person.department_code, "name": person.name,
        "userName": person.user_name, "tenant": person.tenant,
    }  # fmt: skip


def orgid_attributes(person: Person, *, at: datetime, new_login: bool) -> dict[str, str | bool]:
    """B.10."""
    return {
        **_signed_in(at, new_login=new_login),
        "token": "", "logo": "", "displayName": person.name, "uid": person.public_id, "tenant": person.tenant,
    }  # fmt: skip


def _signed_in(at: datetime, *, new_login: bool) -> dict[str, str | bool]:
    utc = at.astimezone(UTC)
    return {
        "authenticationDate": f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z",
        "longTermAuthenticationRequestTokenUsed": False,
        "isFromNewLogin": new_login,
    }
