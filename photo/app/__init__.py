"""Photographs dropped on the page of app.py, their results and messages; without Gradio.

May import `utils`, `photo.reading` and `photo.showing`.
"""
