"""What stored results depend on: code of cells, and code of the package that these cells reach. No Sphinx, no torch.

A *unit* is a function, a class or a constant at the top of a module. Its code is compared without comments, docstrings,
annotations and imports, with each name as its definition spells it: so a unit that is moved, or imported under another
name, stays the same, and one that computes something else does not.
"""

import ast
import hashlib
import re
from collections.abc import Iterable
from copy import deepcopy
from functools import cache, cached_property
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "code" / "warmstart"
SHOWS = {"exercises", "plots", "studies"}  # rooms that show, and compute nothing that is stored
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
Address = tuple[str, str]  # a module, such as "transfer.heads", and a name in it; "" means the module itself


def of_cells(sources: Iterable[str], *also: object, package: Path = PACKAGE) -> dict:
    """Return what the cells depend on: one hash for their code (and for ``also``), one for each unit they reach."""
    index, trees = _Package(package), [ast.parse(without_magic(source)) for source in sources]
    imports = {name: target for tree in trees for name, target in _imports(tree, "", package).items()}
    cells = [_Canonical(index, "", imports) for _ in trees]
    code = [ast.unparse(cell.visit(tree)) for cell, tree in zip(cells, trees, strict=True)]
    found, open_ = {}, [address for cell in cells for address in cell.reached]
    while open_:
        module, name = address = open_.pop()
        if address not in found and module.split(".")[0] not in SHOWS:
            found[address], reached = index.unit(module, name)
            open_ += reached
    units = {f"{module}.{name}": _hash(text) for (module, name), text in sorted(found.items())}
    return {"cells": _hash("\n".join(filter(None, code)), *map(repr, also)), "package": units}


def of_study(study: dict, cells: dict[str, str], *, package: Path = PACKAGE) -> dict:
    """Return what the results of a declared study depend on, from the sources of the chapter's cells by their id."""
    return of_cells([cells[name] for name in study["cells"]], study["call"], study["parameters"], package=package)


def differences(made: dict, now: dict) -> list[str]:
    """Name what is not as it was when the results were made: "the cells", and units of the package."""
    cells = [] if made["cells"] == now["cells"] else ["the cells"]
    there, once = set(now["package"].values()), set(made["package"].values())
    gone = [name for name, code in made["package"].items() if code not in there]
    return cells + (gone or [name for name, code in now["package"].items() if code not in once])


def several(names: list[str], most: int = 3) -> str:
    """Return the names as words of a sentence.

    >>> several(["a", "b"]), several(["a", "b", "c", "d"])
    ('a and b', 'a, b and 2 more')
    """
    names = names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def without_magic(source: str) -> str:
    """Return the code of a cell without lines that only IPython reads.

    >>> without_magic("if x:\\n    %pip install y")
    'if x:\\n    pass'
    """
    return re.sub(r"^(\s*)[%!].*", r"\1pass", source, flags=re.MULTILINE)


def _hash(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:8]


def _imports(tree, module, package):
    """What each imported name stands for: an address in the package, or a dotted name of another package."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                inside = alias.name.split(".")[0] == "warmstart" and ".".join(alias.name.split(".")[1:])
                full = alias.name if alias.asname else alias.name.split(".")[0]
                found[alias.asname or full] = (inside if alias.asname else "", "") if inside is not False else full
        elif isinstance(node, ast.ImportFrom):
            path = (node.module or "").split(".") if node.module else []
            if node.level:
                here = module.split(".") if module else []
                folder = here if (package.joinpath(*here) / "__init__.py").is_file() else here[:-1]
                path = [*folder[: len(folder) - node.level + 1], *path]
            elif path[0] == "warmstart":
                path = path[1:]
            else:
                path = None
            for alias in node.names:
                outside = f"{node.module}.{alias.name}"
                found[alias.asname or alias.name] = outside if path is None else (".".join(path), alias.name)
    return found


@cache
class _Package:
    """The modules of the package and their units, read when they are asked for."""

    def __init__(self, folder):
        self.folder, self.modules, self.units = folder, {}, {}

    def module(self, name):
        """Imports and units (name: statements) of a module, or None."""
        if name not in self.modules:
            place = self.folder.joinpath(*filter(None, name.split(".")))
            path = next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)
            if not name:
                path = self.folder / "__init__.py"
            self.modules[name] = None if path is None else _Module(ast.parse(path.read_bytes()), name, self.folder)
        return self.modules[name]

    def find(self, module, name):
        """The address of what a name stands for in a module, followed through imports; None if nobody knows."""
        if self.module(module) is None or not name:
            return None if self.module(module) is None else (module, "")
        here = self.module(module)
        if name in here.units:
            return module, name
        if isinstance(target := here.imports.get(name), tuple) and target != (module, name):
            return self.find(*target)
        inside = f"{module}.{name}".strip(".")
        return None if isinstance(target, str) or self.module(inside) is None else (inside, "")

    def unit(self, module, name):
        """The code of a unit, and the addresses that it reaches."""
        if (module, name) not in self.units:
            here = self.module(module)
            canonical = _Canonical(self, module, here.imports)
            text = "\n".join(ast.unparse(canonical.visit(deepcopy(node))) for node in here.units[name])
            self.units[module, name] = text, canonical.reached
        return self.units[module, name]


class _Module:
    """One file: its imports, and for each name at its top the statements that make it."""

    def __init__(self, tree, name, package):
        self.tree, self.imports = tree, _imports(tree, name, package)

    @cached_property
    def units(self):
        found = {}
        for node in self.tree.body:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                for name in _bound([node], comprehensions=False):
                    found.setdefault(name, []).append(node)
        return found


def _bound(nodes, *, comprehensions=True):
    """The names that statements bind, without those inside of functions and classes."""
    found, waiting = set(), list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        if isinstance(node, ast.Lambda) or (isinstance(node, ast.comprehension) and not comprehensions):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        waiting += ast.iter_child_nodes(node)
    return found


class _Canonical(ast.NodeTransformer):
    """Bring code into the form in which it is compared, and note which units of the package it names."""

    def __init__(self, package, module, imports):
        self.package, self.module, self.imports = package, module, imports
        self.reached, self.local = [], []

    def visit(self, node):
        """As ``ast`` does, with one method for all functions and one for both kinds of imports."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            return ast.Pass() if self.local else None
        return self._function(node) if isinstance(node, FUNCTIONS) else super().visit(node)

    def _function(self, node):
        """A function without docstring and annotations; what it binds hides what the module calls so."""
        arguments = [argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)]
        for argument in ast.walk(node.args):
            if isinstance(argument, ast.arg):
                argument.annotation = None
        if isinstance(node, ast.Lambda):
            self.local.append({*arguments, *_bound([node.body])})
        else:
            node.returns, node.body = None, _without_docstring(node.body)
            node.decorator_list = [self.visit(one) for one in node.decorator_list]
            self.local.append({*arguments, *_bound(node.body)})
        self.generic_visit(node)
        self.local.pop()
        return node

    def visit_ClassDef(self, node):
        """Without its docstring; a field of a dataclass stays one, whatever its type."""
        node.body = _without_docstring(node.body)
        for field in node.body:
            if isinstance(field, ast.AnnAssign):
                field.annotation, field.is_field = ast.Constant(...), True
        return self.generic_visit(node)

    def visit_AnnAssign(self, node):
        """A variable with a type is a variable."""
        if not getattr(node, "is_field", False):
            node = ast.Assign([node.target], node.value, lineno=node.lineno) if node.value else ast.Pass()
        return self.generic_visit(node)

    def visit_Name(self, node):
        """As the definition spells it."""
        return self._resolved(node) or node

    def visit_Attribute(self, node):
        """The same for a name behind a module."""
        return self._resolved(node) or self.generic_visit(node)

    def _resolved(self, node):
        """The name of a definition, where the node names one: of the package by its last part, of others in full."""
        found = self._address(node)
        if isinstance(found, tuple) and found[1]:
            self.reached.append(found)
        if found is None or isinstance(getattr(node, "ctx", None), ast.Store):
            return None
        text = (found[1] or found[0] or "warmstart") if isinstance(found, tuple) else found
        return ast.copy_location(ast.Name(text, node.ctx), node)

    def _address(self, node):
        if isinstance(node, ast.Name):
            if any(node.id in names for names in self.local):
                return None
            target = self.imports.get(node.id)
            if isinstance(target, tuple):
                return self.package.find(*target)
            here = self.package.module(self.module) if self.module else None
            return target or ((self.module, node.id) if here and node.id in here.units else None)
        if isinstance(node, ast.Attribute):
            base = self._address(node.value)
            if isinstance(base, tuple) and not base[1]:
                return self.package.find(base[0], node.attr)
            return f"{base}.{node.attr}" if isinstance(base, str) else None
        return None


def _without_docstring(body):
    documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    return (body[1:] or [ast.Pass()]) if documented and isinstance(body[0].value.value, str) else body
