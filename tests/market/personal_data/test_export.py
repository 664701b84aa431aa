"""How the owner of an account gets a copy of their data: the job, the page, and the order of an operator (issue 28;
decision 0111).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.factories import NOW
from tests.factories.people import PASSWORD
from tests.factories.second_step import turn_on
from tests.market.personal_data.copying import (
    PAGE,
    TASK,
    copy_of,
    export_files,
    request_copy,
    run_job,
    signed_in_client,
)
from tests.market.personal_data.pasts import make_subject, with_everything
from tradepost.market.audit.models import Entry
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import LeasedJob
from tradepost.market.exports import retention
from tradepost.market.exports.models import Export
from tradepost.market.identity.models import Throttle, User
from tradepost.market.notifications.models import Notice
from tradepost.market.personal_data import archive, declared, export
from tradepost.market.personal_data.erase import person_of

pytestmark = pytest.mark.django_db


# --- the job ----------------------------------------------------------------------------------------------------------


def test_killed_job_that_restarts_makes_one_file(monkeypatch: pytest.MonkeyPatch, files: Path) -> None:
    user = make_subject()
    with_everything(user)
    requested, real = request_copy(user), archive._write_subject

    def broken(found: Any, one: Any, source: Any) -> int:
        if one.name == "orders":
            raise OSError("the worker died")
        return real(found, one, source)

    monkeypatch.setattr(archive, "_write_subject", broken)
    assert run_job().state != 3
    assert export_files(files) == set()
    monkeypatch.setattr(archive, "_write_subject", real)
    LeasedJob.objects.update(due_at=NOW)
    assert run_job().outcome == "done"
    [new] = export_files(files)
    requested.refresh_from_db()
    assert (requested.status, new.name) == ("done", requested.sha256)
    assert Notice.objects.filter(kind=export.NOTICE, user=user).count() == 1


def test_copy_deleted_while_it_is_written_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch, files: Path, django_capture_on_commit_callbacks: Any
) -> None:
    user = make_subject()
    export, real = request_copy(user), archive._readme

    def deleted_meanwhile(*given: Any) -> str:
        Export.objects.filter(pk=export.pk).delete()
        return real(*given)

    monkeypatch.setattr(archive, "_readme", deleted_meanwhile)
    with django_capture_on_commit_callbacks(execute=True):
        run_job()
    assert export_files(files) == set()
    assert not Notice.objects.exists()


def test_failed_copy_can_be_requested_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_subject()
    request_copy(user)
    monkeypatch.setattr(archive, "_readme", lambda *_: 1 / 0)
    for _ in range(2):
        run_job()
        LeasedJob.objects.update(due_at=NOW)
    assert Export.objects.get().status == "failed"
    page = signed_in_client(user).get(PAGE).content.decode()
    assert "The file could not be created. Request your data again." in page
    assert "ZeroDivisionError" not in page
    monkeypatch.undo()
    assert copy_of(user).namelist()
    assert Export.objects.count() == 1


def test_copy_is_deleted_after_its_retention_and_with_the_account(
    files: Path, django_capture_on_commit_callbacks: Any
) -> None:
    user = make_subject()
    copy_of(user)
    assert len(export_files(files)) == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert retention.exports(files).work(NOW) == 0
        assert retention.exports(files).work(NOW.replace(year=NOW.year + 1)) == 1
    assert (export_files(files), Export.objects.count()) == (set(), 0)
    Throttle.objects.all().delete()
    copy_of(user)
    with django_capture_on_commit_callbacks(execute=True):
        declared.CONTEXTS["exports"].first(person_of(user), files)
    assert (export_files(files), Export.objects.count()) == (set(), 0)


def test_erasure_cancels_a_copy_in_progress(files: Path) -> None:
    user = make_subject()
    request_copy(user)
    declared.CONTEXTS["exports"].first(person_of(user), files)
    LeasedJob.objects.update(due_at=NOW)
    assert (Export.objects.count(), run_job().outcome) == (0, "cancelled")
    assert (export_files(files), Notice.objects.count()) == (set(), 0)


# --- the pages of the owner -------------------------------------------------------------------------------------------


def test_owner_requests_with_password_follows_downloads_and_deletes_a_copy() -> None:
    user = make_subject()
    client = signed_in_client(user)
    assert "Request my data" in client.get(PAGE).content.decode()
    wrong = client.post(PAGE, {"password": "wrong"})
    assert (wrong.status_code, Export.objects.count(), LeasedJob.objects.count()) == (422, 0, 0)
    assert client.get(f"{PAGE}file/").status_code == 404
    sent = client.post(PAGE, {"password": PASSWORD}, follow=True).content.decode()
    assert "every 2s" in sent
    assert "Request my data" not in sent
    assert client.post(PAGE, {"password": PASSWORD}).status_code == 422
    assert LeasedJob.objects.count() == 1
    while leased_jobs.run_due(TASK, now=clock.now, wall=clock.wall, owner="w"):
        pass
    page = client.get(PAGE).content.decode()
    assert f'href="{PAGE}file/"' in page
    assert "every 2s" not in page
    file = client.get(f"{PAGE}file/")
    assert file["Content-Disposition"] == 'attachment; filename="personal-data.zip"'
    assert file["Cache-Control"] == "private, no-store"
    assert Notice.objects.get(user=user).kind == export.NOTICE
    client.post(f"{PAGE}delete/")
    assert (Export.objects.count(), client.get(f"{PAGE}file/").status_code) == (0, 404)


def test_one_copy_a_day() -> None:
    user = make_subject()
    client = signed_in_client(user)
    client.post(PAGE, {"password": PASSWORD})
    client.post(f"{PAGE}delete/")
    response = client.post(PAGE, {"password": PASSWORD})
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 86_400
    assert "You can request your data once a day." in response.content.decode()
    assert Export.objects.count() == 0


def test_other_people_cannot_download_or_delete_a_copy() -> None:
    user = make_subject()
    copy_of(user)
    for other in (factories.make_buyer(), factories.make_operator()):
        client = signed_in_client(other)
        assert client.get(f"{PAGE}file/").status_code == 404
        assert client.post(f"{PAGE}delete/").status_code == 404
        for site in ("", "/console"):
            assert client.get(f"{site}/exports/{Export.objects.get().pk}/file/").status_code == 404
    assert Client().get(f"{PAGE}file/").status_code == 302
    assert signed_in_client(user).get(f"/exports/{Export.objects.get().pk}/file/").status_code == 404
    assert "Your data" not in signed_in_client(user).get("/exports/").content.decode().partition("<main")[2]
    assert Export.objects.get().status == "done"


def test_two_step_sign_in_requires_a_code() -> None:
    user = make_subject()
    client = signed_in_client(user)
    turn_on(user)
    client.force_login(user)
    assert 'name="code"' in client.get(PAGE).content.decode()
    assert client.post(PAGE, {"password": PASSWORD}).status_code == 422
    assert client.post(PAGE, {"password": PASSWORD, "code": "000000"}).status_code == 422
    assert Export.objects.count() == 0


def test_user_without_a_password_sets_one_first() -> None:
    """Decision 0108: a provider signs people in."""
    user = make_subject()
    user.set_unusable_password()
    user.save()
    client = signed_in_client(user)
    for page in (PAGE, "/profile/erasure/"):
        text = client.get(page).content.decode()
        assert 'href="/account/password/set/"' in text
        assert 'name="password"' not in text
    assert client.get("/account/password/set/").status_code == 200
    assert client.post(PAGE, {"password": PASSWORD}).status_code == 422
    assert Export.objects.count() == 0


def test_only_an_owner_orders_a_copy_which_only_the_person_gets() -> None:
    user = make_subject()
    for role in ("finance", "reviewer", "service", "support", "auditor"):
        client = signed_in_client(factories.make_operator(role))
        assert client.post(f"/console/accounts/{user.pk}/data/", {"export-reason": "letter"}).status_code == 403
    assert Export.objects.count() == 0
    client = signed_in_client(factories.make_operator())
    assert client.post(f"/console/accounts/{user.pk}/data/", {"export-reason": " "}).status_code == 422
    assert Export.objects.count() == 0
    client.post(f"/console/accounts/{user.pk}/data/", {"export-reason": "letter of 1 March"})
    [export] = Export.objects.all()
    assert export.user == user
    entry = Entry.objects.latest("pk")
    assert (entry.act, entry.details["export-reason"]) == ("account_export", "letter of 1 March")
    assert "The file is being prepared" in client.get(f"/console/accounts/{user.pk}/access/").content.decode()
    assert client.get(f"{PAGE}file/").status_code == 404


def test_closed_account_gets_no_copy() -> None:
    user = make_subject()
    User.objects.filter(pk=user.pk).update(is_active=False)
    with pytest.raises(Refused, match=r"personal_export\.closed"):
        export.order_copy(user, reason="letter", files=config().files, now=NOW)
    assert (Export.objects.count(), LeasedJob.objects.count()) == (0, 0)
