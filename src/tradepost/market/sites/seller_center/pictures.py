"""A picture that the field of a form sends before the form itself."""

from __future__ import annotations

from http import HTTPStatus

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tradepost.market.assets.models import Picture
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.identity.menus import Menu
from tradepost.market.web import uploads
from tradepost.market.web.uploads import PictureField

from .frame import SellerRequest, seller_page


@require_POST
@seller_page(menu=Menu.PRODUCTS)
@uploads.takes_pictures()
def upload(request: SellerRequest) -> HttpResponse:
    """Keep the file of ``field`` and answer the field anew: with the picture, or with what is wrong with the file."""
    field = _field(request)
    uploaded = request.FILES.get(f"{field.name}_file")
    if not isinstance(uploaded, UploadedFile):
        return _shown(request, replace(field, error=_("Choose a file.")))
    try:
        kept = uploads.keep(uploaded, purpose=field.purpose, seller=request.seller, by=request.user, now=request.now)
    except Refused as refused:
        return _shown(request, replace(field, error=refused.message))
    return _shown(request, replace(field, sha256=kept.sha256))


upload.own_transactions = True  # type: ignore[attr-defined]  # a second of decoding must not hold the lock of SQLite


def picture_field(
    name: str, purpose: Picture.Purpose, *, sha256: str = "", error: str = "", required: bool = False
) -> PictureField:
    """For ``{% include "web/parts/file_field.html" with upload=… %}`` in a form of this site."""
    action = reverse("seller_center:picture_upload")
    return PictureField(
        name=name,
        label=str(purpose.label),
        purpose=purpose,
        action=action,
        sha256=sha256,
        error=error,
        required=required,
    )


def _field(request: SellerRequest) -> PictureField:
    """The field that the file is for. What was kept before stays where the new file is refused."""
    name, purpose = request.POST.get("field", ""), request.POST.get("purpose", "")
    if not uploads.FIELD_NAME.fullmatch(name) or purpose not in Picture.Purpose.values:
        raise Http404
    before = request.POST.get(name, "")
    known = uploads.is_of(request.seller, before, purpose=Picture.Purpose(purpose))
    return picture_field(
        name, Picture.Purpose(purpose), sha256=before if known else "", required="required" in request.POST
    )


def _shown(request: HttpRequest, field: PictureField) -> HttpResponse:
    """A refusal is answered 422, which pages show in place of the field as well."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if field.error else HTTPStatus.OK
    return render(request, "web/parts/file_field.html", {"upload": field}, status=status)
