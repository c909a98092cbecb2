"""Paths and settings: frozen dataclasses and presets."""

from configs import start_up

start_up.prepare()  # every script imports this package before TensorFlow
