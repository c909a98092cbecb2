"""Tests of `utils/camera_motion/`."""
