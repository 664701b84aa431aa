"""A seller as a bare WSGI application: ``SELLER_KEY=… waitress-serve --listen=127.0.0.1:9000 wsgi_app:app``."""

from __future__ import annotations

import os
from pathlib import Path

from shop import make_seller

from tradepost.kit import wsgi

app = wsgi(make_seller(os.environ["SELLER_KEY"], Path(os.environ.get("SELLER_DATA", "."))))
