"""Everything around the networks, one subject a file."""
