"""The cloud file (``TRADEPOST_COMPUTE_FILE``): region, network, sizes and images of the cloud that an operator connects.

The file is read again after it changes, so that an image can be added without a restart. A change that cannot be read keeps the
last good content; ``tradepost doctor`` shows the error.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.protocols.text import Text

from .contract import CloudError, Fault, Offered, SystemImage

log = structlog.get_logger(__name__)
SETTING = "TRADEPOST_COMPUTE_FILE"


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class Title(_Part, frozen=True):
    en: str
    zh: str

    @property
    def text(self) -> Text:
        return Text(en=self.en, zh=self.zh)


class Size(_Part, frozen=True):
    """``code``: stored with each server, so do not rename it. ``disk_type``: empty for the cloud's default."""

    code: str
    flavour: str
    title: Title
    disk_gb: int
    disk_type: str = ""


class PlainImage(_Part, frozen=True):
    """An image of the cloud's own, with which a buyer may replace a disk."""

    code: str
    image: str
    title: Title


class Network(_Part, frozen=True):
    """``network``: VPC (Huawei Cloud) or network (OpenStack). ``subnet``: EC2 and Huawei Cloud."""

    network: str = ""
    subnet: str = ""
    security_groups: tuple[str, ...] = ()
    zone: str = ""
    public_address: bool = False
    bandwidth_mbit: int = 5
    """Of a public address at Huawei Cloud."""
    public_address_type: str = "5_bgp"
    """Line of a public address at Huawei Cloud; the regions offer different ones."""


class Login(_Part, frozen=True):
    """Credentials. For OpenStack: an application credential (access and secret key), or a user with a password."""

    access_key: str = ""
    secret_key: str = ""
    user: str = ""
    password: str = ""
    domain: str = "Default"

    def __repr__(self) -> str:
        """Without secrets: values of local variables may come into logs."""
        return f"Login(access_key={self.access_key!r}, user={self.user!r}, domain={self.domain!r})"


class CloudFile(_Part, frozen=True):
    title: Title
    region: str
    sizes: tuple[Size, ...]
    endpoint: str = ""
    project: str = ""
    key_pair: str = ""
    observe_seconds: int = 300
    network: Network = Network()
    credentials: Login = Login()
    images: tuple[PlainImage, ...] = ()
    imported: Mapping[str, str] = {}
    """Image id in the cloud by reference (``asset:<number>``) of a seller's image."""

    def size(self, code: str) -> Size:
        """Raises ``CloudError``."""
        size = next((size for size in self.sizes if size.code == code), None)
        if size is None:
            raise CloudError(f"size {code} is not in {SETTING}", final=True, fault=Fault.SETTINGS)
        return size

    def image(self, image: SystemImage) -> str:
        """The cloud's id of an image. Raises ``CloudError``."""
        known = {plain.code: plain.image for plain in self.images} | dict(self.imported)
        if image.reference not in known:
            said = f'image {image.reference} ({image.name}) is not imported: add "{image.reference}" to [imported] in {SETTING}'
            raise CloudError(said, final=True, fault=Fault.SETTINGS)
        return known[image.reference]


def read(path: Path) -> CloudFile:
    """Raises ``ValueError`` with an explanation."""
    try:
        content = msgspec.toml.decode(path.read_bytes(), type=CloudFile)
    except OSError as fault:
        raise ValueError(f"{path} cannot be read: {fault.strerror}. Correct {SETTING} or the permissions.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as fault:
        raise ValueError(f"{path} is not a valid cloud file: {fault}") from None
    for what, codes in (
        ("size", [size.code for size in content.sizes]),
        ("image", [one.code for one in content.images]),
    ):
        if len(set(codes)) < len(codes):
            raise ValueError(f"{path}: two entries have the same {what} code. Give each its own code.")
    if not content.sizes:
        raise ValueError(f"{path} has no [[sizes]]. Add at least one size of servers.")
    if any(not 1 <= size.disk_gb <= 65_536 for size in content.sizes) or content.observe_seconds < 10:
        raise ValueError(f"{path}: disk_gb must be from 1 to 65536, and observe_seconds at least 10.")
    return content


class Setup(Struct, frozen=True, kw_only=True):
    """What an adapter is built from. ``access_key`` and ``secret_key`` of the environment replace those of the file."""

    path: Path
    outbound: OutboundPolicy
    access_key: str = ""
    secret_key: str = ""

    def __repr__(self) -> str:
        """Without the secret key."""
        return f"Setup(path={str(self.path)!r}, access_key={self.access_key!r})"


class LiveFile:
    """The cloud file as it is now."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._lock = threading.Lock()
        self._changed = self._stamp()
        self._content = read(setup.path)

    def _stamp(self) -> tuple[int, int]:
        try:
            status = self.setup.path.stat()
        except OSError:
            return (0, 0)
        return status.st_mtime_ns, status.st_size

    @property
    def now(self) -> CloudFile:
        with self._lock:
            if (stamp := self._stamp()) != self._changed:
                self._changed = stamp
                try:
                    self._content = read(self.setup.path)
                except ValueError as wrong:
                    log.warning("the changed cloud file is not used", why=str(wrong))
            return self._content

    @property
    def keys(self) -> tuple[str, str]:
        """Access key and secret key. Raises ``CloudError`` without them."""
        login = self.now.credentials
        access, secret = self.setup.access_key or login.access_key, self.setup.secret_key or login.secret_key
        if not access or not secret:
            said = f"no credentials: set TRADEPOST_COMPUTE_ACCESS_KEY and TRADEPOST_COMPUTE_SECRET_KEY, or [credentials] in {SETTING}"
            raise CloudError(said, fault=Fault.CREDENTIALS)
        return access, secret

    @property
    def sizes(self) -> Sequence[Offered]:
        return tuple(Offered(code=size.code, title=size.title.text) for size in self.now.sizes)

    @property
    def images(self) -> Sequence[Offered]:
        return tuple(Offered(code=image.code, title=image.title.text) for image in self.now.images)


class FileCloud:
    """What every cloud answers from its cloud file. Its adapter asks the cloud itself."""

    def __init__(self, name: str, setup: Setup) -> None:
        self.name = name
        self._file = LiveFile(setup)

    @property
    def title(self) -> Text:
        return self._file.now.title.text

    @property
    def sizes(self) -> Sequence[Offered]:
        return self._file.sizes

    @property
    def images(self) -> Sequence[Offered]:
        return self._file.images

    @property
    def observe_every(self) -> timedelta | None:
        return timedelta(seconds=self._file.now.observe_seconds)
