"""Data of a member for an application: userinfo, id token and CAS attributes (openapi-jointkit B.7, B.9, B.10). No
I/O."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

EMAIL, MOBILE = "email", "mobile"
"""Personal fields that an enterprise may release, by their names in authSync (A.7)."""
PREFIX_DIGITS, SUFFIX_DIGITS, MASK = 3, 4, "****"
OTP = "otp"
"""The second step was an authenticator app."""
OPENID = "openid"
DEFAULT_SCOPE = "get_user_info"
SCOPES = (DEFAULT_SCOPE, OPENID, "profile", "email", "phone")


class Person(Struct, frozen=True, kw_only=True):
    """A member as an application may see them; ``role``: the role in the application."""

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
        """The full number if it is released, otherwise masked."""
        return self.mobile if MOBILE in self.released else masked(self.mobile)


def masked(mobile: str) -> str:
    """Mask a number as ``138****0000``; empty if it is too short to mask."""
    if len(mobile) <= PREFIX_DIGITS + SUFFIX_DIGITS:
        return ""
    return f"{mobile[:PREFIX_DIGITS]}{MASK}{mobile[-SUFFIX_DIGITS:]}"


def userinfo(person: Person, scopes: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return the userinfo of B.7, with OpenID Connect claims if requested."""
    info = {
        "id": person.public_id, "uid": person.public_id, "userId": person.public_id, "userName": person.user_name,
        "name": person.name, "email": person.shown_email, "mobile": person.shown_mobile, "role": person.role,
        "organizationName": person.department, "organizationCode": person.department_code,
        "projectName": person.enterprise, "tenant": person.tenant,
    }  # fmt: skip
    return info | (openid(person, scopes) if OPENID in scopes else {})


def openid(person: Person, scopes: frozenset[str]) -> dict[str, str]:
    """Return the OpenID Connect claims for the scopes. Fields that are not released are left out."""
    claims = {"sub": person.public_id, "tenant": person.tenant}
    if "profile" in scopes:
        claims |= {"name": person.name, "preferred_username": person.user_name}
    if "email" in scopes and person.shown_email:
        claims["email"] = person.shown_email
    if "phone" in scopes and MOBILE in person.released and person.mobile:
        claims["phone_number"] = person.mobile
    return claims


def methods(*, second_step: str) -> list[str]:
    """Return the authentication methods for ``amr`` (RFC 8176 §2): the password, and ``mfa`` with the known second
    method."""
    if not second_step:
        return ["pwd"]
    return ["pwd", "otp", "mfa"] if second_step == OTP else ["pwd", "mfa"]


def orgid_userinfo(person: Person) -> dict[str, str]:
    """Return the userinfo of B.10, the reduced set of the successor service."""
    return {
        "tenant": person.tenant, "name": person.name, "mobile": person.shown_mobile, "user_name": person.user_name,
        "user_id": person.public_id, "email": person.shown_email, "role": person.role,
    }  # fmt: skip


def cas_attributes(person: Person, *, at: datetime, new_login: bool) -> dict[str, str | bool]:
    """Return the attributes of B.9. ``at``: time of the sign-in."""
    return {
        **_signed_in(at, new_login=new_login),
        "role": person.role, "organizationCode": person.department_code, "name": person.name,
        "userName": person.user_name, "tenant": person.tenant,
    }  # fmt: skip


def orgid_attributes(person: Person, *, at: datetime, new_login: bool) -> dict[str, str | bool]:
    """Return the attributes of B.10."""
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
