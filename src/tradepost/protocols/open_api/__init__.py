"""The market's open APIs for sellers: signing, order query, errors (openapi-jointkit §C).

There is no ``PROTOCOL`` here, since the seller calls the market rather than the reverse.
"""
