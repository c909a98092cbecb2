"""Makes dynamic scenes with ground truth from radiance maps.

May import `scenes`, `images`, `radiometry` and `files`.
"""
