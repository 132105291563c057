"""Checks of the chapter *Calibrating the variance*."""

import numpy as np

from .asks import Function, Number
from .core import Mistake, Wrong, as_array, call, check_mean, compare, draw, exercise


@exercise(
    "calibrating-variance-ten-percent",
    asks=Number(),
    right="An error of 10% that nobody would see in one layer is a factor of 300 after thirty.",
    hints=(
        "What does one layer do to the mean square, if its weights are 1.1 times too large?",
        "Thirty layers multiply thirty such factors.",
    ),
)
def ten_percent(answer, rng):
    """Each of 30 layers multiplies the mean square by 1.1 squared."""
    compare(
        answer,
        1.1**60,
        rtol=0.02,
        mistakes=[
            Mistake(
                "the growth of the values, not of their squares",
                1.1**30,
                "The weights are 1.1 times too large, and so is each value of the layer. What about its square?",
                "The mean square grows by 1.1 squared in each layer.",
            ),
            Mistake(
                "the root of the growth of the values",
                1.1**15,
                "The mean square grows faster than the values, not more slowly.",
                "Each layer multiplies it by 1.1 squared, and there are thirty.",
            ),
            Mistake(
                "one layer too few",
                1.21**29,
                "Thirty layers, so thirty factors: the input is not a layer.",
                "Take 1.21 to the power of 30.",
            ),
            Mistake(
                "one layer too many",
                1.21**31,
                "Thirty layers, so thirty factors: the input is not a layer.",
                "Take 1.21 to the power of 30.",
            ),
            Mistake(
                "factors of the values that are added, not multiplied",
                30 * 1.1,
                "The second layer acts on what the first has made larger already.",
                "Multiply thirty factors, and of the squares.",
            ),
            Mistake(
                "the growth in a single layer",
                1.21,
                "That is one layer, and there are thirty.",
                "The output of each layer is the input of the next.",
            ),
            Mistake(
                "the growth of the values in a single layer",
                1.1,
                "What does one layer do to the squares? And thirty layers?",
                "One layer: 1.1 squared. Thirty multiply.",
            ),
            Mistake(
                "factors that are added, not multiplied",
                30 * 1.21,
                "The second layer acts on what the first has made larger already.",
                "Multiply thirty factors.",
            ),
            Mistake(
                "errors of 10% that are added",
                1 + 30 * 0.1,
                "The second layer acts on what the first has made larger already.",
                "Multiply thirty factors.",
            ),
            Mistake(
                "errors of 21% that are added",
                1 + 30 * 0.21,
                "1.21 is the right factor of one layer.",
                "Multiply thirty factors in place of adding what is over.",
            ),
            Mistake(
                "no change at all",
                1.0,
                "Only N Var(W) = 1 keeps the mean square. What is N Var(W) here?",
                "N Var(W) is 1.1 squared.",
            ),
        ],
    )


@exercise(
    "calibrating-variance-product-variance",
    asks=Function("variance(mean, var)"),
    right="Mean squares multiply and so do means: that is all there is, for any number of factors.",
    hints=(
        "Write the variance of the product as mean square less squared mean. Which of the two splits into factors?",
        "Both split, by independence. The mean square of one factor is its variance plus its squared mean.",
    ),
)
def product_variance(answer, rng):
    """The variance of a product is the product of the mean squares less the product of the squared means."""
    for factors in (2, 3, 5):
        mean, variance = rng.uniform(0.5, 1.5, factors), rng.uniform(0.5, 2.0, factors)
        mean_square, squared_mean = variance + mean**2, mean**2
        right = np.prod(mean_square) - np.prod(squared_mean)
        got = as_array(call(answer, mean, variance), ())
        compare(got, right, mistakes=_product_mistakes(mean, variance, mean_square, squared_mean, right))


def _product_mistakes(mean, variance, mean_square, squared_mean, right):
    def one_varies(weights):
        others = [np.prod(np.delete(weights, index)) for index in range(len(mean))]
        return np.sum(variance * others)

    product = np.prod(variance)
    return [
        Mistake(
            "the formula for two factors, applied to the first two",
            mean_square[0] * mean_square[1] - squared_mean[0] * squared_mean[1],
            "Your function looks at two factors only. What if there are three?",
            "Mean squares multiply, for any number of factors: np.prod.",
        ),
        Mistake(
            "a standard deviation in place of a variance",
            np.sqrt(right),
            "You took a root too many.",
            "The variance is asked for, in squared units.",
        ),
        Mistake(
            "means taken for zero",
            product,
            "This is the variance only if all means are zero.",
            "Keep the means: a factor that never varies still scales the product.",
        ),
        Mistake(
            "the mean square in place of the variance",
            np.prod(mean_square),
            "You have E[Y^2]. What is missing to the variance?",
            "Subtract the square of the mean of the product.",
        ),
        Mistake(
            "a mean that was not squared",
            np.prod(mean_square) - np.prod(mean),
            "Check the units of what you subtract.",
            "Subtract the square of the mean of the product.",
        ),
        Mistake(
            "the variance of a sum",
            np.sum(variance),
            "Variances add for a sum. Here is a product.",
            "Start from E[Y^2] - E[Y]^2.",
        ),
        Mistake(
            "variances added where they should be multiplied",
            one_varies(squared_mean) + np.sum(variance),
            "Double the unit of one factor: every term has to become four times as large.",
            "The last term is the product of the variances.",
        ),
        Mistake(
            "mean squares where squared means belong",
            one_varies(mean_square) + product,
            "You counted some terms twice: E[X^2] contains Var(X) already.",
            "The square goes outside: E[X]^2, not E[X^2].",
        ),
        Mistake(
            "terms left out in which several factors vary",
            one_varies(squared_mean),
            "Each of your terms lets one factor vary. Several may vary at once.",
            "Do not expand to first order: the product of the mean squares holds all terms.",
        ),
        Mistake(
            "means and variances exchanged",
            np.prod(mean + variance**2) - np.prod(variance**2),
            "Call variance(mean=..., var=...) on an example.",
            "The first argument is the means.",
        ),
        Mistake(
            "mixed terms left out",
            one_varies(squared_mean) + product,
            "With two factors this is right. With three, two may vary while the third takes its mean.",
            "Do not multiply out: the product of the mean squares holds all terms.",
        ),
    ]


@exercise(
    "calibrating-variance-uniform-limit",
    asks=Function("limit(shape)"),
    right="A uniform start has the limit sqrt(3) times the standard deviation: same variance, other shape.",
    hints=(
        "Which variance keeps the mean square? Which limit gives a uniform distribution this variance?",
        "a^2 / 3 = 1 / fan_in, and fan_in is the second number of the shape.",
    ),
)
def uniform_limit(answer, rng):
    """U(-a, a) has the variance a^2 / 3, which should be 1 / fan_in."""
    shapes = [(int(rng.integers(20, 60)), int(rng.integers(100, 900)))]  # wide, and tall
    shapes.append((int(rng.integers(300, 900)), int(rng.integers(20, 60))))
    fan_out, fan_in = np.array(shapes, dtype=float).T
    compare(
        np.array([as_array(call(answer, shape), ()) for shape in shapes]),
        np.sqrt(3 / fan_in),
        mistakes=[
            Mistake(
                "the fans swapped",
                np.sqrt(3 / fan_out),
                "How many products does one unit add up?",
                "A weight has the shape (fan_out, fan_in).",
            ),
            Mistake(
                "the standard deviation used as the limit",
                1 / np.sqrt(fan_in),
                "A uniform distribution on (-a, a) does not have the standard deviation a.",
                "Its variance is a^2 / 3: with your limit the signal loses two thirds in each layer.",
            ),
            Mistake(
                "the variance used as the standard deviation",
                np.sqrt(3) / fan_in,
                "The fan belongs under the root.",
                "sqrt(3 / fan_in), not sqrt(3) / fan_in.",
            ),
            Mistake(
                "a division by sqrt(3) where a multiplication belongs",
                1 / np.sqrt(3 * fan_in),
                "This is the standard deviation of U(-a, a) for a = 1 / sqrt(fan_in).",
                "Solve a^2 / 3 = 1 / fan_in.",
            ),
            Mistake("a root left out", 3 / fan_in, "This is a^2.", "Take the root."),
            Mistake(
                "the variance in place of the limit",
                1 / fan_in,
                "This is the variance that the weights should have.",
                "Solve a^2 / 3 = 1 / fan_in for a.",
            ),
            Mistake(
                "the variance of a uniform distribution on (0, a)",
                np.sqrt(12 / fan_in),
                "The interval is (-a, a), and it is 2a long.",
                "Length squared over 12 is (2a)^2 / 12 = a^2 / 3.",
            ),
            Mistake(
                "the larger of both fans",
                np.sqrt(3 / np.maximum(fan_in, fan_out)),
                "A layer may have more outputs than inputs. Does a unit then add up more products?",
                "One unit adds up fan_in products: the second number of the shape, always.",
            ),
            Mistake(
                "the smaller of both fans",
                np.sqrt(3 / np.minimum(fan_in, fan_out)),
                "A layer may have fewer outputs than inputs. Does a unit then add up fewer products?",
                "One unit adds up fan_in products: the second number of the shape, always.",
            ),
            Mistake(
                "the standard deviation behind a ReLU used as the limit",
                np.sqrt(2 / fan_in),
                "These layers are linear, and a limit is not a standard deviation.",
                "Solve a^2 / 3 = 1 / fan_in.",
            ),
            Mistake(
                "the standard deviation for fan_out used as the limit",
                1 / np.sqrt(fan_out),
                "How many products does one unit add up? And is a limit a standard deviation?",
                "Solve a^2 / 3 = 1 / fan_in, and fan_in is the second number of the shape.",
            ),
            Mistake(
                "the factor of ReLU",
                np.sqrt(6 / fan_in),
                "Twice the variance is needed behind a ReLU; these layers are linear.",
                "N Var(W) = 1 here.",
            ),
            Mistake(
                "the average of both fans",
                np.sqrt(6 / (fan_in + fan_out)),
                "That is a compromise with the backward pass.",
                "Only the forward pass is asked for: fan_in alone.",
            ),
        ],
    )


@exercise(
    "calibrating-variance-sparse",
    asks=Function("sparse(fan_out, fan_in, p, rng)"),
    right="What counts is the sum of the variances that arrive at a unit: fewer connections, larger weights.",
    hints=(
        "A weight that is there with probability p has the mean square p Var(w). What should it be?",
        "N p Var(w) = 1. Draw normal weights with this variance and multiply by a mask of zeros and ones.",
    ),
)
def sparse(answer, rng):
    """A share p of the weights is there, with the variance 1 / (p fan_in)."""
    p = float(rng.choice([0.1, 0.2, 0.3]))
    shapes = (500, int(rng.choice([200, 300]))), (200, int(rng.choice([500, 600])))  # tall, and wide
    weights = []
    for shape in shapes:
        if np.shape(call(answer, *shape, p, np.random.default_rng(0))) == shape[::-1]:
            raise Wrong(
                "rows and columns swapped",
                "A unit is a row: the shape is (fan_out, fan_in).",
                "Swap the two sizes in the shape.",
            )
        weights.append(draw(answer, *shape, p, shape=shape, rng=rng))
        _check_mask(weights[-1] != 0, p)
        check_mean(weights[-1][weights[-1] != 0])
    fan_out, fan_in = np.array(shapes, dtype=float).T
    # Relative standard error of the mean square of normal weights: sqrt((3 / p - 1) / size), at most 0.017.
    scale = np.array([np.mean(weight**2) for weight in weights]) * fan_in
    compare(scale, np.ones(2), rtol=0.1, mistakes=_sparse_mistakes(fan_out, fan_in, p))


def _check_mask(kept, p):
    # 100,000 draws or more: the standard deviation of the share is at most sqrt(0.21 / 1e5) = 0.0015.
    if kept.all():
        raise Wrong(
            "weights of which none is zero",
            "Each connection is missing with probability 1 - p.",
            "Multiply by a mask: rng.random(shape) < p.",
        )
    if np.all(kept == kept[:, :1]) or np.all(kept == kept[:1]):
        raise Wrong(
            "whole rows or columns removed",
            "Print the mask: which entries are always equal?",
            "Draw one random number per connection.",
        )
    share = kept.mean()
    if abs(share - (1 - p)) < 0.01:
        raise Wrong(
            "connections that are missing with probability p",
            "p is the probability that a connection is there.",
            "A uniform number is below p with probability p.",
        )
    if abs(share - p) > 0.01:
        raise Wrong("", f"A share of {share:.2f} is there, and p is {p:g}.", "Compare a uniform number with p.")


def _sparse_mistakes(fan_out, fan_in, p):
    one = np.ones(2)
    return [
        Mistake(
            "a variance that forgets the missing connections",
            p * one,
            "Your signal shrinks by p in each layer.",
            "Each unit adds up only p N products.",
        ),
        Mistake(
            "p on the wrong side of the fraction",
            p**2 * one,
            "Fewer connections: should those that are left be larger or smaller?",
            "Divide by p.",
        ),
        Mistake(
            "a division by p where its root is meant",
            1 / p * one,
            "The variance has the factor 1 / p. And the standard deviation?",
            "Divide the weights by sqrt(p).",
        ),
        Mistake(
            "a variance used as the standard deviation",
            1 / (p * fan_in),
            "1 / (p N) is the variance.",
            "Multiply standard normal numbers by its root.",
        ),
        Mistake(
            "fan_out in place of fan_in",
            fan_in / fan_out,
            "How many products does one unit add up?",
            "Not the rows: the columns.",
        ),
        Mistake(
            "the larger of both fans",
            fan_in / np.maximum(fan_in, fan_out),
            "Try a layer with more outputs than inputs, and one with fewer.",
            "One unit adds up p fan_in products, whatever fan_out is.",
        ),
        Mistake(
            "the smaller of both fans",
            fan_in / np.minimum(fan_in, fan_out),
            "Try a layer with more outputs than inputs, and one with fewer.",
            "One unit adds up p fan_in products, whatever fan_out is.",
        ),
        Mistake("the factor of ReLU", 2 * one, "These layers are linear.", "N p Var(w) = 1, not 2."),
    ]


@exercise(
    "calibrating-variance-fan",
    asks=Function("initialize(n_in, n_out, rng)"),
    right="Square layers hide which fan was taken: test on one that is not square.",
    hints=(
        "In h @ W each column of W belongs to one unit. How many numbers does it add up?",
        "In this layout fan_in is the number of rows.",
    ),
)
def fan(answer, rng):
    """In the layout (n_in, n_out) the fan_in is the number of rows."""
    shapes = (int(rng.choice([600, 700])), 220), (220, int(rng.choice([600, 700])))  # narrower, and wider
    weights = []
    for shape in shapes:
        if np.shape(call(answer, *shape, np.random.default_rng(0))) == shape[::-1]:
            raise Wrong(
                "a weight that was transposed",
                "The colleague computes h @ W, and W has one row per input.",
                "Keep the shape (n_in, n_out).",
            )
        weights.append(draw(answer, *shape, shape=shape, rng=rng))
        check_mean(weights[-1])
    n_in, n_out = np.array(shapes, dtype=float).T
    # 130,000 normal numbers or more: the relative standard error of their mean square is sqrt(2 / size) <= 0.004.
    scale = np.array([np.mean(weight**2) for weight in weights]) * n_in
    compare(scale, np.ones(2), rtol=0.02, mistakes=_fan_mistakes(n_in, n_out))


def _fan_mistakes(n_in, n_out):
    one = np.ones(2)
    compromise = "A compromise, and the first layer still grows.", "One unit adds up n_in products, no more, no less."
    return [
        Mistake("fan_out in place of fan_in", n_in / n_out, "This is the colleague's bug.", "What is W.shape[0]?"),
        Mistake(
            "the larger of both fans",
            n_in / np.maximum(n_in, n_out),
            "Try a layer with more outputs than inputs, and one with fewer.",
            "One unit adds up n_in products, whatever n_out is.",
        ),
        Mistake(
            "the smaller of both fans",
            n_in / np.minimum(n_in, n_out),
            "Try a layer with more outputs than inputs, and one with fewer.",
            "One unit adds up n_in products, whatever n_out is.",
        ),
        Mistake("the average of both fans", 2 * n_in / (n_in + n_out), *compromise),
        Mistake("the geometric mean of both fans", np.sqrt(n_in / n_out), *compromise),
        Mistake(
            "the limit of a uniform distribution taken for its standard deviation",
            one / 3,
            "A uniform distribution on (-a, a) has the variance a^2 / 3.",
            "a = sqrt(3 / n_in).",
        ),
        Mistake("a root left out", 1 / n_in, "1 / n_in is the variance.", "Divide by its root."),
        Mistake(
            "the root of all weights",
            1 / n_out,
            "W.size counts the weights of all units.",
            "Count those of one.",
        ),
        Mistake(
            "no calibration at all",
            n_in,
            "The numbers are standard normal.",
            "Divide them by the root of a fan.",
        ),
        Mistake("the factor of ReLU", 2 * one, "Behind a ReLU it would be right.", "These layers are linear."),
    ]


@exercise(
    "calibrating-variance-underflow",
    asks=Function("lost(f, s)"),
    right="A signal does not only get small: at some layer the machine has no number for it.",
    hints=(
        "The root of the second moment in layer l is factor^(l / 2). When does it fall below the limit?",
        "Solve factor^(l / 2) = smallest for l with logarithms, and take the next whole number.",
    ),
)
def underflow(answer, rng):
    """The first layer whose root mean square is below the smallest number is floor(2 ln s / ln f) + 1."""
    for _ in range(4):
        smallest, exact = float(10 ** rng.uniform(-12, -6)), rng.integers(10, 60) + rng.uniform(0.2, 0.8)
        factor = float(smallest ** (2 / exact))
        layer = np.floor(exact) + 1
        compare(
            as_array(call(answer, factor, smallest), ()),
            layer,
            mistakes=[
                Mistake(
                    "the second moment taken for its root",
                    np.floor(exact / 2) + 1,
                    "The units have the size of the root of q.",
                    "The root of factor^l is factor^(l / 2).",
                ),
                Mistake(
                    "a square in place of a root",
                    np.floor(exact / 4) + 1,
                    "Is the root of factor^l larger or smaller than factor^l?",
                    "factor^(l / 2) = smallest.",
                ),
                Mistake(
                    "a root taken twice",
                    np.floor(2 * exact) + 1,
                    "The root of factor^l is factor^(l / 2), not factor^(l / 4).",
                    "factor^(l / 2) = smallest.",
                ),
                Mistake(
                    "the last layer above the limit",
                    layer - 1,
                    "One layer too early.",
                    "The first layer below the limit is asked for.",
                ),
                Mistake(
                    "one layer too many",
                    layer + 1,
                    "One layer too late: the input is layer 0.",
                    "Try factor 1/4 and limit 0.3 by hand: layer 2.",
                ),
                Mistake(
                    "a number that is not a whole layer",
                    exact,
                    "Layers are whole numbers.",
                    "Take the next whole number.",
                ),
            ],
        )
    # Ties, where the root equals the limit in layer k. Rounding may decide a few of them, but not most.
    at_the_limit = [as_array(call(answer, 0.25, 2.0**-k), ()) == k for k in range(1, 9)]
    if np.mean(at_the_limit) > 0.5:
        raise Wrong(
            "a layer that only reaches the limit",
            "The root has to fall below the limit. Try factor 1/4 and limit 1/2.",
            "Layer 1 is at 1/2, layer 2 below.",
        )
