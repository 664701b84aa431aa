"""A chapter of history.py: an enterprise with departments, members in every state, a group, an invitation and two
tables.
"""

from __future__ import annotations


def enterprise(_seller_url: str) -> dict[str, str]:
    from tests.factories.organisations import head_office, make_admin, make_department, make_managed
    from tests.waiting import until
    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.identity.models import User
    from tradepost.market.organisations import groups, import_members, members
    from tradepost.market.organisations.models import ImportRun, Member
    from tradepost.market.organisations.profile import Profile
    from tradepost.market.seed.people import BUYER

    now = clock.now()
    admin = make_admin(User.objects.get(email=BUYER.email), code="lantian", name="蓝天制造", now=now)
    research = make_department(admin, code="RD", name="研发中心")
    make_department(admin, code="FE", name="前端组", parent=research)
    profile = Profile(position="前端工程师", employee_code="1024", employee_type=1, mobile="138 0000 1024")
    one = make_managed(admin, "han.mei", name="韩梅梅", department=research.pk, profile=profile, now=now).member
    off, gone = (
        make_managed(admin, name, name=said, now=now).member
        for name, said in (("wang.wu", "王五"), ("zhao.liu", "赵六"))
    )
    members.disable(off, by=admin, now=now)
    members.remove(gone, by=admin, now=now)
    group = groups.add(admin.enterprise, "试点用户", by=admin, most=9, now=now)
    groups.add_members(group, [one.pk], by=admin, now=now)
    token = _invited(admin, head_office(admin.enterprise).pk)
    runs: list[ImportRun] = []
    for table in (
        "账号,姓名,部门\nli.si,李四,RD\nbad name,周七,RD\n",
        "账号,姓名,部门\nsun.ba,孙八,NOWHERE\n,吴九,RD\n",
    ):
        run = import_members.upload(
            admin.enterprise, "成员.csv", table.encode(), by=admin, files=import_members.folder(config().files),
            bounds=import_members.limits_of(config().organisations), now=now,
        )  # fmt: skip
        until(lambda: ImportRun.objects.get(pk=run.pk).status == "checked", "the table is looked through")  # noqa: B023  # awaited at once
        if not runs:
            import_members.confirm(run, by=admin, now=now)
            until(lambda: Member.objects.filter(user_name="li.si").exists(), "the table is imported")
            until(lambda: ImportRun.objects.get(pk=run.pk).status == "done", "the import ends")  # noqa: B023  # awaited at once
        runs.append(run)
    return {
        "enterprise member": str(one.pk), "disabled member": str(off.pk), "removed member": str(gone.pk), "enterprise group": str(group.pk),
        "research": str(research.pk), "imported": str(runs[0].pk), "import wrong": str(runs[1].pk), "enterprise token": token,
    }  # fmt: skip


def _invited(admin: object, department: int) -> str:
    from datetime import timedelta

    from tradepost.market.base import clock
    from tradepost.market.organisations.invite import InvitationTerms, invite
    from tradepost.market.organisations.members import Person

    terms = InvitationTerms(most=99, valid=timedelta(days=7))
    person = Person(name="钱十", department=department)
    made = invite(admin.enterprise, "qian@lantian.example", "qian.shi", person, by=admin, terms=terms, now=clock.now())  # type: ignore[attr-defined, arg-type]  # a member
    return made.token
