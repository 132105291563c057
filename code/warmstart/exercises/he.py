"""Checks of the chapter *He: when the neuron is not linear*."""

import math

import numpy as np

from .asks import Function, Number
from .core import Mistake, Wrong, as_array, call, check_mean, compare, draw, exercise


@exercise(
    "he-halves",
    asks=Number(),
    right="Each layer keeps half of N Var(W) of the second moment, three quarters here.",
    hints=(
        "What does one layer do to the second moment: the weights first, then the ReLU?",
        "The weights multiply it by N Var(W) = 1.5, the ReLU halves it. Twenty layers multiply twenty such factors.",
    ),
)
def halves(answer, rng):
    """Twenty ReLU layers with N Var(W) = 1.5."""
    compare(
        answer,
        0.75**20,
        rtol=0.02,
        mistakes=[
            Mistake(
                "the linear network",
                1.5**20,
                "This is what twenty layers without a nonlinearity do.",
                "The ReLU halves the second moment in each of them.",
            ),
            Mistake(
                "the variance in place of the second moment",
                (1.5 * (0.5 - 0.5 / math.pi)) ** 20,
                "What does the next layer feel: the variance of the activations, or their mean square?",
                "The mean square of a ReLU of z is half of that of z.",
            ),
            Mistake(
                "the growth of the values, not of their squares",
                0.75**10,
                "The second moment is asked for.",
                "Leave the root out: twenty factors of 0.75.",
            ),
            Mistake(
                "the halves alone",
                0.5**20,
                "This is the case N Var(W) = 1.",
                "Here the weights multiply by 1.5 in each layer.",
            ),
            Mistake(
                "one layer",
                0.75,
                "That is one layer, and there are twenty.",
                "The output of each layer is the input of the next.",
            ),
            Mistake(
                "a factor of 2 in each layer, as if the weights were He's",
                1.0,
                "He's weights would keep the second moment. Are these He's?",
                "N Var(W) is 1.5, not 2.",
            ),
            Mistake(
                "factors that are added, not multiplied",
                20 * 0.75,
                "The second layer acts on what the first has left.",
                "Multiply twenty factors.",
            ),
        ],
    )


@exercise(
    "he-two-slopes",
    asks=Function("gain(a, b)"),
    right="Half of the second moment lies on each side of zero, and each slope enters squared.",
    hints=(
        "Write E[phi(Z)^2] as the sum of what comes from Z > 0 and from Z < 0.",
        "Each side has half of E[Z^2] = 1, times its slope squared. The gain is 1 over the root of the sum.",
    ),
)
def two_slopes(answer, rng):
    """The gain is sqrt(2 / (a^2 + b^2))."""
    for a, b in ((rng.uniform(0.2, 0.9), rng.uniform(1.2, 2)), (-rng.uniform(0.2, 0.9), rng.uniform(1.2, 2))):
        compare(
            as_array(call(answer, float(a), float(b)), ()),
            np.sqrt(2 / (a**2 + b**2)),
            mistakes=[
                Mistake(
                    "the second moment that is left, not the gain",
                    (a**2 + b**2) / 2,
                    "This is E[phi(Z)^2]. What must the weights do about it?",
                    "Divide 1 by its root.",
                ),
                Mistake(
                    "the square of the gain",
                    2 / (a**2 + b**2),
                    "The gain is a factor on the standard deviation.",
                    "Take the root.",
                ),
                Mistake(
                    "the slope above zero taken for 1",
                    np.sqrt(2 / (1 + a**2)),
                    "This is leaky ReLU. What does the slope b do?",
                    "Both slopes enter squared.",
                ),
                Mistake(
                    "the mean of the slopes",
                    2 / (a + b),
                    "Slopes act on values. What happens to squares?",
                    "Average the squares of the slopes.",
                ),
                Mistake(
                    "the sum of both sides without the halves",
                    1 / np.sqrt(a**2 + b**2),
                    "Try a = b = 1: no nonlinearity at all. Is the gain 1?",
                    "Each side of zero has half of the second moment.",
                ),
                Mistake(
                    "the ReLU's factor",
                    np.sqrt(2),
                    "This is the case a = 0, b = 1.",
                    "Use both slopes.",
                ),
                Mistake(
                    "the variance in place of the second moment",
                    1 / np.sqrt((a**2 + b**2) / 2 - (b - a) ** 2 / (2 * np.pi)),
                    "You subtracted the squared mean. Does the next layer?",
                    "Leave the mean in: E[phi(Z)^2].",
                ),
            ],
        )


SHAPES = (
    ((300, 500), (500, 300)),
    ((500, 200), (200, 500)),
    ((40, 60, 5, 5), (1500, 1000)),
)  # shape, (fan_in, fan_out)


@exercise(
    "he-four",
    asks=Function("fill(kind, shape, fan_in, fan_out, rng)"),
    right="The shape says how many numbers there are, the fans how large.",
    hints=(
        "Which variance belongs to each kind? And which function of rng draws it?",
        "Xavier: 2 / (fan_in + fan_out); He: 2 / fan_in. Multiply standard normal numbers by its root.",
    ),
)
def four(answer, rng):
    """The constant, the uniform, Xavier's and He's start, by their distributions."""
    for shape, fans in SHAPES:
        constant = as_array(call(answer, "constant", shape, *fans, rng), shape)
        if not np.allclose(constant, 0.1):
            raise Wrong("", 'Look at kind == "constant": all values are to be 0.1.', "np.full(shape, 0.1)")
        _check_unit_interval(_draw(answer, "uniform", shape, fans, rng))
        scales = {}
        for kind in ("xavier", "he"):
            weight = _draw(answer, kind, shape, fans, rng)
            check_mean(weight)
            if np.abs(weight).max() < 2.5 * weight.std():
                raise Wrong(
                    "a distribution that is not normal",
                    f'Normal numbers are asked for with kind == "{kind}": yours have a sharp end.',
                    "Multiply rng.standard_normal(shape) by the standard deviation.",
                )
            scales[kind] = np.mean(weight**2)
        # 60,000 normal numbers: their mean square has the relative standard error sqrt(2 / 60000) = 0.6%.
        compare(scales["xavier"] * sum(fans), 2.0, rtol=0.03, mistakes=_xavier_mistakes(shape, *fans))
        compare(scales["he"] * fans[0], 2.0, rtol=0.03, mistakes=_he_mistakes(shape, *fans))


def _draw(answer, kind, shape, fans, rng):
    return draw(lambda random: call(answer, kind, shape, *fans, random), shape=shape, rng=rng)


def _check_unit_interval(values):
    if values.min() < 0:
        raise Wrong(
            "a uniform distribution on both sides of zero",
            'With kind == "uniform" the values lie between 0 and 1.',
            "rng.random(shape) draws them.",
        )
    # 60,000 uniform numbers: the mean has the standard error 0.0012, and one of them nearly reaches 1.
    if abs(values.mean() - 0.5) > 0.01 or not 0.99 < values.max() <= 1:
        raise Wrong("", 'Look at kind == "uniform": between 0 and 1, all equally likely.', "rng.random(shape)")


def _xavier_mistakes(shape, fan_in, fan_out):
    both = fan_in + fan_out
    return [
        Mistake(
            "Xavier's variance used as a standard deviation",
            4 / both,
            'kind == "xavier": 2 / (fan_in + fan_out) is the variance.',
            "Multiply standard normal numbers by its root.",
        ),
        Mistake(
            "Xavier's fans summed, not averaged",
            1.0,
            'kind == "xavier": the variance is 1 over the mean of the fans.',
            "2 / (fan_in + fan_out).",
        ),
        Mistake(
            "He's variance where Xavier's is asked for",
            2 * both / fan_in,
            'kind == "xavier": Xavier looks at both fans.',
            "2 / (fan_in + fan_out).",
        ),
        Mistake(
            "fan_in alone where Xavier's rule is asked for",
            both / fan_in,
            'kind == "xavier": Xavier looks at both fans.',
            "2 / (fan_in + fan_out).",
        ),
        Mistake(
            "fans read off two sizes of the shape",
            2 * both / (shape[0] + shape[1]),
            "A kernel makes the fans larger than the channels.",
            "Use the fans that your function gets.",
        ),
        Mistake(
            "the mean of the two variances",
            both * (1 / fan_in + 1 / fan_out) / 2,
            'kind == "xavier": average the fans, not the variances.',
            "2 / (fan_in + fan_out).",
        ),
    ]


def _he_mistakes(shape, fan_in, fan_out):
    return [
        Mistake(
            "a root that covers the 2 alone",
            2 / fan_in,
            'kind == "he": sqrt(2) / fan_in is not sqrt(2 / fan_in).',
            "The root covers the fraction.",
        ),
        Mistake(
            "He's variance used as a standard deviation",
            4 / fan_in,
            'kind == "he": 2 / fan_in is the variance.',
            "Multiply standard normal numbers by its root.",
        ),
        Mistake(
            "fan_out where He's rule has fan_in",
            2 * fan_in / fan_out,
            'kind == "he": which fan keeps the forward signal?',
            "2 / fan_in.",
        ),
        Mistake(
            "He's factor of 2 left out",
            1.0,
            'kind == "he": the ReLU takes half of the second moment.',
            "2 / fan_in, not 1 / fan_in.",
        ),
        Mistake(
            "Xavier's variance where He's is asked for",
            2 * fan_in / (fan_in + fan_out),
            'kind == "he": He looks at fan_in alone.',
            "2 / fan_in.",
        ),
        Mistake(
            "fans read off two sizes of the shape",
            2 * fan_in / shape[1],
            "A kernel makes the fans larger than the channels.",
            "Use the fans that your function gets.",
        ),
    ]


@exercise(
    "he-dead",
    asks=Function("narrowest(L, p)"),
    right="The width that keeps a network alive grows with the logarithm of the depth.",
    hints=(
        "With which probability is a single layer silent? And that none of L is?",
        "The network is dead with probability 1 - (1 - 2^-n)^L. Try n = 1, 2, 3, ... until it is below p.",
    ),
)
def dead(answer, rng):
    """The smallest n with 1 - (1 - 2^-n)^L < p, for several L and p at once: one alone has too many readings."""
    depth = np.append(rng.integers(20, 60, 4), [1, 8])
    p = np.array([0.8, 0.6, 0.1, 0.01, 0.5, 0.3])
    got = np.array([as_array(call(answer, int(d), float(chance)), ()) for d, chance in zip(depth, p, strict=True)])
    exact = -np.log2(1 - (1 - p) ** (1 / depth))
    right = np.floor(exact) + 1
    compare(
        got,
        right,
        mistakes=[
            Mistake(
                "one layer in place of all",
                np.floor(-np.log2(p)) + 1,
                "You asked for one layer to be alive. There are L of them.",
                "All of them have to be: (1 - 2^-n)^L.",
            ),
            Mistake(
                "the sum of the chances, which is larger than the chance",
                np.floor(np.log2(depth / p)) + 1,
                "L 2^-n counts a network twice in which two layers are silent.",
                "The chance that no layer is silent is (1 - 2^-n)^L.",
            ),
            Mistake(
                "all layers silent at once",
                np.floor(-np.log2(p) / depth) + 1,
                "How many silent layers does it take to kill the signal?",
                "One. The network lives if none is silent: (1 - 2^-n)^L.",
            ),
            Mistake(
                "the natural logarithm in place of that to base 2",
                np.floor(exact * math.log(2)) + 1,
                "2^-n < x means n > -log2(x).",
                "math.log2",
            ),
            Mistake(
                "a chance of exactly p, which is not below it",
                np.ceil(exact),
                "Try one layer and p = 1/2.",
                "It has to be below p, also where n = -log2(...) is a whole number.",
            ),
            Mistake(
                "one unit too few",
                right - 1,
                "With your n the chance is still p or more.",
                "It has to be below p: round up.",
            ),
            Mistake("one unit too many", right + 1, "One unit less is enough.", "The smallest n is asked for."),
            Mistake(
                "a width that is not whole", exact, "Units are whole numbers.", "Take the next whole number above."
            ),
        ],
    )


@exercise(
    "he-transposed",
    asks=Function("fan_in(shape, stride)"),
    right="The weight of a transposed convolution lies the other way, and its stride thins the inputs out.",
    hints=(
        "Which size of a transposed weight counts the input channels? And how many inputs lie under the kernel?",
        "shape[0] input channels; of the k x k places one in stride^2 holds an input.",
    ),
)
def transposed(answer, rng):
    """The summands of one output: in * k^2 / stride^2."""
    for stride in (2, 3, 1):
        n_in, n_out = rng.choice(np.arange(4, 60), 2, replace=False)
        k = int(stride * rng.integers(2, 4))
        shape = (int(n_in), int(n_out), k, k)
        compare(
            as_array(call(answer, shape, stride), ()),
            n_in * k**2 / stride**2,
            mistakes=[
                Mistake(
                    "the colleague's count",
                    n_out * k**2,
                    "This is the colleague's function. Where does a transposed weight keep its input channels?",
                    "In shape[0]; and think of the stride.",
                ),
                Mistake(
                    "the stride left out",
                    n_in * k**2,
                    "The channels are right. With stride 2, how many inputs lie under a kernel of 4 x 4?",
                    "Divide by stride squared.",
                ),
                Mistake(
                    "the output channels in place of the input channels",
                    n_out * k**2 / stride**2,
                    "The stride is right. A transposed weight has the shape (in, out, height, width).",
                    "shape[0].",
                ),
                Mistake(
                    "the stride counted in one direction",
                    n_in * k**2 / stride,
                    "An image has two directions.",
                    "Divide by stride squared.",
                ),
                Mistake(
                    "a stride that multiplies",
                    n_in * k**2 * stride**2,
                    "Does a larger stride put more inputs under the kernel, or fewer?",
                    "Divide by stride squared.",
                ),
                Mistake(
                    "one side of the kernel",
                    n_in * k / stride,
                    "A kernel has two sides.",
                    "shape[2] * shape[3].",
                ),
            ],
        )
