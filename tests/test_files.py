"""One run in a folder: the second is refused, what a dead one left is taken over."""

import multiprocessing
import os
import socket
import time

import pytest

from utils.files import LOCK_NAME, LockedError, lock


def test_the_second_is_refused_and_told_who_is_there(tmp_path):
    with lock(tmp_path):
        holder = f"process {os.getpid()} on {socket.gethostname()}"
        with pytest.raises(LockedError, match=f"{tmp_path} is in use .*Received: lock of {holder}"):
            lock(tmp_path).__enter__()
    with lock(tmp_path):
        pass


def _hold(folder, held):
    with lock(folder):
        held.set()
        time.sleep(600)


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=_hold, args=(tmp_path, held))
    process.start()
    assert held.wait(60)
    with pytest.raises(LockedError, match=f"process {process.pid} on"):
        lock(tmp_path).__enter__()
    process.kill()
    process.join()
    assert f"process {process.pid} on" in (tmp_path / LOCK_NAME).read_text()
    with lock(tmp_path):
        assert f"process {os.getpid()} on" in (tmp_path / LOCK_NAME).read_text()
