"""Bad inputs by the thousand: seeded generators, the scripts they go through, and the checks.

A case is a kind and a number, which determine the input:

    python -m tests.fuzz --cases 10000 --seed 0     all kinds, a table at the end (make fuzz)
    python -m tests.fuzz --replay frame:1234        one case, kept if it is faulty

For every case: the program ends with exit code 0 or 2 and without a traceback, within limits of
time and memory. A bad scene among healthy ones is named, with its file and a reason, and leaves no
results; the healthy scenes' results are those of a run without it, byte by byte. Nothing
half-written stays, and no input is changed.
"""

import configs  # noqa: F401 -- silences TensorFlow, so it comes first
