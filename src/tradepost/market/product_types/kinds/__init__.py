"""One folder a kind of product."""
