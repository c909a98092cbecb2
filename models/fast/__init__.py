"""Equal, cheaper arithmetic for the networks; the plain layers are its yardstick."""
