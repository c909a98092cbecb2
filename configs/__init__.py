"""Where things are and which values a run uses: frozen dataclasses and presets."""
