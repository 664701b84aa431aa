"""Everything that proves Tradepost; the folders mirror src/tradepost/."""
