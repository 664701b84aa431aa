"""A chapter of history.py: the demo's seller has members, a custom group, an open invitation, domains, and a staged key
that was tested.
"""

from __future__ import annotations

from datetime import timedelta

from tests.factories.attributes import make_attribute, make_number
from tests.waiting import until
from tradepost.market.base.outbound_policy import SANDBOX


def acting(_seller_url: str) -> dict[str, str]:
    from tests.factories.assets import make_asset, package, upload_version
    from tests.factories.pictures import make_proof
    from tradepost.market import seed
    from tradepost.market.assets.asset_models import AssetVersion
    from tradepost.market.assets.contested import blocking_of
    from tradepost.market.assets.scan_contract import fingerprint_of
    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.identity import domains, groups, keys, members
    from tradepost.market.identity.models import Member, SigningKey, User
    from tradepost.market.notifications.invitations import send_invitation
    from tradepost.market.production.models import Address
    from tradepost.market.production.trials import newest_trials, start_trial
    from tradepost.market.review import appeals

    now = clock.now()
    owner = Member.objects.select_related("seller", "user").filter(user__email=seed.people.OWNER.email).earliest("pk")
    seller = owner.seller
    support = groups.create_group(seller, name="售后支持", menus={"trade": "write", "tools": "read"}, by=owner)
    viewer = groups.built_in(seller, "viewer")
    invited = members.invite(
        seller,
        "chen.jing@qingxie.example",
        groups=[support, viewer],
        by=owner,
        most=50,
        valid=timedelta(days=7),
        now=now,
    )
    person = User.objects.create_user("chen.jing@qingxie.example", name="陈静", joined_at=now)
    joined = members.accept(invited.token, user=person, now=now)
    for email, given in (("li.lei@qingxie.example", support), ("wang.fang@qingxie.example", viewer)):
        send_invitation(seller, email, groups=[given], by=owner, most=50, valid=timedelta(days=7), now=now)
    domain = domains.register_domain(seller, "api.qingxie.example", outbound=SANDBOX, most=50, now=now)
    attribute = make_attribute(seller, code="platform")
    make_number(seller, code="seats", name="席位数", name_en="Seats")
    current = SigningKey.objects.get(seller=seller, interface_class="base", valid_until=None)
    staged = keys.stage_signing_key(seller, "base", replaces=current.key_id, by=owner.user, now=now)
    address = Address.objects.filter(seller=seller, removed_at=None).earliest("pk")
    for key in ("", staged.key_id):
        start_trial(address, staged=key, now=now)
        until(lambda: not newest_trials([address], staged=key)[address.pk].running, within=60)  # noqa: B023  # awaited at once
    asset = make_asset(seller, name="采集代理")
    version = upload_version(asset, label="2.4.1", file_name="agent-2.4.1.zip", now=now)
    until(lambda: AssetVersion.objects.get(pk=version.pk).status != AssetVersion.Status.CHECKING, within=60)
    refused = [
        upload_version(asset, package(**{"../agent": b"\x7fELF"}), label=label, now=now) for label in ("2.5.0", "2.6.0")
    ]
    for one in refused:
        until(lambda: AssetVersion.objects.get(pk=one.pk).status == AssetVersion.Status.FAILED, within=60)  # noqa: B023  # awaited at once
        one.refresh_from_db()
    whys = {fingerprint_of(one): "该路径由安装程序解析，不会写到目录之外。" for one in blocking_of(refused[1])}
    proof = make_proof(seller).sha256
    appealed = appeals.appeal_file(refused[1], whys, [proof], by=owner.user, settings=config(), now=now)
    return {
        "refused version": str(refused[0].pk), "appealed version": str(refused[1].pk), "file appeal": str(appealed.pk),
        "asset": str(asset.pk), "asset version": str(version.pk), "other member": str(joined.pk), "own group": str(support.pk), "domain": str(domain.pk),
        "tested address": str(address.pk), "attribute": str(attribute.pk),
    }  # fmt: skip
