"""Checks of the chapter *What your framework does*."""

import numpy as np

from .asks import Function, Number
from .core import Mistake, as_array, call, compare, exercise


@exercise(
    "default-kept",
    asks=Number(),
    right="A third from the weights, a half from the ReLU: a sixth in each of twelve layers.",
    hints=(
        "What do the weights do to the second moment, and what the ReLU?",
        "n Var(W) = 1/3, and the ReLU halves: a sixth per layer, twelve times.",
    ),
)
def kept(answer, rng):
    """Twelve default ReLU layers without biases."""
    compare(
        answer,
        6.0**-12,
        rtol=0.02,
        mistakes=[
            Mistake(
                "the linear network",
                3.0**-12,
                "This is what the weights do alone.",
                "The ReLU halves the second moment in each layer.",
            ),
            Mistake(
                "the halves of the ReLU alone",
                2.0**-12,
                "This would be right for weights of variance 1 / n.",
                "PyTorch's have a third of it.",
            ),
            Mistake(
                "the size of the values, not of their squares",
                6.0**-6,
                "The second moment is asked for.",
                "Leave the root out.",
            ),
            Mistake(
                "one layer",
                1 / 6,
                "That is one layer, and there are twelve.",
                "The output of each layer is the input of the next.",
            ),
            Mistake(
                "He's weights",
                1.0,
                "kaiming_uniform_ with a = sqrt(5) is not He's rule.",
                "n Var(W) is 2 / (1 + 5).",
            ),
        ],
    )


@exercise(
    "default-slope",
    asks=Function("slope(r)"),
    right="One family holds them all; a is a slope in one of its members only.",
    hints=(
        "Which variance does kaiming_uniform_ give to the weights, in terms of a?",
        "gain^2 / fan_in with gain^2 = 2 / (1 + a^2). Solve for a.",
    ),
)
def slope(answer, rng):
    """a = sqrt(2 / r - 1)."""
    for r in rng.uniform(0.1, 0.8, 2):
        compare(
            as_array(call(answer, float(r)), ()),
            np.sqrt(2 / r - 1),
            mistakes=[
                Mistake("the square of a", 2 / r - 1, "This is a squared.", "Take the root."),
                Mistake("1 + a^2 taken for a^2", np.sqrt(2 / r), "Put your a into 2 / (1 + a^2).", "Subtract 1 first."),
                Mistake(
                    "a gain of 1 / (1 + a^2)",
                    np.sqrt(1 / r - 1),
                    "Leaky ReLU of slope 0 is ReLU. Does your formula give r = 2 there?",
                    "The squared gain is 2 / (1 + a^2).",
                ),
                Mistake(
                    "the gain in place of its square",
                    np.sqrt(2 / r**2 - 1),
                    "The variance has the square of the gain.",
                    "r = 2 / (1 + a^2), without a root.",
                ),
                Mistake(
                    "the limit in place of the variance",
                    np.sqrt(6 / r - 1),
                    "r belongs to the variance, not to the limit of the interval.",
                    "Leave out the factor 3.",
                ),
            ],
        )


@exercise(
    "default-fixed",
    asks=Function("fixed(s, beta)"),
    right="What the biases bring in each layer is what the layers lose of it.",
    hints=(
        "Write the variance of the next layer, and set it equal to that of this one.",
        "v = s v / 2 + beta. Solve for v.",
    ),
)
def fixed(answer, rng):
    """v = beta / (1 - s / 2)."""
    for s in (rng.uniform(0.2, 0.5), rng.uniform(0.6, 0.9)):
        beta = rng.uniform(0.1, 0.5)
        right = beta / (1 - s / 2)
        compare(
            as_array(call(answer, float(s), float(beta)), ()),
            right,
            mistakes=[
                Mistake(
                    "the linear network",
                    beta / (1 - s),
                    "Where is the ReLU?",
                    "It halves what the next layer adds up.",
                ),
                Mistake(
                    "the second moment behind the ReLU",
                    right / 2,
                    "This is what the ReLU leaves. The variance before it is asked for.",
                    "Twice as much.",
                ),
                Mistake(
                    "the biases alone",
                    beta,
                    "Something comes from the layer below, too.",
                    "v = s v / 2 + beta.",
                ),
                Mistake(
                    "the sum of one layer",
                    s / 2 + beta,
                    "This is the next layer if this one has variance 1.",
                    "At the fixed point both are v.",
                ),
                Mistake(
                    "a sign",
                    beta / (1 + s / 2),
                    "Does more weight make the signal smaller?",
                    "v - s v / 2 = beta.",
                ),
            ],
        )


@exercise(
    "default-merge",
    asks=Function("rate(s)"),
    right="Only what comes from below can tell two inputs apart, and that is the share s / 2.",
    hints=(
        "Which share of the variance comes from below, and which from the common bias?",
        "From below comes s / 2. Near 1 the correlation behind a ReLU is the correlation before it.",
    ),
)
def merge(answer, rng):
    """The factor is s / 2."""
    for s in rng.uniform(0.2, 0.9, 2):
        compare(
            as_array(call(answer, float(s)), ()),
            s / 2,
            mistakes=[
                Mistake(
                    "the share of the biases",
                    1 - s / 2,
                    "This is what the inputs have in common. Which share can tell them apart?",
                    "The rest.",
                ),
                Mistake(
                    "the linear network",
                    s,
                    "Where is the ReLU?",
                    "Half of s v comes from below.",
                ),
                Mistake(
                    "the distance, not its square",
                    np.sqrt(s / 2),
                    "1 - c is a squared distance.",
                    "Leave the root out.",
                ),
                Mistake(
                    "the factor of the default",
                    1 / 6,
                    "This is the case s = 1/3.",
                    "Use s.",
                ),
                Mistake(
                    "no merging at all",
                    1.0,
                    "This would be so without biases, near c = 1.",
                    "The common bias is a share 1 - s / 2 of the variance.",
                ),
            ],
        )


@exercise(
    "default-bug",
    asks=Function("limit(fan_in)"),
    right="A slope of sqrt(5) is no ReLU: nonlinearity='relu' says what is meant.",
    hints=(
        "Which variance does He's rule give? And where does a uniform distribution of that variance end?",
        "2 / fan_in, and the limit l has l^2 / 3 = 2 / fan_in.",
    ),
)
def bug(answer, rng):
    """The limit of He's uniform form is sqrt(6 / fan_in)."""
    for fan_in in rng.integers(20, 800, 2):
        compare(
            as_array(call(answer, int(fan_in)), ()),
            np.sqrt(6 / fan_in),
            mistakes=[
                Mistake(
                    "the framework's default",
                    1 / np.sqrt(fan_in),
                    "This is the colleague's limit. Which slope has a ReLU on the negative side?",
                    "0, so the gain is sqrt(2).",
                ),
                Mistake(
                    "the standard deviation used as the limit",
                    np.sqrt(2 / fan_in),
                    "A uniform distribution between -l and l has the standard deviation l / sqrt(3).",
                    "Multiply by sqrt(3).",
                ),
                Mistake(
                    "the limit for linear layers",
                    np.sqrt(3 / fan_in),
                    "Behind a ReLU half of the second moment is missing.",
                    "Twice the variance.",
                ),
                Mistake(
                    "the root over the 6 alone",
                    np.sqrt(6) / fan_in,
                    "The fan belongs under the root.",
                    "sqrt(6 / fan_in).",
                ),
                Mistake(
                    "the variance in place of the limit",
                    2 / fan_in,
                    "This is He's variance.",
                    "The limit is the root of three times that.",
                ),
            ],
        )
