"""The market's open APIs as a seller calls them: signing, order query, errors (openapi-jointkit §C).

No ``PROTOCOL`` here: the calls go from seller to market, the other way than those of a seller protocol.
"""
