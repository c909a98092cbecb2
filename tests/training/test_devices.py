"""Set-up of a training process."""

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import numpy as np
from utils.training.devices import keep_freed_memory

def used():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

for keep in (False, True):
    if keep:
        keep_freed_memory()
    before = used()
    np.ones(2**28, np.uint8)
    print(used() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_kept():
    command = [sys.executable, "-c", SCRIPT]
    given_back, kept = subprocess.run(command, capture_output=True, check=True).stdout.split()
    assert int(given_back) < 2**26
    assert int(kept) > 2**27
