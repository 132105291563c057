"""What this book adds to Sphinx, one module each.

``cells``   gives each code cell the HTML id ``cell-<its id>``, and links there: the role ``cell``.
``claims``  reads the claims and their verdicts from the notebooks; it knows nothing of Sphinx.
``ledger``  shows them: the directives ``claims-table`` and ``claims-summary``.
``naming``  knows what a chapter is called, whatever its number is.
``memory``  tells whether code changed since a result was stored; it knows nothing of Sphinx.
``long``    says so on the page, below the result.
``package`` links each function of the API page to the chapters that use it and back: the directive ``package-index``.
``reading`` lists the chapters and says how long each takes: the directive ``chapter-list``.
``lab``     brings exercises to life: ``answers`` makes verdicts for the page, ``runtime`` gets Python for it.
``policy``  states which scripts a page may run.
``predict`` asks before a result: the directive ``predict``.
``pages``   writes each page's description and card, keeps figures lazy, and drops scripts that a page does not need.
``solutions`` makes the solutions of exercises ``<details>``.
"""

from . import cells, lab, ledger, long, package, pages, policy, predict, reading, solutions


def setup(app):
    """Connect all parts; Sphinx calls this."""
    for part in (cells, lab, ledger, long, package, pages, policy, predict, reading, solutions):
        part.setup(app)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
