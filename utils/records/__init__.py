"""Packs scenes as TFRecords and cuts training batches from them.

May import `camera_motion`, `scenes`, `images`, `radiometry` and `files`.
"""
