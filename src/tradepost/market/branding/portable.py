"""Export and import of the branding with a market's configuration: texts, colour and pictures."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

from msgspec import convert, structs

from tradepost.market.assets.picture_rules import Limits
from tradepost.market.assets.pictures import store_picture
from tradepost.market.base.files import Files
from tradepost.market.base.portable import Importing, Place, Section
from tradepost.market.identity.models import User

from . import change, face
from .face import Values


def dump(place: Place) -> dict[str, Any]:
    current_branding = face.read()
    pictures = {use: getattr(current_branding, use) for use in change.PICTURE_PURPOSES}
    stored_pictures = {use: Files(place.files).read(sha256) for use, sha256 in pictures.items() if sha256}
    return {
        "values": structs.asdict(current_branding.values),
        "pictures": {use: base64.b64encode(content).decode() for use, content in stored_pictures.items() if content},
    }


def load(section: Any, importing: Importing) -> None:
    by = User.objects.get(pk=importing.by)
    change.save(convert(section["values"], Values), version=face.read().version, by=by, now=importing.now)
    for use, content in section["pictures"].items():
        picture = store_picture(
            BytesIO(base64.b64decode(content)), name=f"{use}.png", seller=None, purpose=change.PICTURE_PURPOSES[use], by=by,
            files=Files(importing.place.files), limits=Limits(), a_day=0, now=importing.now,
        )  # fmt: skip
        change.set_picture(use, picture.sha256, version=face.read().version, by=by, now=importing.now)


SECTIONS = (Section(name="branding", dump=dump, load=load),)
