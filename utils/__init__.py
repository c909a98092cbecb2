"""Everything around the networks: thirteen packages, one subject each.

Each package says in its docstring what lives there and what it may import.
"""
