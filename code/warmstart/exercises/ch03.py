"""Checks of chapter 03, Calibrating the variance."""

import numpy as np

from .core import Mistake, Wrong, as_array, call, compare, exercise


@exercise(
    "03-ten-percent",
    right="An error of 10% that nobody would see in one layer is a factor of 300 after thirty.",
    hints=(
        "What does one layer do to the mean square, if its weights are 1.1 times too large?",
        "Thirty layers multiply thirty such factors.",
    ),
)
def ten_percent(answer, rng):
    """Each of 30 layers multiplies the mean square by 1.1 squared."""
    compare(
        as_array(answer, ()),
        1.1**60,
        rtol=0.05,
        mistakes=[
            Mistake(
                "the growth of the values, not of their squares",
                1.1**30,
                (
                    "The weights are 1.1 times too large, and so is each value of the layer. What about its square?",
                    "The mean square grows by 1.1 squared in each layer.",
                ),
            ),
            Mistake(
                "the growth in a single layer",
                1.21,
                ("That is one layer, and there are thirty.", "The output of each layer is the input of the next."),
            ),
            Mistake(
                "the growth of the values in a single layer",
                1.1,
                (
                    "What does one layer do to the squares? And thirty layers?",
                    "One layer: 1.1 squared. Thirty multiply.",
                ),
            ),
            Mistake(
                "factors that are added, not multiplied",
                30 * 1.21,
                ("The second layer acts on what the first has made larger already.", "Multiply thirty factors."),
            ),
            Mistake(
                "errors of 10% that are added",
                1 + 30 * 0.1,
                ("The second layer acts on what the first has made larger already.", "Multiply thirty factors."),
            ),
            Mistake(
                "errors of 21% that are added",
                1 + 30 * 0.21,
                ("1.21 is the right factor of one layer.", "Multiply thirty factors in place of adding what is over."),
            ),
            Mistake(
                "no change at all",
                1.0,
                ("Only N Var(W) = 1 keeps the mean square. What is N Var(W) here?", "N Var(W) is 1.1 squared."),
            ),
        ],
    )


@exercise(
    "03-product-variance",
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
            "a standard deviation in place of a variance",
            np.sqrt(right),
            ("You took a root too many.", "The variance is asked for, in squared units."),
        ),
        Mistake(
            "means taken for zero",
            product,
            (
                "This is the variance only if all means are zero.",
                "Keep the means: a factor that never varies still scales the product.",
            ),
        ),
        Mistake(
            "the mean square in place of the variance",
            np.prod(mean_square),
            ("You have E[Y^2]. What is missing to the variance?", "Subtract the square of the mean of the product."),
        ),
        Mistake(
            "a mean that was not squared",
            np.prod(mean_square) - np.prod(mean),
            ("Check the units of what you subtract.", "Subtract the square of the mean of the product."),
        ),
        Mistake(
            "the variance of a sum",
            np.sum(variance),
            ("Variances add for a sum. Here is a product.", "Start from E[Y^2] - E[Y]^2."),
        ),
        Mistake(
            "variances added where they should be multiplied",
            one_varies(squared_mean) + np.sum(variance),
            (
                "Double the unit of one factor: every term has to become four times as large.",
                "The last term is the product of the variances.",
            ),
        ),
        Mistake(
            "mean squares where squared means belong",
            one_varies(mean_square) + product,
            (
                "You counted some terms twice: E[X^2] contains Var(X) already.",
                "The square goes outside: E[X]^2, not E[X^2].",
            ),
        ),
        Mistake(
            "terms left out in which several factors vary",
            one_varies(squared_mean),
            (
                "Each of your terms lets one factor vary. Several may vary at once.",
                "Do not expand to first order: the product of the mean squares holds all terms.",
            ),
        ),
        Mistake(
            "means and variances exchanged",
            np.prod(mean + variance**2) - np.prod(variance**2),
            ("Call variance(mean=..., var=...) on an example.", "The first argument is the means."),
        ),
        Mistake(
            "mixed terms left out",
            one_varies(squared_mean) + product,
            (
                "With two factors this is right. With three, two may vary while the third takes its mean.",
                "Do not multiply out: the product of the mean squares holds all terms.",
            ),
        ),
    ]


@exercise(
    "03-uniform-limit",
    right="A uniform start has the limit sqrt(3) times the standard deviation: same variance, other shape.",
    hints=(
        "Which variance keeps the mean square? Which limit gives a uniform distribution this variance?",
        "a^2 / 3 = 1 / fan_in, and fan_in is the second number of the shape.",
    ),
)
def uniform_limit(answer, rng):
    """U(-a, a) has the variance a^2 / 3, which should be 1 / fan_in."""
    fan_out, fan_in = int(rng.integers(20, 60)), int(rng.integers(100, 900))
    compare(
        as_array(call(answer, (fan_out, fan_in)), ()),
        np.sqrt(3 / fan_in),
        mistakes=[
            Mistake(
                "the fans swapped",
                np.sqrt(3 / fan_out),
                ("How many products does one unit add up?", "A weight has the shape (fan_out, fan_in)."),
            ),
            Mistake(
                "the standard deviation used as the limit",
                1 / np.sqrt(fan_in),
                (
                    "A uniform distribution on (-a, a) does not have the standard deviation a.",
                    "Its variance is a^2 / 3: with your limit the signal loses two thirds in each layer.",
                ),
            ),
            Mistake(
                "the variance used as the standard deviation",
                np.sqrt(3) / fan_in,
                ("The fan belongs under the root.", "sqrt(3 / fan_in), not sqrt(3) / fan_in."),
            ),
            Mistake(
                "a division by sqrt(3) where a multiplication belongs",
                1 / np.sqrt(3 * fan_in),
                ("This is the standard deviation of U(-a, a) for a = 1 / sqrt(fan_in).", "Solve a^2 / 3 = 1 / fan_in."),
            ),
            Mistake("a root left out", 3 / fan_in, ("This is a^2.", "Take the root.")),
            Mistake(
                "the variance in place of the limit",
                1 / fan_in,
                ("This is the variance that the weights should have.", "Solve a^2 / 3 = 1 / fan_in for a."),
            ),
            Mistake(
                "the variance of a uniform distribution on (0, a)",
                np.sqrt(12 / fan_in),
                ("The interval is (-a, a), and it is 2a long.", "Length squared over 12 is (2a)^2 / 12 = a^2 / 3."),
            ),
            Mistake(
                "the factor of ReLU",
                np.sqrt(6 / fan_in),
                ("Twice the variance is needed behind a ReLU; these layers are linear.", "N Var(W) = 1 here."),
            ),
            Mistake(
                "the average of both fans",
                np.sqrt(6 / (fan_in + fan_out)),
                ("That is a compromise with the backward pass.", "Only the forward pass is asked for: fan_in alone."),
            ),
        ],
    )


@exercise(
    "03-sparse",
    right="What counts is the sum of the variances that arrive at a unit: fewer connections, larger weights.",
    hints=(
        "A weight that is there with probability p has the mean square p Var(w). What should it be?",
        "N p Var(w) = 1. Draw normal weights with this variance and multiply by a mask of zeros and ones.",
    ),
)
def sparse(answer, rng):
    """A share p of the weights is there, with the variance 1 / (p fan_in)."""
    fan_out, fan_in, p = 500, int(rng.choice([200, 300, 400])), float(rng.choice([0.1, 0.2, 0.3]))
    got = call(answer, fan_out, fan_in, p, np.random.default_rng(int(rng.integers(2**31))))
    if np.shape(got) == (fan_in, fan_out):
        raise Wrong(
            "rows and columns swapped",
            ("A unit is a row: the shape is (fan_out, fan_in).", "Swap the two sizes in the shape."),
        )
    weight = as_array(got, (fan_out, fan_in))
    _check_mask(weight != 0, p)
    _check_scale(weight, fan_in, fan_out, p)


def _check_mask(kept, p):
    # 100,000 draws or more: the standard deviation of the share is at most sqrt(0.21 / 1e5) = 0.0015.
    if kept.all():
        raise Wrong(
            "weights of which none is zero",
            ("Each connection is missing with probability 1 - p.", "Multiply by a mask: rng.random(shape) < p."),
        )
    if np.all(kept == kept[:, :1]) or np.all(kept == kept[:1]):
        raise Wrong(
            "whole rows or columns removed",
            ("Print the mask: which entries are always equal?", "Draw one random number per connection."),
        )
    share = kept.mean()
    if abs(share - (1 - p)) < 0.01:
        raise Wrong(
            "connections that are missing with probability p",
            ("p is the probability that a connection is there.", "A uniform number is below p with probability p."),
        )
    if abs(share - p) > 0.01:
        raise Wrong("", (f"A share of {share:.2f} is there, and p is {p:g}.", "Compare a uniform number with p."))


def _check_scale(weight, fan_in, fan_out, p):
    # Relative standard error of the mean square of normal weights: sqrt((3 / p - 1) / size), at most 0.017.
    scale = np.mean(weight**2) * fan_in
    if abs(weight.mean()) > 0.3 * np.sqrt(p) * weight.std():
        raise Wrong(
            "random numbers whose mean is not zero",
            ("Was it rand where randn was meant?", "rng.random is never negative; use rng.standard_normal."),
        )
    known = {
        "a variance that forgets the missing connections": (
            p,
            ("Your signal shrinks by p in each layer.", "Each unit adds up only p N products."),
        ),
        "p on the wrong side of the fraction": (
            p**2,
            ("Fewer connections: should those that are left be larger or smaller?", "Divide by p."),
        ),
        "a division by p where its root is meant": (
            1 / p,
            ("The variance has the factor 1 / p. And the standard deviation?", "Divide the weights by sqrt(p)."),
        ),
        "a variance used as the standard deviation": (
            1 / (p * fan_in),
            ("1 / (p N) is the variance.", "Multiply standard normal numbers by its root."),
        ),
        "fan_out in place of fan_in": (
            fan_in / fan_out,
            ("How many products does one unit add up?", "Not the rows: the columns."),
        ),
        "the factor of ReLU": (2, ("These layers are linear.", "N p Var(w) = 1, not 2.")),
    }
    for name, (value, hints) in known.items():
        if abs(scale / value - 1) < 0.1:
            raise Wrong(name, hints)
    if abs(scale - 1) > 0.1:
        raise Wrong("", (f"The mask is right, but the signal changes by the factor {scale:.2g}.", "N p Var(w) = 1."))


@exercise(
    "03-fan",
    right="Square layers hide which fan was taken: test on one that is not square.",
    hints=(
        "In h @ W each column of W belongs to one unit. How many numbers does it add up?",
        "In this layout fan_in is the number of rows.",
    ),
)
def fan(answer, rng):
    """In the layout (n_in, n_out) the fan_in is the number of rows."""
    n_in, n_out = int(rng.choice([600, 700])), int(rng.choice([200, 250]))
    got = call(answer, n_in, n_out, np.random.default_rng(int(rng.integers(2**31))))
    if np.shape(got) == (n_out, n_in):
        raise Wrong(
            "a weight that was transposed",
            ("The colleague computes h @ W, and W has one row per input.", "Keep the shape (n_in, n_out)."),
        )
    weight = as_array(got, (n_in, n_out))
    if abs(weight.mean()) > 0.3 * weight.std():
        raise Wrong(
            "random numbers whose mean is not zero",
            ("Was it rand where randn was meant?", "Keep rng.standard_normal: only one line has a bug."),
        )
    # 120,000 normal numbers or more: the relative standard error of their mean square is sqrt(2 / size) <= 0.0041.
    scale = np.mean(weight**2) * n_in
    known = {
        "fan_out in place of fan_in": (n_in / n_out, ("This is the colleague's bug.", "What is W.shape[0]?")),
        "the average of both fans": (
            2 * n_in / (n_in + n_out),
            ("A compromise, and the first layer still grows.", "One unit adds up n_in products, no more, no less."),
        ),
        "the geometric mean of both fans": (
            np.sqrt(n_in / n_out),
            ("A compromise, and the first layer still grows.", "One unit adds up n_in products, no more, no less."),
        ),
        "the limit of a uniform distribution taken for its standard deviation": (
            1 / 3,
            ("A uniform distribution on (-a, a) has the variance a^2 / 3.", "a = sqrt(3 / n_in)."),
        ),
        "a root left out": (1 / n_in, ("1 / n_in is the variance.", "Divide by its root.")),
        "the root of all weights": (1 / n_out, ("W.size counts the weights of all units.", "Count those of one.")),
        "no calibration at all": (n_in, ("The numbers are standard normal.", "Divide them by the root of a fan.")),
        "the factor of ReLU": (2, ("Behind a ReLU it would be right.", "These layers are linear.")),
    }
    for name, (value, hints) in known.items():
        if abs(scale / value - 1) < 0.03:
            raise Wrong(name, hints)
    if abs(scale - 1) > 0.03:
        raise Wrong()


@exercise(
    "03-underflow",
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
                    ("The units have the size of the root of q.", "The root of factor^l is factor^(l / 2)."),
                ),
                Mistake(
                    "a square in place of a root",
                    np.floor(exact / 4) + 1,
                    ("Is the root of factor^l larger or smaller than factor^l?", "factor^(l / 2) = smallest."),
                ),
                Mistake(
                    "a root taken twice",
                    np.floor(2 * exact) + 1,
                    ("The root of factor^l is factor^(l / 2), not factor^(l / 4).", "factor^(l / 2) = smallest."),
                ),
                Mistake(
                    "the last layer above the limit",
                    layer - 1,
                    ("One layer too early.", "The first layer below the limit is asked for."),
                ),
                Mistake(
                    "one layer too many",
                    layer + 1,
                    ("One layer too late: the input is layer 0.", "Try factor 1/4 and limit 0.3 by hand: layer 2."),
                ),
                Mistake(
                    "a number that is not a whole layer",
                    exact,
                    ("Layers are whole numbers.", "Take the next whole number."),
                ),
            ],
        )
    # Ties, where the root equals the limit in layer k. Rounding may decide a few of them, but not most.
    at_the_limit = [as_array(call(answer, 0.25, 2.0**-k), ()) == k for k in range(1, 9)]
    if np.mean(at_the_limit) > 0.5:
        raise Wrong(
            "a layer that only reaches the limit",
            (
                "The root has to fall below the limit. Try factor 1/4 and limit 1/2.",
                "Layer 1 is at 1/2, layer 2 below.",
            ),
        )
