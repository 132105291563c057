"""What the book adds to Sphinx."""


def setup(app):
    """Register nothing yet."""
    return {"version": "0.1", "parallel_read_safe": True}
