"""One profile for all property tests: no deadline, since a first call may import and a machine may be busy."""

import os

from hypothesis import settings

# One core for each worker: the threads of two linear algebra libraries on two cores mostly wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("warmstart", deadline=None)
settings.load_profile("warmstart")
