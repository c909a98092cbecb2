"""Runs the networks on scenes of any size and gives radiance.

May import `models`, `runs`, `metrics`, `photographs`, `camera_motion`, `scenes`, `radiometry`,
`hardware` and `files`.
"""
