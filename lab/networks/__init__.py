"""Networks that are made or changed here: narrower ones, and one that blends pixels."""
