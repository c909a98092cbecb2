"""Kills: what is stopped at any moment and run again ends with the files of an undisturbed run.

`make soak` sets ESBN_KILLS to make hundreds; without it there are a few, in `make test`.
"""

import configs  # noqa: F401 -- before TensorFlow, which it silences
