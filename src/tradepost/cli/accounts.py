"""``tradepost operator`` and ``tradepost seller``: the first accounts of a fresh market, and the way back in."""

from __future__ import annotations

import getpass
import re
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from tradepost.cli import terminal
from tradepost.cli.opening import open_market
from tradepost.cli.recorded import acting
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.audit.record import Subject
    from tradepost.market.identity.models import User

operator = App(name="operator", help="Make the accounts of operators.")
seller = App(name="seller", help="Make sellers and their owners.")

type FromStdin = Annotated[bool, Parameter(negative="")]
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@operator.command(name="create")
def create_operator(email: str, *, name: str = "", password_stdin: FromStdin = False) -> None:
    """Make an account that may enter the console.

    Parameters
    ----------
    email
        What the operator signs in with.
    name
        What others see.
    password_stdin
        Read the password from standard input instead of asking for it.
    """
    open_market(existing=True)
    from django.db import transaction

    with acting("operator create", account=email) as act:
        email = _checked_email(email)
        if _find(email) is not None:
            raise Refused(
                "operator.exists",
                f"{email} has an account already. To make it an operator: tradepost operator grant {email}",
            )
        password = _password(email, from_stdin=password_stdin)
        with transaction.atomic():
            act.done(_account(_make(email, password, name=name, is_operator=True)))
    terminal.say(f"{email} may now sign in and enter the console.")


@operator.command
def grant(email: str) -> None:
    """Let an existing account enter the console."""
    _set_operator(email, operator=True)
    terminal.say(f"{email} may now enter the console.")


@operator.command
def revoke(email: str) -> None:
    """Close the console to an account. It stays a buyer's account."""
    _set_operator(email, operator=False)
    terminal.say(f"{email} may no longer enter the console.")


@operator.command
def reset_second_step(email: str) -> None:
    """Turn the two-step sign-in of an account off, for an operator who lost the telephone and whom no other can help."""
    open_market(existing=True)
    from tradepost.market.base import clock
    from tradepost.market.identity import second_factor

    with acting("operator reset-second-step", account=email) as act:
        user = _find(email.strip())
        if user is None:
            raise Refused("operator.unknown", f"There is no account {email}.")
        second_factor.reset(user, now=clock.now(), wall=clock.wall())
        act.done(_account(user))
    terminal.say(f"{email} signs in by the password alone now, and is logged out everywhere.")


@seller.command(name="create")
def create_seller(
    slug: str, *, name: str, owner: str, name_en: str = "", contact_email: str = "", password_stdin: FromStdin = False
) -> None:
    """Make a seller and its owner; the owner makes keys and addresses in the seller center.

    Parameters
    ----------
    slug
        The seller's name in addresses of pages: lower-case letters, digits and hyphens.
    name
        Chinese name of the company.
    owner
        E-mail of its owner. Without an account yet, one is made and its password asked for.
    name_en
        English name.
    contact_email
        Where buyers write to; the owner's e-mail when not given.
    password_stdin
        Read a new owner's password from standard input instead of asking for it.
    """
    open_market(existing=True)
    from django.db import transaction

    from tradepost.market.audit.record import Subject
    from tradepost.market.base import clock
    from tradepost.market.identity.models import Member, Seller

    with acting("seller create", slug=slug, name=name, owner=owner) as act:
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
            user = user or _make(owner, password, name="", is_operator=False)
            made = Seller.objects.create(
                slug=slug, name=name, name_en=name_en, contact_email=contact, created_at=clock.now()
            )
            Member.objects.create(seller=made, user=user, role=Member.Role.OWNER)
            act.done(Subject(kind="seller", id=str(made.pk), text=made.name, seller=made.pk))
    terminal.say(f"{owner} owns {name} and may now enter the seller center.")


def _find(email: str) -> User | None:
    from tradepost.market.identity.models import User

    return User.objects.by_email(email).first()


def _make(email: str, password: str, *, name: str, is_operator: bool) -> User:
    from allauth.account.models import EmailAddress

    from tradepost.market.base import clock
    from tradepost.market.identity.models import User

    user = User.objects.create_user(email, password, name=name, is_operator=is_operator, joined_at=clock.now())
    # Whoever has this machine's shell vouches for the address.
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _account(user: User) -> Subject:
    from tradepost.market.audit.record import Subject

    return Subject(kind="account", id=str(user.pk), text=user.email)


def _set_operator(email: str, *, operator: bool) -> None:
    open_market(existing=True)
    from django.db import transaction

    with acting("operator grant" if operator else "operator revoke", account=email) as act, transaction.atomic():
        user = _find(email.strip())
        if user is None:
            raise Refused("operator.unknown", f"There is no account {email}.")
        user.is_operator = operator
        user.save(update_fields=["is_operator"])
        act.done(_account(user))


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
    """A password that the market's own rules accept. Never an argument: those show in the list of processes."""
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
    except ValidationError as weak:
        raise Refused("account.password", " ".join(weak.messages)) from None
    return password
