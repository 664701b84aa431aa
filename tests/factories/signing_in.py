"""An enterprise with members, and an application that they can sign in to through the auth centre."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import count

from tests.factories.joint import make_application
from tests.factories.organisations import make_admin, make_managed
from tests.factories.people import NOW, PASSWORD
from tradepost.market.applications.clients import ensure_client, secret_of
from tradepost.market.applications.models import Application, Authorisation, Client, TenantBinding
from tradepost.market.identity.models import User
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.organisations.profile import Profile
from tradepost.market.subscriptions.models import Subscription

_numbers = count(1)
MOBILE, EMAIL = "13800000000", "zhang@acme.example"


@dataclass(frozen=True, slots=True)
class Joint:
    """``admin`` founded the enterprise with a market account. The enterprise manages the account of ``member``."""

    enterprise: Enterprise
    admin: Member
    member: Member
    application: Application
    client: Client
    binding: TenantBinding

    @property
    def secret(self) -> str:
        return secret_of(self.client)

    @property
    def home(self) -> str:
        return f"/t/{self.enterprise.code}/"


def make_member_with_password(
    admin: Member, user_name: str = "zhang01", *, password: str = PASSWORD, now: datetime = NOW
) -> Member:
    """Return a managed member whose password is known to the test."""
    profile = Profile(mobile=MOBILE, email=EMAIL)
    made = make_managed(admin, user_name, name="张三", profile=profile, now=now).member
    made.user.set_password(password)
    made.user.save(update_fields=["password"])
    Member.objects.filter(pk=made.pk).update(password_temporary=False)
    return Member.objects.select_related("user", "enterprise", "department").get(pk=made.pk)


def make_bound(
    admin: Member, application: Application, *, subscription: Subscription | None = None,
    released: tuple[str, ...] = (), now: datetime = NOW,
) -> TenantBinding:  # fmt: skip
    """Return a binding that the seller acknowledged."""
    ensure_client(admin.enterprise, application, now=now)
    return TenantBinding.objects.create(
        enterprise=admin.enterprise, application=application, subscription=subscription, single=False,
        released_fields=list(released), status=TenantBinding.Status.BOUND, address=application.address, public_key="",
        created_at=now, bound_at=now,
    )  # fmt: skip


def authorise(binding: TenantBinding, member: Member, *, admin: bool = False, now: datetime = NOW) -> Authorisation:
    return Authorisation.objects.create(
        binding=binding, member=member, by_hand=True, wanted=True, admin=admin, changed_at=now
    )


def make_joint(
    *, code: str = "", callback: str = "http://127.0.0.1:9/callback", released: tuple[str, ...] = (),
    founder: User | None = None, now: datetime = NOW,
) -> Joint:  # fmt: skip
    """Return an enterprise whose managed member may use the application and whose administrator may not."""
    number = next(_numbers)
    admin = make_admin(founder, code=code or f"lantian{number}", name=f"蓝田制造{number}", now=now)
    member = make_member_with_password(admin, now=now)
    application = make_application(callback=callback, now=now)
    binding = make_bound(admin, application, released=released, now=now)
    authorise(binding, member, now=now)
    client = Client.objects.select_related("application", "enterprise").get(
        enterprise=admin.enterprise, application=application
    )
    return Joint(admin.enterprise, admin, member, application, client, binding)
