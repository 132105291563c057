"""Fine-tuning as one call: a linear probe, then all that is not frozen."""

import numpy as np
import torch
from torch import Generator, Tensor, nn

from ..errors import check_count
from ..training import History, fit_with
from .groups import param_groups
from .heads import replace_head
from .probing import extract_features, linear_probe


def fine_tune(
    model: nn.Module,
    inputs: np.ndarray | Tensor,
    targets: np.ndarray | Tensor,
    *,
    epochs: int,
    learning_rate: float,
    layer_decay: float = 1.0,
    weight_decay: float = 0.0,
    batch_size: int = 32,
    generator: Generator | None = None,
) -> History:
    """Give ``model`` a new head that starts from a linear probe, then train all that is not frozen.

    Args:
        model: Knows something already; changed in place. What is frozen stays so.
        inputs: Shape (n, ...).
        targets: Class numbers, shape (n,), of at least two classes.
        epochs: Passes over the data, at least 1.
        learning_rate: Of the head, for AdamW.
        layer_decay: As in :func:`param_groups`, like the next.
        weight_decay: For matrices and kernels.
        batch_size: Examples per update.
        generator: Source of the order of the examples; ``None`` means torch's global one.

    Returns:
        The loss of each minibatch.

    Raises:
        ValueError: As in the functions above; a model that is refused stays as it was.

    Example:
        >>> from warmstart.models import MLP
        >>> model, x = MLP((2, 8, 5)), torch.randn(40, 2, generator=torch.Generator().manual_seed(0))
        >>> fine_tune(model, x, x[:, 0] > 0, epochs=3, learning_rate=1e-3).steps, model.head
        (6, Linear(in_features=8, out_features=2, bias=True))

    Source: Kumar et al. (2022), Fine-tuning can distort pretrained features, section 4: linear probe, then fine-tune.
    """
    check_count("epochs", epochs), check_count("batch_size", batch_size)
    rates = {"layer_decay": layer_decay, "weight_decay": weight_decay}
    param_groups(model, learning_rate, **rates)  # what it refuses is refused before the model is changed
    replace_head(model, linear_probe(extract_features(model, inputs), targets))
    optimizer = torch.optim.AdamW(param_groups(model, learning_rate, **rates))
    return fit_with(model, optimizer, inputs, targets, epochs=epochs, batch_size=batch_size, generator=generator)
