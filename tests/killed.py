"""Programs that a test kills, or starts many times: forked from one that has read its modules.

Each is a process of its own, as one that is started anew, without the seconds its imports take.
"""

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "compound_coverage.cli", "tests.casework.writer"])
