"""The storefront, where buyers find, buy and use products."""
