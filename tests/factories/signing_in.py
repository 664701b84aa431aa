"""An enterprise with people, and an application that they may sign in to, as the auth centre meets them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import count

from tests.factories.people import NOW, PASSWORD, make_address, make_buyer, make_seller
from tradepost.market.applications.clients import ensure_client, secret_of
from tradepost.market.applications.models import Application, Authorisation, Client, TenantBinding
from tradepost.market.identity.models import Seller, User
from tradepost.market.organisations import enterprise, members
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.organisations.profile import Profile
from tradepost.market.subscriptions.models import Subscription

_numbers = count(1)
MOBILE, EMAIL = "13800000000", "zhang@acme.example"


@dataclass(frozen=True, slots=True)
class Joint:
    """``admin`` founded the enterprise with a market account; ``member`` is managed by it."""

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


def make_enterprise(*, code: str = "", founder: User | None = None, now: datetime = NOW) -> Member:
    """The founder as its first administrator."""
    number = next(_numbers)
    wanted = enterprise.Found(
        name=f"蓝田制造{number}", code=code or f"lantian{number}", user_name=f"admin{number}", person="管理员"
    )
    return enterprise.found(founder or make_buyer(balance="0", now=now), wanted, most=100, now=now)


def make_managed(admin: Member, user_name: str = "zhang01", *, password: str = PASSWORD, now: datetime = NOW) -> Member:
    """A member with an account of the enterprise's making, whose password is known."""
    person = members.Person(name="张三", department=admin.department_id, profile=Profile(mobile=MOBILE, email=EMAIL))
    members.add_managed(admin.enterprise, user_name, person, by=admin, most=1000, now=now)
    made = Member.objects.select_related("user", "enterprise", "department").get(
        enterprise=admin.enterprise, user_name=user_name
    )
    made.user.set_password(password)
    made.user.save(update_fields=["password"])
    return made


def make_application(
    seller: Seller | None = None, *, callback: str = "http://127.0.0.1:9/callback", now: datetime = NOW
) -> Application:
    number = next(_numbers)
    seller = seller or make_seller()
    return Application.objects.create(
        seller=seller, name=f"青榭协同{number}", app_id=f"app-{number}", secret_hash="0" * 64,
        address=make_address(seller, protocol="joint_kit_v2"), public_key="", login_kind=Application.LoginKind.SHARED,
        login_url=f"http://127.0.0.1:9/login/{number}", callback=callback, created_at=now,
    )  # fmt: skip


def make_bound(
    admin: Member, application: Application, *, subscription: Subscription | None = None,
    released: tuple[str, ...] = (), now: datetime = NOW,
) -> TenantBinding:  # fmt: skip
    """As after the seller acknowledged it."""
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
    """All of it: the managed member may use the application, the administrator may not."""
    admin = make_enterprise(code=code, founder=founder, now=now)
    member = make_managed(admin, now=now)
    application = make_application(callback=callback, now=now)
    binding = make_bound(admin, application, released=released, now=now)
    authorise(binding, member, now=now)
    client = Client.objects.select_related("application", "enterprise").get(
        enterprise=admin.enterprise, application=application
    )
    return Joint(admin.enterprise, admin, member, application, client, binding)
