"""How long the torch-free modules take to import, each in a fresh process: ``python benchmarks/import_time.py``.

The goal is 0.3 s. NumPy's own time stands beside it, since it is most of what can be measured on a busy machine.
"""

import statistics
import subprocess
import sys

MODULES = (
    "numpy",
    "warmstart.scale",
    "warmstart.theory",
    "warmstart.data",
    "warmstart.exercises.core",
    "warmstart.plots",
)
RUNS = 7


def seconds(module):
    """Time one import in a process of its own."""
    code = f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
    return float(subprocess.check_output([sys.executable, "-c", code]))


if __name__ == "__main__":
    times = {module: [] for module in MODULES}
    for _ in range(RUNS):  # in turn, so that a slow moment of the machine meets all of them
        for module in MODULES:
            times[module].append(seconds(module))
    print(f"{'module':<26} median s   min s")
    for module, values in times.items():
        print(f"{module:<26} {statistics.median(values):8.3f} {min(values):7.3f}")
