"""Start a whole network: layer by layer for what follows each, or by a batch, and say what was done."""

from .blank import no_default_init
from .lsuv import lsuv_
from .network import initialize_
from .report import Entry, Report
from .rules import LAYERS, SCHEMES, true_fans

__all__ = ["LAYERS", "SCHEMES", "Entry", "Report", "initialize_", "lsuv_", "no_default_init", "true_fans"]
