"""How long a piece of work takes, told so that a limit holds on a slower machine or in a busy hour.

Limits of time in the tests were set where a fixed loop takes ``LOOP`` seconds. Where the same loop
takes longer, what is measured is told in proportion.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

LOOP = 0.05


def seconds(work: Callable[[], Any], tries: int = 3, enough: float = 0) -> float:
    """The least time of the processor, in seconds, that ``work`` takes in ``tries`` runs.

    No more are made after one that took less than ``enough``: they could not make it more.
    """
    times = []
    for _ in range(tries):
        before = _loop()
        taken = _of_the_processor(work)
        times.append(taken * LOOP / max(before, _loop(), LOOP))
        if times[-1] < enough:
            break
    return min(times)


def _loop() -> float:
    return _of_the_processor(lambda: sum(number * number for number in range(1_000_000)))


def _of_the_processor(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
