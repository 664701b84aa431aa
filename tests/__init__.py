"""Tests of Tradepost. The folders mirror src/tradepost/."""
