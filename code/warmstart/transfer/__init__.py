"""Start from weights that know something: load, cut, freeze, replace the head, probe it, fine-tune.

Every function takes any ``torch.nn.Module`` that names its layers in the order in which they are applied. A model may
say itself what counts as one layer, by a method ``layer_groups()`` that returns the parameters of each layer by its
name, from input to output, as the networks of :mod:`warmstart.models` do.
"""

from .adaptation import collapse_input, inflate_input, recalibrate_batchnorm
from .freezing import freeze, freeze_to, unfreeze
from .groups import layer_groups, param_groups
from .heads import replace_head
from .loading import Loaded, load_matching, resample_weights
from .lora import LoRALinear, add_lora, merge_lora
from .probing import extract_features, leave_one_out_accuracy, linear_probe
from .recipe import fine_tune
from .selection import cka, h_score, leep, logme

__all__ = [
    "LoRALinear",
    "Loaded",
    "add_lora",
    "cka",
    "collapse_input",
    "extract_features",
    "fine_tune",
    "freeze",
    "freeze_to",
    "h_score",
    "inflate_input",
    "layer_groups",
    "leave_one_out_accuracy",
    "leep",
    "linear_probe",
    "load_matching",
    "logme",
    "merge_lora",
    "param_groups",
    "recalibrate_batchnorm",
    "replace_head",
    "resample_weights",
    "unfreeze",
]
