"""The cloud file (``TRADEPOST_COMPUTE_FILE``): region, network, sizes and images of the operator's cloud.

The file is read again after it changes, so that operators can add images without a restart. If the changed file is
invalid, the last valid content stays in use; ``tradepost doctor`` shows the error.
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

from .contract import CloudError, Fault, OfferedItem, SystemImage

log = structlog.get_logger(__name__)
SETTING = "TRADEPOST_COMPUTE_FILE"


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table in the file."""


class Title(_Part, frozen=True):
    en: str
    zh: str

    @property
    def text(self) -> Text:
        return Text(en=self.en, zh=self.zh)


class Size(_Part, frozen=True):
    """A server size. ``code`` is stored with each server, so do not rename it. ``disk_type``: empty for the cloud's
    default."""

    code: str
    flavour: str
    title: Title
    disk_gb: int
    disk_type: str = ""


class PlainImage(_Part, frozen=True):
    """One of the cloud's own images, with which a buyer may replace a disk."""

    code: str
    image: str
    title: Title


class Network(_Part, frozen=True):
    """The network of new servers. ``network``: VPC (Huawei Cloud) or network (OpenStack). ``subnet``: EC2 and Huawei
    Cloud."""

    network: str = ""
    subnet: str = ""
    security_groups: tuple[str, ...] = ()
    zone: str = ""
    public_address: bool = False
    bandwidth_mbit: int = 5
    """Bandwidth of a public address at Huawei Cloud."""
    public_address_type: str = "5_bgp"
    """Line type of a public address at Huawei Cloud; it differs between regions."""


class Login(_Part, frozen=True):
    """Credentials. For OpenStack: an application credential (access and secret key), or a user with a password."""

    access_key: str = ""
    secret_key: str = ""
    user: str = ""
    password: str = ""
    domain: str = "Default"

    def __repr__(self) -> str:
        """Omit the secrets, since local variables may appear in logs."""
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
    """Image id in the cloud, by the reference (``asset:<number>``) of a seller's image."""

    def size(self, code: str) -> Size:
        """Return the size with this code. Raises ``CloudError``."""
        size = next((size for size in self.sizes if size.code == code), None)
        if size is None:
            raise CloudError(f"size {code} is not in {SETTING}", final=True, fault=Fault.SETTINGS)
        return size

    def image(self, image: SystemImage) -> str:
        """Return the cloud's id of an image. Raises ``CloudError``."""
        ids = {plain.code: plain.image for plain in self.images} | dict(self.imported)
        if image.reference not in ids:
            message = f'image {image.reference} ({image.name}) is not imported: add "{image.reference}" to [imported] in {SETTING}'
            raise CloudError(message, final=True, fault=Fault.SETTINGS)
        return ids[image.reference]


def read(path: Path) -> CloudFile:
    """Read the cloud file. Raises ``ValueError`` with an explanation."""
    try:
        content = msgspec.toml.decode(path.read_bytes(), type=CloudFile)
    except OSError as fault:
        raise ValueError(f"{path} cannot be read: {fault.strerror}. Correct {SETTING} or the permissions.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as fault:
        raise ValueError(f"{path} is not a valid cloud file: {fault}") from None
    for kind, codes in (
        ("size", [size.code for size in content.sizes]),
        ("image", [image.code for image in content.images]),
    ):
        if len(set(codes)) < len(codes):
            raise ValueError(f"{path}: two entries have the same {kind} code. Give each its own code.")
    if not content.sizes:
        raise ValueError(f"{path} has no [[sizes]]. Add at least one size of servers.")
    if any(not 1 <= size.disk_gb <= 65_536 for size in content.sizes) or content.observe_seconds < 10:
        raise ValueError(f"{path}: disk_gb must be from 1 to 65536, and observe_seconds at least 10.")
    return content


def place_of(file: CloudFile, account: str) -> str:
    """Return the text for ``Compute.place``. ``account``: the account or project, as the cloud named it."""
    return " · ".join(part for part in (file.region, account, file.endpoint) if part)[:200]


class Setup(Struct, frozen=True, kw_only=True):
    """Settings from which an adapter is built. Keys from the environment take precedence over those of the file."""

    path: Path
    outbound: OutboundPolicy
    access_key: str = ""
    secret_key: str = ""

    def __repr__(self) -> str:
        """Omit the secret key."""
        return f"Setup(path={str(self.path)!r}, access_key={self.access_key!r})"


class LiveFile:
    """The cloud file, read again after each change."""

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
                except ValueError as error:
                    log.warning("the changed cloud file is not used", why=str(error))
            return self._content

    @property
    def keys(self) -> tuple[str, str]:
        """The access key and the secret key. Raises ``CloudError`` if one is missing."""
        login = self.now.credentials
        access, secret = self.setup.access_key or login.access_key, self.setup.secret_key or login.secret_key
        if not access or not secret:
            message = f"no credentials: set TRADEPOST_COMPUTE_ACCESS_KEY and TRADEPOST_COMPUTE_SECRET_KEY, or [credentials] in {SETTING}"
            raise CloudError(message, fault=Fault.CREDENTIALS)
        return access, secret

    @property
    def sizes(self) -> Sequence[OfferedItem]:
        return tuple(OfferedItem(code=size.code, title=size.title.text) for size in self.now.sizes)

    @property
    def images(self) -> Sequence[OfferedItem]:
        return tuple(OfferedItem(code=image.code, title=image.title.text) for image in self.now.images)


class FileCloud:
    """Base of adapters that take the title, sizes and images from the cloud file."""

    def __init__(self, name: str, setup: Setup) -> None:
        self.name = name
        self._file = LiveFile(setup)

    @property
    def title(self) -> Text:
        return self._file.now.title.text

    @property
    def sizes(self) -> Sequence[OfferedItem]:
        return self._file.sizes

    @property
    def images(self) -> Sequence[OfferedItem]:
        return self._file.images

    @property
    def observe_every(self) -> timedelta | None:
        return timedelta(seconds=self._file.now.observe_seconds)
