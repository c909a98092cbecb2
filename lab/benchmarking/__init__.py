"""Times networks, training and the data path on this machine."""
