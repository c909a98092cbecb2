"""Checks the values of weights that come from a file."""

import numpy as np


def fault(variable: str, values: np.ndarray) -> str | None:
    """Describes values with which a network would silently produce black or wrong pictures.

    Args:
        variable: The variable's name without that of its layer: `kernel` or `moving_variance`.
        values: Its values, floating-point.

    Returns:
        The end of an error message, from `must be` on; None if the values are sound.
    """
    bad = values[~np.isfinite(values)]
    if bad.size:
        return f"must be finite; take other weights. Received: {bad.size} values such as {bad[0]}"
    if variable == "moving_variance" and values.size and values.min() <= 0:
        return f"must be positive; take other weights. Received: {values.min()}"
    return None
