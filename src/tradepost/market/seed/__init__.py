"""A believable market to try: sellers, products and accounts, loaded with the verbs that the pages use."""

from .loading import SeedResult, load
from .people import Login

__all__ = ["Login", "SeedResult", "load"]
