"""Everything around the networks for data sets: one subject a package.

Each package says in its docstring what lives there and what it may import.
"""
