"""Checks of the chapter *Adapting with few numbers, and choosing the source*."""

from itertools import pairwise

import numpy as np

from .asks import Flags, Function
from .core import Mistake, as_array, call, compare, exercise


@exercise(
    "few-numbers-undo",
    asks=Function("pair(c, d, mean, std)"),
    right="Standardizing is affine as well, so the change stays affine, with the same factor and another constant.",
    hints=(
        "Write the new standardized picture with the old standardized one: put p = std x + mean in.",
        "x' = c x + (c mean + d - mean) / std; now undo this.",
    ),
)
def undo(answer, rng):
    """Factor and constant that undo a change of the raw pixels, for standardized pictures."""
    c, d, mean, std = rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.4), rng.uniform(0.1, 0.3), rng.uniform(0.2, 0.4)
    shift = (c * mean + d - mean) / std
    rows = [
        ("the raw pixels' numbers", [1 / c, -d / c], "The network sees standardized pictures.", "Put mean and std in."),
        ("the change itself", [c, shift], "This does it once more.", "Solve x' = c x + shift for x."),
        ("a constant that is not divided", [1 / c, -shift], "x = (x' - shift) / c.", "Both terms are divided by c."),
        ("the other sign", [1 / c, shift / c], "What was added is subtracted.", "The constant is negative here."),
        (
            "no mean",
            [1 / c, -d / (c * std)],
            "The mean is subtracted from c p + d, and was not multiplied by c before.",
            "Put p = std x + mean into c p + d - mean.",
        ),
        (
            "no standard deviation",
            [1 / c, -shift * std / c],
            "The constant is in units of the standard deviation.",
            "Divide by std.",
        ),
    ]
    got = as_array(call(answer, c, d, mean, std), (2,))
    compare(got, [1 / c, -shift / c], mistakes=[Mistake(*row) for row in rows])


@exercise(
    "few-numbers-count",
    asks=Function("count(sizes, rank)"),
    right="The thin matrices grow with the sides of a matrix, the full one with their product.",
    hints=(
        "One hidden matrix of m rows and n columns: how many numbers have A and B?",
        "r (m + n) for each hidden matrix; then the head with its biases.",
    ),
)
def count(answer, rng):
    """How many numbers are trained with thin matrices beside the hidden weights and a full head."""
    for _ in range(2):
        sizes = [int(size) for size in rng.integers(5, 40, size=int(rng.integers(4, 6)))]
        rank = int(rng.integers(2, 5))
        pairs = list(pairwise(sizes[:-1]))
        thin, head = rank * sum(map(sum, pairs)), (sizes[-2] + 1) * sizes[-1]
        rows = [
            ("a head without biases", thin + sizes[-2] * sizes[-1], "Each class has a bias.", "Add one a class."),
            ("no head", thin, "The head is trained as a whole.", "Add its weights and biases."),
            (
                "a thin head",
                thin + rank * (sizes[-2] + sizes[-1]),
                "The head gets no thin matrices.",
                "It is trained as a whole.",
            ),
            (
                "products of the sides",
                rank * sum(m * n for m, n in pairs) + head,
                "A is r times n, B is m times r.",
                "The sides are added.",
            ),
            ("hidden biases", thin + sum(sizes[1:-1]) + head, "The hidden biases are frozen.", "Leave them out."),
            ("one matrix", rank * sum(pairs[0]) + head, "Each hidden layer has its own pair.", "Sum over the layers."),
            ("no rank", thin // rank + head, "Each side occurs rank times.", "Multiply by the rank."),
        ]
        got = as_array(call(answer, tuple(sizes), rank), ())
        compare(got, thin + head, mistakes=[Mistake(*row) for row in rows])


@exercise(
    "few-numbers-moves",
    asks=Flags(
        "moves",
        (
            "A random, B = 0: A has a gradient",
            "A random, B = 0: B has a gradient",
            "A = 0, B random: A has a gradient",
            "A = 0, B random: B has a gradient",
            "both random: A has a gradient",
            "both random: B has a gradient",
            "both zero: A has a gradient",
            "both zero: B has a gradient",
        ),
    ),
    right="Each matrix gets its gradient through the other: one of them may be zero, not both.",
    hints=(
        "Look at the two gradients: which matrix stands in which?",
        "The gradient of A is B^T G, that of B is G A^T: a factor of zero makes it zero.",
    ),
)
def moves(answer, rng):
    """Which of A and B has a gradient in the first step, for four starts."""
    rows = [
        ("each its own", [1, 0, 0, 1, 1, 1, 0, 0], "The gradient of A holds B.", "Exchange A and B."),
        ("all but both zero", [1, 1, 1, 1, 1, 1, 0, 0], "A factor of zero is enough.", "Look at the first two starts."),
        ("none if the product is zero", [0, 0, 0, 0, 1, 1, 0, 0], "With A random, G A^T is not zero.", "Look at B."),
        ("everything", [1] * 8, "Zero times anything is zero.", "Look at the last start."),
        ("nothing", [0] * 8, "The third start has no zero in it.", "Look at both random."),
        (
            "both zero moves B",
            [0, 1, 1, 0, 1, 1, 0, 1],
            "The gradient of B holds A, which is zero there.",
            "Nothing moves in the last start.",
        ),
        ("both random is stuck", [0, 1, 1, 0, 0, 0, 0, 0], "No factor is zero there.", "Look at the third start."),
        ("those that stay", [1, 0, 0, 1, 0, 0, 1, 1], "The question is which have one.", "Turn the answer round."),
    ]
    compare(answer, [0, 1, 1, 0, 1, 1, 0, 0], mistakes=[Mistake(*row) for row in rows])


@exercise(
    "few-numbers-constant",
    asks=Flags("constant_for", ("50 pictures", "64 pictures", "65 pictures", "66 pictures", "200 pictures")),
    right="Centring costs one picture: n - 1 directions are left, and d features can span them if n - 1 <= d.",
    hints=(
        "When can linear functions of the features reproduce any labels of the n pictures?",
        "The centred features have rank min(n - 1, d): compare it with n - 1.",
    ),
)
def constant(answer, rng):
    """For which numbers of pictures and features the textbook's H-score is the same for every source."""
    rows = [
        ("one picture too early", [1, 1, 0, 0, 0], "The mean is subtracted first.", "65 pictures have 64 directions."),
        ("fewer pictures than features", [1, 0, 0, 0, 0], "Equal numbers are enough.", "Compare n - 1 with d."),
        ("one picture too late", [1, 1, 1, 1, 0], "66 pictures have 65 directions.", "64 features cannot span them."),
        ("always", [1] * 5, "With many pictures the features decide.", "Look at the last case."),
        ("never", [0] * 5, "With few pictures noise fits any labels.", "Look at the first case."),
        ("the other side", [0, 0, 0, 1, 1], "Many features are the trouble, not many pictures.", "Turn it round."),
    ]
    compare(answer, [1, 1, 1, 0, 0], mistakes=[Mistake(*row) for row in rows])


@exercise(
    "few-numbers-leep",
    asks=Function("my_leep(theta, labels)"),
    right="For each opinion z the labels share a probability of 1, not the other way round.",
    hints=(
        "What should sum to 1 in the conditional table: a row or a column?",
        "P(y | z): for each z, over all y; the rows of the table are the labels.",
    ),
)
def bug(answer, rng):
    """LEEP with its bug mended."""
    theta, labels = rng.dirichlet(np.ones(4), size=30), np.append(np.arange(3), rng.integers(3, size=27))
    joint = np.eye(3)[labels].T @ theta / len(labels)
    given_z = joint / joint.sum(axis=0)
    given_y = joint / joint.sum(axis=1, keepdims=True)
    probability = (theta * given_z[labels]).sum(axis=1)
    rows = [
        (
            "the bug is still in",
            np.log((theta * given_y[labels]).sum(axis=1)).mean(),
            "The table gives P(z | y), the opinion for a label.",
            "Sum over the labels, axis 0.",
        ),
        (
            "a joint table",
            np.log((theta * joint[labels]).sum(axis=1)).mean(),
            "The table has to be a conditional one.",
            "Divide by the sum over the labels.",
        ),
        ("the logarithm of the mean", np.log(probability.mean()), "Each picture has its logarithm.", "Log, then mean."),
        ("no logarithm", probability.mean(), "It is a log probability.", "Take the logarithm of each."),
        ("a sum", np.log(probability).sum(), "It is a mean over the pictures.", "Divide by n."),
        ("the other sign", -np.log(probability).mean(), "LEEP is at most 0.", "Drop the minus."),
        (
            "the most probable opinion alone",
            np.log(given_z[labels, theta.argmax(axis=1)]).mean(),
            "All opinions count, by their probability.",
            "Sum over z.",
        ),
    ]
    compare(as_array(call(answer, theta, labels), ()), np.log(probability).mean(), mistakes=[Mistake(*r) for r in rows])
