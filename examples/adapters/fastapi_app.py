"""A seller inside a FastAPI application: ``SELLER_KEY=… uvicorn --http h11 --port 9000 fastapi_app:app``."""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from shop import make_seller

from tradepost.kit.fastapi import add_seller

app = FastAPI()
add_seller(app, make_seller(os.environ["SELLER_KEY"], Path(os.environ.get("SELLER_DATA", "."))))


@app.get("/", response_class=HTMLResponse)
async def home() -> str:
    return "<h1>Our product</h1>"
