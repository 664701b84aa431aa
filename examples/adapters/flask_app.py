"""A seller inside a Flask application: ``SELLER_KEY=… waitress-serve --listen=127.0.0.1:9000 flask_app:app``."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask
from shop import make_seller

from tradepost.kit.flask import blueprint

app = Flask(__name__)
app.register_blueprint(blueprint(make_seller(os.environ["SELLER_KEY"], Path(os.environ.get("SELLER_DATA", ".")))))


@app.get("/")
def home() -> str:
    return "<h1>Our product</h1>"
