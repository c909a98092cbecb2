"""Kills: what is stopped at any moment and run again ends with the files of an undisturbed run.

`make soak` sets ESBN_KILLS for hundreds of kills; `make test` makes a few.
"""

import configs  # noqa: F401 -- silences TensorFlow, so it comes first
