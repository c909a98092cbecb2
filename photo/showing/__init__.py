"""Makes tone-mapped pictures, Ultra HDR and the report page.

May import `utils` and `photo.reading`.
"""
