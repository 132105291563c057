"""Solutions of class ``dropdown`` become ``<details>``: they open by keyboard and need no script."""

from sphinx_exercise.nodes import depart_solution_node, solution_node, visit_solution_node


def visit(self, node):
    """Open the box, with its title as the part that stays visible."""
    if "dropdown" not in node["classes"]:
        visit_solution_node(self, node)
        return
    node["classes"] = ["solution", "admonition"]
    title = node.pop(0)
    self.body.append(self.starttag(node, "details"))
    self.body.append(f'<summary class="admonition-title">{self.encode(title.astext())}</summary>\n')
    node["as_details"] = True


def depart(self, node):
    """Close the box."""
    if node.get("as_details"):
        self.body.append("</details>\n")
    else:
        depart_solution_node(self, node)


def setup(app):
    """Connect to Sphinx; the other formats keep their own functions."""
    app.setup_extension("sphinx_exercise")
    app.add_node(solution_node, override=True, html=(visit, depart))
