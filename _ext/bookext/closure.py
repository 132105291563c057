"""Which cells of a notebook a browser can run, and what each of them needs to have run before. No Sphinx here.

A cell needs the cell before it that last bound a name it reads, and those since that changed what the name stands for.
It runs in a browser if neither it nor a cell that it needs reads a name that an import of torch, or of a module of the
package that needs torch, has bound.
"""

import ast
import re
import sys
from dataclasses import dataclass, field
from functools import cache

from . import memory, runtime

PLAIN = {"numpy", *sys.stdlib_module_names}
DRAWS = {"matplotlib", "plots"}


@dataclass
class Cell:
    """What a code cell binds, reads and changes, by the names of the notebook."""

    id: str
    source: str
    binds: set = field(default_factory=set)
    reads: set = field(default_factory=set)
    changes: set = field(default_factory=set)


def importable(source: str, *, draws: bool = False) -> str:
    """Return the imports of a cell that a browser can do, name by name.

    Args:
        source: Code that imports.
        draws: Whether to keep what needs Matplotlib.

    >>> importable("import torch\\nimport math\\nfrom warmstart import plots, theory, training")
    'import math\\nfrom warmstart import theory'
    """
    there = {path.with_suffix("").as_posix().removesuffix("/__init__") for path in runtime.without_torch()}
    plain, there = (PLAIN | DRAWS, there) if draws else (PLAIN, there - DRAWS)
    found = []
    for node in ast.parse(memory.without_magic(source)).body:
        if isinstance(node, ast.Import):
            node.names = [alias for alias in node.names if alias.name.split(".")[0] in plain]
        elif isinstance(node, ast.ImportFrom) and node.module == "warmstart":
            node.names = [alias for alias in node.names if alias.name in there]
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("warmstart."):
            node.names = node.names if node.module.split(".", 1)[1].replace(".", "/") in there else []
        elif not isinstance(node, ast.ImportFrom) or node.module.split(".")[0] not in plain:
            continue
        found += [ast.unparse(node)] if node.names else []
    return "\n".join(found)


def names_of(imports: str) -> set[str]:
    """Return the names that imports bind.

    >>> sorted(names_of("import numpy as np\\nimport matplotlib.pyplot as plt\\nfrom warmstart import theory"))
    ['np', 'plt', 'theory']
    """
    nodes = [node for node in ast.walk(ast.parse(imports)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.asname or alias.name.split(".")[0] for node in nodes for alias in node.names}


def look(name: str, source: str) -> Cell:
    """Return a cell with its names: those of functions count as read when the function is defined."""
    cell = Cell(name, source)
    _Look(cell).visit(ast.parse(memory.without_magic(source)))
    return cell


class _Look(ast.NodeVisitor):
    """Walk through a cell; what functions and comprehensions bind is theirs."""

    def __init__(self, cell):
        self.cell, self.local = cell, []

    def visit_Name(self, node):
        if any(node.id in names for names in self.local):
            return
        if isinstance(node.ctx, ast.Load):
            if node.id not in self.cell.binds or self.local:
                self.cell.reads.add(node.id)
        else:
            self.cell.binds.add(node.id)

    def _scope(self, node, bound, *parts):
        self.local.append(bound)
        for part in parts:
            self.visit(part)
        self.local.pop()

    def visit_FunctionDef(self, node):
        for part in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(part)
        self.cell.binds.add(node.name)
        arguments = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
        self._scope(node, arguments | memory._bound(node.body, comprehensions=False) - _global(node), *node.body)

    def visit_Lambda(self, node):
        for part in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(part)
        self._scope(node, {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}, node.body)

    def visit_ClassDef(self, node):
        for part in (*node.bases, *node.decorator_list):
            self.visit(part)
        self.cell.binds.add(node.name)
        self._scope(node, memory._bound(node.body), *node.body)

    def _comprehension(self, node):
        bound = set().union(*(memory._bound([one.target]) for one in node.generators))
        self.visit(node.generators[0].iter)
        self._scope(node, bound, *ast.iter_child_nodes(node))

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension  # noqa: N815

    def visit_Import(self, node):
        for alias in node.names:
            self.cell.binds.add(alias.asname or alias.name.split(".")[0])

    visit_ImportFrom = visit_Import  # noqa: N815

    def _changed(self, node):
        """The name at the root of a place that is written to, or of a method that is called for what it does."""
        while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name) and not any(node.id in names for names in self.local):
            self.cell.changes.add(node.id)

    def visit_Attribute(self, node):
        if isinstance(node.ctx, ast.Store):
            self._changed(node)
        self.generic_visit(node)

    visit_Subscript = visit_Attribute  # noqa: N815

    def visit_AugAssign(self, node):
        if isinstance(node.target, ast.Name):
            self.visit_Name(ast.copy_location(ast.Name(node.target.id, ast.Load()), node))
        self.generic_visit(node)

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            self._changed(node.value.func.value)
        self.generic_visit(node)


@cache
def _trained() -> set[str]:
    """Return the functions in modules without torch that import it when they are called, such as ``train_grid``."""
    found = set()
    for path in runtime.without_torch():
        for node in ast.parse((runtime.PACKAGE / path).read_bytes()).body:
            inside = "\n".join(map(ast.unparse, node.body)) if isinstance(node, ast.FunctionDef) else ""
            if re.search(r"^\s*(from|import) (torch|\.\w+ import .*fit)", inside, re.MULTILINE):
                found.add(node.name)
    return found


def needs_torch(source: str) -> bool:
    """Return whether code calls something of the package that imports torch when it is called.

    >>> needs_torch("bench.Streams(0).torch(1)"), needs_torch("generator = bench.Streams(0).torch")
    (True, False)
    """
    calls = [node.func for node in ast.walk(ast.parse(memory.without_magic(source))) if isinstance(node, ast.Call)]
    return any(isinstance(node, ast.Attribute) and node.attr in {"torch", *_trained()} for node in calls)


def _sources(source):
    """The names that a cell gives to sources of torch's random numbers, such as ``generator = streams.torch``."""
    for node in ast.walk(ast.parse(memory.without_magic(source))):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Tuple):
            pairs = [(node.targets[0], node.value)]
            if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = zip(node.targets[0].elts, node.value.elts, strict=True)
            yield from (
                to.id for to, of in pairs if isinstance(of, ast.Attribute) and of.attr == "torch" and hasattr(to, "id")
            )


def _global(function):
    return {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}


def runnable(cells: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the cells that a browser can run, each with those that it needs, in order.

    Args:
        cells: Id and source of all code cells of a notebook, in order; imports stand in the cell ``imports``.
    """
    imports = "\n".join(source for name, source in cells if name == "imports")
    there = names_of(importable(imports, draws=True))
    missing = names_of(imports) - there
    seen, needs, bad = [], {}, set()
    for name, source in cells:
        cell = look(name, source)
        if name == "imports":
            continue
        wanted = {one for read in cell.reads | cell.changes for one in _makers(read, seen)}
        torch = needs_torch(source) or cell.reads & missing
        inside = {
            alias for alias in cell.binds & names_of(source) if alias not in names_of(importable(source, draws=True))
        }
        if torch or inside or wanted & bad:
            bad.add(name)
        else:
            needs[name] = sorted(wanted.union(*(needs[one] for one in wanted)), key=[other.id for other in seen].index)
        missing |= set(_sources(source))
        seen.append(cell)
    return needs


def _makers(name, seen):
    """The cells that made what a name stands for: the last that bound it, and those that changed it since."""
    found = set()
    for cell in reversed(seen):
        if name in cell.changes or name in cell.binds:
            found.add(cell.id)
        if name in cell.binds and name not in cell.reads:
            break
    return found
