"""Upload of a picture by a form field before its form is submitted."""

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
    """Store the file of ``field`` and return the field with the picture, or with the file's error."""
    field = _uploaded_field(request)
    uploaded = request.FILES.get(f"{field.name}_file")
    if not isinstance(uploaded, UploadedFile):
        return _render_field(request, replace(field, error=_("Choose a file.")))
    try:
        picture = uploads.keep_picture(
            uploaded, purpose=field.purpose, seller=request.seller, by=request.user, now=request.now
        )
    except Refused as refused:
        return _render_field(request, replace(field, error=refused.message))
    return _render_field(request, replace(field, sha256=picture.sha256))


# decoding takes a second and must not hold SQLite's write lock
upload.own_transactions = True  # type: ignore[attr-defined]


def picture_field(
    name: str, purpose: Picture.Purpose, *, sha256: str = "", error: str = "", required: bool = False
) -> PictureField:
    """Return a field for ``{% include "web/parts/file_field.html" with upload=… %}`` in a form of this site."""
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


def _uploaded_field(request: SellerRequest) -> PictureField:
    """Return the field of the upload. The earlier picture stays if the new file is refused."""
    name, purpose = request.POST.get("field", ""), request.POST.get("purpose", "")
    if not uploads.FIELD_NAME.fullmatch(name) or purpose not in Picture.Purpose.values:
        raise Http404
    before = request.POST.get(name, "")
    is_owned = uploads.owns_picture(request.seller, before, purpose=Picture.Purpose(purpose))
    return picture_field(
        name, Picture.Purpose(purpose), sha256=before if is_owned else "", required="required" in request.POST
    )


def _render_field(request: HttpRequest, field: PictureField) -> HttpResponse:
    """Render the field. A refusal has the status 422, for which pages also replace the field."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if field.error else HTTPStatus.OK
    return render(request, "web/parts/file_field.html", {"upload": field}, status=status)
