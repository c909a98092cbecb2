"""Times networks, training and the data path on this machine.

May import `training`, `inference`, `runs`, `metrics`, `models`, `records`, `camera_motion`,
`scenes`, `radiometry` and `hardware`.
"""
