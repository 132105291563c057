"""The package's imports: directed, without circles, and free of torch where a browser must run them."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "code" / "warmstart"
#: What stands on which floor: a module imports from its own room and from lower floors alone.
FLOORS = (
    {"errors"},
    {"activations", "quadrature", "data", "studies", "plots", "_calls", "probes", "perception", "pretrained"},
    {"scale", "_stacking"},
    {"theory", "initializers", "training", "multitask"},
    {"models", "comparison", "initialization", "transfer"},
    {"exercises", "bench"},
    {"__init__"},
)


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py"))


def room(path):
    """The module of the design that a file belongs to: its top-level name in the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """What a file imports from outside the standard library, package modules by their top-level name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            folder = path.relative_to(PACKAGE).parts[:-1]
            inside = folder[: len(folder) - node.level + 1]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {(*inside, name)[0].split(".")[0] for name in names}
    return {name for name in found if name not in sys.stdlib_module_names}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    (height,) = (number for number, floor in enumerate(FLOORS) if room(path) in floor)
    lower = set().union(*FLOORS[:height])
    assert imports(path) & set().union(*FLOORS) <= lower | {room(path)}
    outside = {"numpy", "torch", "efficientnet_lite_pytorch"} | (
        {"matplotlib", "PIL"} if room(path) == "plots" else set()
    )
    assert imports(path) - set().union(*FLOORS) <= outside


def test_imports_have_no_circle():
    needs = {name: package_imports(PACKAGE / f"{name.replace('.', '/')}.py") for name in module_names()}
    list(TopologicalSorter(needs).static_order())  # raises CycleError


def package_imports(path):
    """The modules of the package, by their full names, that a file imports when it is loaded."""
    found, folder = set(), list(path.relative_to(PACKAGE).parts[:-1])
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            inside = [*folder[: len(folder) - node.level + 1], *(node.module or "").split(".")]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            base = ".".join(filter(None, inside if node.module else folder[: len(folder) - node.level + 1]))
            found |= {base} if node.module else {".".join(filter(None, (base, name))) for name in names}
    return {f"{name}.__init__" if (PACKAGE / name.replace(".", "/")).is_dir() else name for name in found}


def test_every_module_stands_on_a_floor():
    assert {room(path) for path in modules()} == set().union(*FLOORS)


def module_names():
    return [".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in modules()]


def torch_free():
    """The modules that neither import torch themselves nor through another, read from their imports."""
    direct = {room(path): set() for path in modules()}
    for path in modules():
        direct[room(path)] |= imports(path)
    tainted = {"torch"}
    while more := {name for name, found in direct.items() if found & tainted} - tainted:
        tainted |= more
    return [name for name in module_names() if name.split(".")[0] not in tainted and "__init__" not in name]


def test_what_a_browser_runs_needs_no_torch():
    assert {"scale", "theory", "data", "plots", "exercises.core"} <= set(torch_free())


@pytest.mark.parametrize("module", torch_free())
def test_loads_without_torch(module):
    blocked = "import sys; sys.modules['torch'] = None; " + f"import warmstart.{module}"
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", [name for name in torch_free() if name != "plots"])
def test_loads_without_matplotlib_and_torch(module):
    code = f"import sys, warmstart.{module}; sys.exit(bool({{'torch', 'matplotlib'}} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_code_folder_is_no_package():
    assert not (ROOT / "code" / "__init__.py").exists(), "it would shadow the standard library's module code"


def test_nothing_draws_from_global_random_state():
    """Randomness comes from a generator that is handed in: no seeding and no module-level draws in the package.

    But for ``bench.global_seed``, which seeds for code of others, and puts the state back.
    """
    for path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        tree.body = [node for node in tree.body if getattr(node, "name", "") != "global_seed"]
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name, keywords = ast.unparse(node.func), {keyword.arg for keyword in node.keywords}
            if name.startswith(("np.random.", "numpy.random.")):
                assert name.endswith((".default_rng", ".Generator")), f"{path.name}: {name}"
            if name in ("torch.rand", "torch.randn", "torch.randint", "torch.randperm", "torch.bernoulli"):
                assert "generator" in keywords, f"{path.name}: {name}"
            assert name not in ("torch.manual_seed", "torch.seed", "np.random.seed"), f"{path.name}: {name}"
