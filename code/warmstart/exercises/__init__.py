"""Exercises that check themselves: ``from warmstart.exercises import check``."""

from .core import check

__all__ = ["check"]
