"""Groups the photographs of a folder into brackets."""
