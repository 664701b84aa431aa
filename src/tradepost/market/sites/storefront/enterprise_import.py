"""Members from a table: handed in, looked through, imported; how far it is shows while it lasts, and goes on without the page."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from typing import ClassVar

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.organisations import import_members, import_table, password_files, queries
from tradepost.market.organisations.enterprise import FIRST_DEPARTMENT
from tradepost.market.organisations.models import ImportRun
from tradepost.market.web.uploads import FileField, takes_bytes, uploaded_in

from .balance import MARK
from .enterprise_frame import EnterpriseRequest, enterprise_page, found, show


@dataclass(frozen=True, slots=True, kw_only=True)
class TableField(FileField):
    """As ``web/parts/file_field.html`` shows it; it comes with the form itself."""

    action: str = ""
    accept: ClassVar[str] = ".csv,.xlsx"
    removable: ClassVar[bool] = False
    file: ClassVar[None] = None

    @property
    def asks(self) -> Mapping[str, str]:
        return {}

    @property
    def hint(self) -> str:
        return _("CSV or XLSX, at most %(most)s MB.") % {"most": f"{self.most_bytes / 1_048_576:g}"}

    @property
    def most_bytes(self) -> int:
        return config().import_most_bytes

    @property
    def too_large(self) -> str:
        return import_members.too_large(self.most_bytes).message


@takes_bytes(lambda: config().import_most_bytes + 1_000_000)
@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def index(request: EnterpriseRequest) -> HttpResponse:
    refused = None
    if request.method == "POST":
        try:
            run = _hand_in(request)
        except Refused as why:
            refused = why
        else:
            return redirect("storefront:enterprise_import", code=request.enterprise.code, pk=run.pk)
    upload = TableField(
        name="table", label=_("Table of members"), required=True, error=refused.message if refused else ""
    )
    columns = [
        (names[0], names[-1] if len(names) == 2 else _in_chinese(names)) for names in import_table.COLUMNS.values()
    ]
    return show(
        request, "storefront/enterprise_imports.html", status=refused.status if refused else 200, upload=upload, columns=columns,
        page=queries.imports_of(request.enterprise, after=request.GET.get("after", "")),
        most=config().import_most_lines, most_of_spreadsheet=import_table.SPREADSHEET.rows - 1,
    )  # fmt: skip


def _in_chinese(names: tuple[str, ...]) -> str:
    return next(name for name in names if not name.isascii())


def _hand_in(request: EnterpriseRequest) -> ImportRun:
    uploaded = uploaded_in(request, "table")
    if uploaded is None:
        raise Refused("enterprise_import.table", _("Choose a file."), 422, field="table")
    settings = config()
    return import_members.hand_in(
        request.enterprise, uploaded.name or "", uploaded.read(settings.import_most_bytes + 1), by=request.membership,
        files=import_members.folder(settings.files), bounds=import_members.bounds_of(settings), now=request.now,
    )  # fmt: skip


@require_safe
@enterprise_page(admin=True)
def detail(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """The same address answers while it is worked on, again and again."""
    run = found(queries.find_import(request.enterprise, pk))
    open_now = run.status in {ImportRun.Status.CHECKING, ImportRun.Status.IMPORTING}
    return show(
        request, "storefront/enterprise_import.html", run=run, report=import_members.report_of(run), live=open_now,
        lacking=not open_now and password_files.lacking(run), password_file=password_files.newest(request.enterprise, run),
        job=import_members.job_of(run) if open_now else None,
    )  # fmt: skip


@require_POST
@enterprise_page(admin=True)
def confirm(request: EnterpriseRequest, pk: int) -> HttpResponse:
    run = found(queries.find_import(request.enterprise, pk))
    import_members.confirm(run, by=request.membership, now=request.now)
    return redirect("storefront:enterprise_import", code=request.enterprise.code, pk=run.pk)


@require_POST
@enterprise_page(admin=True)
def drop(request: EnterpriseRequest, pk: int) -> HttpResponse:
    run = found(queries.find_import(request.enterprise, pk))
    import_members.drop(run, by=request.membership, now=request.now)
    messages.success(request, _("Nothing more is imported of this table."))
    return redirect("storefront:enterprise_import", code=request.enterprise.code, pk=run.pk)


@require_safe
@enterprise_page(admin=True)
def template(_request: EnterpriseRequest) -> HttpResponse:
    """A table with its first line, in the reader's language, and nobody in it but an example."""
    chinese = (get_language() or "zh").startswith("zh")
    out = StringIO()
    out.write(MARK)
    table = csv.writer(out)
    table.writerow([_in_chinese(names) if chinese else names[0] for names in import_table.COLUMNS.values()])
    example = {
        "user_name": "zhang.san",
        "name": "张三" if chinese else "Zhang San",
        "department": FIRST_DEPARTMENT,
        "role": "user",
    }
    table.writerow([example.get(column, "") for column in import_table.COLUMNS])
    answer = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="members.csv"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
