"""Decoded scenes in memory, as many as fit in a number of bytes."""

import collections
import threading
from collections.abc import Callable

from utils.records import Record


class SceneCache:
    """Decoded scenes, the latest used up to a number of bytes; safe for threads."""

    def __init__(self, load: Callable[[int], Record], capacity: int) -> None:
        """Starts empty.

        Args:
            load: Reads the scene of a number.
            capacity: Bytes to keep; a larger scene is not kept.
        """
        self._load = load
        self._capacity = capacity
        self._used = 0
        self._scenes: collections.OrderedDict[int, Record] = collections.OrderedDict()
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes of the scenes that are kept."""
        return self._used

    def get(self, scene: int) -> Record:
        """The scene, from memory or read anew."""
        with self._lock:
            if scene in self._scenes:
                self._scenes.move_to_end(scene)
                return self._scenes[scene]
        record = self._load(scene)  # without the lock: others go on; two may read the same scene
        with self._lock:
            self._keep(scene, record)
        return record

    def _keep(self, scene: int, record: Record) -> None:
        if scene in self._scenes or record.nbytes > self._capacity:
            return
        while self._used + record.nbytes > self._capacity:
            self._used -= self._scenes.popitem(last=False)[1].nbytes
        self._scenes[scene] = record
        self._used += record.nbytes
