"""Scores methods against the truth and makes tables and plots of the scores.

May import `reporting`, `inference`, `metrics`, `camera_motion`, `scenes`, `images`, `radiometry`,
`hardware` and `files`.
"""
