"""What app.py needs besides Gradio: the photographs dropped on its page, results and messages.

May import `utils`, `photo.reading` and `photo.showing`.
"""
