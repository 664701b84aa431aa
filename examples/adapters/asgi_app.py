"""A seller as a bare ASGI application: ``SELLER_KEY=… uvicorn --http h11 --port 9000 asgi_app:app``."""

from __future__ import annotations

import os
from pathlib import Path

from shop import make_seller

from tradepost.kit.asgi import asgi

app = asgi(make_seller(os.environ["SELLER_KEY"], Path(os.environ.get("SELLER_DATA", "."))))
