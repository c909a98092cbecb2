"""Packs scenes as TFRecords and cuts training batches from them.

May import `scenes`, `images`, `radiometry` and `files`.
"""
