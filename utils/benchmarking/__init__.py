"""Times networks, training and the data path on this machine.

May import `training`, `inference`, `models`, `records`, `scenes`, `radiometry` and `hardware`.
"""
