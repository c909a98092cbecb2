"""Set-up of a training process."""

import platform

import numpy as np
import psutil
import pytest

from tests import processes
from utils.training.devices import keep_freed_memory


def check_that_memory_is_kept():
    for keep in (False, True):
        if keep:
            keep_freed_memory()
        before = psutil.Process().memory_info().rss
        np.ones(2**28, np.uint8)
        assert (psutil.Process().memory_info().rss - before > 2**27) is keep


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_kept():
    processes.run(check_that_memory_is_kept)
