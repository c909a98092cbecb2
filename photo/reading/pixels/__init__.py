"""Colour profile and white level of photographs."""
