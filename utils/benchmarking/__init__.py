"""Times networks, training and the data path on this machine.

May import `training`, `inference`, `metrics`, `models`, `records`, `scenes`, `radiometry` and
`hardware`.
"""
