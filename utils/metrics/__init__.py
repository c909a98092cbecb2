"""Turns a result and the truth into numbers, under named protocols.

May import `scenes` and `radiometry`.
"""
