"""Paths and settings: frozen dataclasses and presets."""

import os

# Every script imports this package first: TensorFlow's start-up notes say nothing a user can use.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
