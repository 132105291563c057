"""One profile for all property tests: no deadline, since a first call may import and a machine may be busy."""

from hypothesis import settings

settings.register_profile("warmstart", deadline=None)
settings.load_profile("warmstart")
