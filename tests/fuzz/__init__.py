"""Bad inputs by the thousand: seeded generators, the scripts' doors, and what must hold of each.

A case is a kind and a number. From both follows the input, so that a case can be made again:

    python -m tests.fuzz --cases 10000 --seed 0     all kinds, a table at the end (make fuzz)
    python -m tests.fuzz --replay frame:1234        one case, with all that is said of it

Of every case the following must hold. The program ends by itself, with exit code 0 or 2 and without
a traceback, within a limit of time and of memory. A bad scene among healthy ones is named, with its
file and a reason, and leaves no results. The healthy ones' results are those of a run without it,
byte by byte. Nothing half-written stays, and no input is touched.
"""

import configs  # noqa: F401 -- before TensorFlow, which it silences
