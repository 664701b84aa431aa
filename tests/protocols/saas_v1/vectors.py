"""The golden vectors of SaaS 1.0."""

from __future__ import annotations

import json
from importlib import resources

VECTORS = json.loads(resources.files("tradepost.protocols.saas_v1").joinpath("golden/vectors.json").read_text("utf-8"))
