"""Warm Start: from which point should the training of a neural network start?

Initialization and transfer learning, as small exact functions; the book derives each of them. What lies where:

==============================  =======================================================================
scale, activations, quadrature  how large weights should be: fans and exact gains (NumPy alone)
theory                          what becomes of variance, gradient and correlation (NumPy alone)
initializers                    a drop-in for ``torch.nn.init``, from one core
initialization                  a whole network: ``initialize_``, ``lsuv_``, ``no_default_init``
transfer                        load, freeze, new heads, probes, fine-tuning, adapters, scores of sources
models, pretrained              small networks, and networks that know something
training, multitask             train one network, many as one stack, one on several tasks
comparison, bench               fair comparisons, and what every experiment needs
probes                          what a network looks like from outside
data, perception                real pictures, and how alike two of them look
plots, studies, exercises       figures, results of long runs, and exercises that check themselves
==============================  =======================================================================

``import warmstart`` loads nothing; a module is loaded when it is first named, so what needs no torch loads none.

Example:
    >>> import warmstart
    >>> warmstart.scale.gain("relu") ** 2
    2.0000000000000004
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import (
        activations,
        bench,
        comparison,
        data,
        errors,
        exercises,
        initialization,
        initializers,
        models,
        multitask,
        perception,
        plots,
        pretrained,
        probes,
        quadrature,
        scale,
        studies,
        theory,
        training,
        transfer,
    )
    from .exercises import check
    from .initialization import initialize_, lsuv_, no_default_init
    from .transfer import fine_tune, freeze, load_matching

__version__ = "0.1.0"
__all__ = [
    "activations",
    "bench",
    "check",
    "comparison",
    "data",
    "errors",
    "exercises",
    "fine_tune",
    "freeze",
    "initialization",
    "initialize_",
    "initializers",
    "load_matching",
    "lsuv_",
    "models",
    "multitask",
    "no_default_init",
    "perception",
    "plots",
    "pretrained",
    "probes",
    "quadrature",
    "scale",
    "studies",
    "theory",
    "training",
    "transfer",
]
_HOMES = {"check": "exercises", "fine_tune": "transfer", "freeze": "transfer", "load_matching": "transfer"}
_HOMES |= dict.fromkeys(("initialize_", "lsuv_", "no_default_init"), "initialization")


def __getattr__(name: str) -> Any:
    """Load a module, or that of a verb, when it is first named (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f".{_HOMES.get(name, name)}", __name__)
    return globals().setdefault(name, getattr(home, name) if name in _HOMES else home)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
