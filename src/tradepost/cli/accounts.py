"""``tradepost operator`` and ``tradepost seller``: the first accounts of a new market, and recovery of access."""

from __future__ import annotations

import getpass
import re
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from tradepost.cli import terminal
from tradepost.cli.opening import open_market
from tradepost.cli.recorded import actor, recorded_act
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.audit.record import Subject
    from tradepost.market.identity.models import User

operator = App(name="operator", help="Manage operators, and lock accounts.")
seller = App(name="seller", help="Make sellers and their owners.")

type FromStdin = Annotated[bool, Parameter(negative="")]
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@operator.command(name="create")
def create_operator(email: str, *, name: str = "", role: str = "owner", password_stdin: FromStdin = False) -> None:
    """Create an operator account.

    Parameters
    ----------
    email
        Email address for signing in.
    name
        Display name.
    role
        owner, finance, reviewer, service, support or auditor.
    password_stdin
        Read the password from standard input instead of prompting for it.
    """
    open_market(existing=True)
    from django.db import transaction

    from tradepost.market.base import clock
    from tradepost.market.identity import operators

    with recorded_act("operator create", account=email, role=role) as act:
        email = _checked_email(email)
        if _find(email) is not None:
            raise Refused(
                "operator.exists",
                f"{email} has an account already. To make it an operator: tradepost operator grant {email}",
            )
        _checked_role(role)
        password = _password(email, from_stdin=password_stdin)
        with transaction.atomic():
            user = _create_user(email, password, name=name)
            operators.give_role(user, role, by=actor(), now=clock.now())
            act.done(_account(user))
    terminal.print_line(f"{email} may now sign in and enter the console as {role}.")


@operator.command(name="list")
def list_operators() -> None:
    """Print the operators with their roles, and whether they are locked."""
    open_market(existing=True)
    from tradepost.market.identity.models import User
    from tradepost.market.identity.operator_roles import IS_OPERATOR

    for user in User.objects.filter(IS_OPERATOR).order_by("pk"):
        terminal.print_line(f"{user.email}\t{user.operator_role}\t{'active' if user.is_active else 'locked'}")


@operator.command
def grant(email: str, *, role: str = "owner") -> None:
    """Give an existing account access to the console, or change the role of an operator.

    Parameters
    ----------
    email
        Email address of the account.
    role
        owner, finance, reviewer, service, support or auditor.
    """
    _checked_role(role)
    _give_role("operator grant", email, role)
    terminal.print_line(f"{email} may now enter the console as {role}.")


@operator.command
def revoke(email: str) -> None:
    """Revoke an account's access to the console. It remains a buyer's account."""
    _give_role("operator revoke", email, "")
    terminal.print_line(f"{email} may no longer enter the console.")


@operator.command
def lock(email: str, *, reason: str) -> None:
    """Lock an account: it is signed out everywhere and cannot sign in.

    Parameters
    ----------
    email
        Email address of the account.
    reason
        Sent to the person by email.
    """
    open_market(existing=True)
    from tradepost.market.base import clock
    from tradepost.market.identity import account_locks

    with recorded_act("operator lock", account=email, reason=reason) as act, _atomic():
        user = _require_account(email)
        account_locks.lock(user, reason=reason, by=actor(), now=clock.now(), wall=clock.wall())
        act.done(_account(user))
    terminal.print_line(f"{email} is locked and signed out everywhere.")


@operator.command
def unlock(email: str, *, reason: str) -> None:
    """Unlock an account.

    Parameters
    ----------
    email
        Email address of the account.
    reason
        Sent to the person by email.
    """
    open_market(existing=True)
    from tradepost.market.base import clock
    from tradepost.market.identity import account_locks

    with recorded_act("operator unlock", account=email, reason=reason) as act, _atomic():
        user = _require_account(email)
        account_locks.unlock(user, reason=reason, by=actor(), now=clock.now())
        act.done(_account(user))
    terminal.print_line(f"{email} can sign in again.")


@operator.command
def passwords(state: Literal["on", "off"]) -> None:
    """Permit operators to sign in by password when the identity provider is down, or forbid it.

    Parameters
    ----------
    state
        on or off.
    """
    open_market(existing=True)
    from tradepost.market.base import clock
    from tradepost.market.identity import sign_in_providers

    with recorded_act("operator passwords", state=state) as act, _atomic():
        sign_in_providers.allow_passwords(state == "on", by=None, now=clock.now(), wall=clock.wall())
        act.done()
    terminal.print_line(
        "Operators may sign in by password." if state == "on" else "Operators can sign in only through a provider."
    )


@operator.command
def reset_second_step(email: str) -> None:
    """Turn off the two-step sign-in of an account, for an operator who lost the telephone and whom no colleague can
    help."""
    open_market(existing=True)
    from tradepost.market.base import clock
    from tradepost.market.identity import second_factor

    with recorded_act("operator reset-second-step", account=email) as act:
        user = _require_account(email)
        second_factor.reset(user, now=clock.now(), wall=clock.wall())
        act.done(_account(user))
    terminal.print_line(f"{email} signs in by the password alone now, and is logged out everywhere.")


@seller.command(name="create")
def create_seller(
    slug: str, *, name: str, owner: str, name_en: str = "", contact_email: str = "", password_stdin: FromStdin = False
) -> None:
    """Create a seller and its owner; the owner creates keys and addresses in the seller center.

    Parameters
    ----------
    slug
        The seller's name in addresses of pages: lower-case letters, digits and hyphens.
    name
        Chinese name of the company.
    owner
        Email of its owner. If there is no account, one is created after a prompt for its password.
    name_en
        English name.
    contact_email
        Contact address for buyers; by default the owner's e-mail.
    password_stdin
        Read a new owner's password from standard input instead of prompting for it.
    """
    open_market(existing=True)
    from django.db import transaction

    from tradepost.market.audit.record import Subject
    from tradepost.market.base import clock
    from tradepost.market.identity.models import Member, Seller

    with recorded_act("seller create", slug=slug, name=name, owner=owner) as act:
        owner = _checked_email(owner)
        contact = _checked_email(contact_email or owner)
        if not SLUG.fullmatch(slug) or len(slug) > 50:
            raise Refused("seller.slug", f"{slug!r} will not do: lower-case letters, digits and hyphens, at most 50.")
        if not 0 < len(name) <= 128 or len(name_en) > 128:
            raise Refused("seller.name", "A seller's name has 1 to 128 characters.")
        if Seller.objects.filter(slug=slug).exists():
            raise Refused("seller.exists", f"There is a seller {slug} already.")
        user = _find(owner)
        password = "" if user else _password(owner, from_stdin=password_stdin)
        with transaction.atomic():
            user = user or _create_user(owner, password, name="")
            new_seller = Seller.objects.create(
                slug=slug, name=name, name_en=name_en, contact_email=contact, created_at=clock.now()
            )
            Member.objects.create(seller=new_seller, user=user, role=Member.Role.OWNER)
            act.done(Subject(kind="seller", id=str(new_seller.pk), text=new_seller.name, seller=new_seller.pk))
    terminal.print_line(f"{owner} owns {name} and may now enter the seller center.")


def _find(email: str) -> User | None:
    from tradepost.market.identity.models import User

    return User.objects.by_email(email).first()


def _create_user(email: str, password: str, *, name: str) -> User:
    from allauth.account.models import EmailAddress

    from tradepost.market.base import clock
    from tradepost.market.identity.models import User

    user = User.objects.create_user(email, password, name=name, joined_at=clock.now())
    # Anyone with shell access to this machine can vouch for the address.
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _account(user: User) -> Subject:
    from tradepost.market.audit.record import Subject

    return Subject(kind="account", id=str(user.pk), text=user.email)


def _give_role(command: str, email: str, role: str) -> None:
    open_market(existing=True)
    from tradepost.market.base import clock
    from tradepost.market.identity import operators

    with recorded_act(command, account=email, role=role) as act, _atomic():
        user = _require_account(email)
        operators.give_role(user, role, by=actor(), now=clock.now())
        act.done(_account(user))


def _checked_role(role: str) -> None:
    from tradepost.market.identity.operator_roles import Role

    if role not in Role.values:
        raise Refused("operator.unknown_role", f"{role!r} is no role. Roles: {', '.join(Role.values)}.")


def _atomic() -> Any:
    from django.db import transaction

    return transaction.atomic()


def _require_account(email: str) -> User:
    user = _find(email.strip())
    if user is None:
        raise Refused("operator.unknown", f"There is no account {email}.")
    return user


def _checked_email(email: str) -> str:
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise Refused("account.email", f"{email!r} is no e-mail address.") from None
    return email


def _password(email: str, *, from_stdin: bool) -> str:
    """Read a password that satisfies the market's rules. Never an argument, since arguments are visible in the list of
    processes."""
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from tradepost.market.identity.models import User

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = getpass.getpass(f"Password for {email}: ")
        if getpass.getpass("Again: ") != password:
            raise Refused("account.password", "The two passwords differ. Nothing was changed.")
    else:
        raise Refused("account.password", "There is no terminal to ask for a password: use --password-stdin.")
    try:
        validate_password(password, User(email=email))
    except ValidationError as error:
        raise Refused("account.password", " ".join(error.messages)) from None
    return password
