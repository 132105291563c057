"""Warm Start: from which point should the training of a neural network start?

Initialization and transfer learning, as small exact functions; the book derives each of them.
The modules are imported one by one (``from warmstart import scale``), so that what needs no torch loads none.
"""

__version__ = "0.1.0"
