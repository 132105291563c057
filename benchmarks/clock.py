"""CPU time on one thread, what all benchmarks share."""

import statistics
import time

import torch

torch.set_num_threads(1)


def timed(run):
    """CPU seconds of one call, and what it returned."""
    started = time.process_time()
    result = run()
    return time.process_time() - started, result


def cpu_time(run):
    """CPU seconds of one call."""
    return timed(run)[0]


def ratios(slow, fast, repeats=5):
    """How many times longer the first takes than the second, both in turn: median, smallest and largest."""
    found = [cpu_time(slow) / cpu_time(fast) for _ in range(repeats)]
    return statistics.median(found), min(found), max(found)
