"""Everything around the networks: fourteen packages, one subject each.

Each package says in its docstring what lives there and what it may import.
"""
