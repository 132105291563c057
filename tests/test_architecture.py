"""The package's imports: directed, without circles, and free of torch where a browser must run them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "code" / "warmstart"
ALLOWED = {
    "__init__": set(),
    "scale": {"numpy"},
    "theory": {"numpy", "scale"},
    "initializers": {"torch", "scale"},
    "models": {"torch", "initializers", "scale"},
    "probes": {"numpy", "torch"},
    "data": {"numpy"},
    "training": {"numpy", "torch", "scale"},
    "plots": {"numpy", "matplotlib", "PIL"},
    "exercises": {"numpy", "exercises", "scale", "theory", "data"},
}
TORCH_FREE = ("scale", "theory", "data", "exercises", "exercises.ch01", "exercises.ch02", "exercises.ch03", "plots")


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
def test_imports_are_those_of_the_design(path):
    assert imports(path) <= ALLOWED[room(path)]


def test_design_has_no_circle():
    remaining = {name: {other for other in needs if other in ALLOWED} - {name} for name, needs in ALLOWED.items()}
    while remaining:
        free = [name for name, needs in remaining.items() if not needs & remaining.keys()]
        assert free, f"a circle among {sorted(remaining)}"
        for name in free:
            del remaining[name]


def test_every_module_is_in_the_design():
    assert {room(path) for path in modules()} == set(ALLOWED)


@pytest.mark.parametrize("module", TORCH_FREE)
def test_loads_without_torch(module):
    blocked = "import sys; sys.modules['torch'] = None; " + f"import warmstart.{module}"
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", [name for name in TORCH_FREE if name != "plots"])
def test_loads_without_matplotlib_and_torch(module):
    code = f"import sys, warmstart.{module}; sys.exit(bool({{'torch', 'matplotlib'}} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_code_folder_is_no_package():
    assert not (ROOT / "code" / "__init__.py").exists(), "it would shadow the standard library's module code"


def test_nothing_draws_from_global_random_state():
    """Randomness comes from a generator that is handed in: no seeding and no module-level draws in the package."""
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name, keywords = ast.unparse(node.func), {keyword.arg for keyword in node.keywords}
            if name.startswith(("np.random.", "numpy.random.")):
                assert name.endswith((".default_rng", ".Generator")), f"{path.name}: {name}"
            if name in ("torch.rand", "torch.randn", "torch.randint", "torch.randperm", "torch.bernoulli"):
                assert "generator" in keywords, f"{path.name}: {name}"
            assert name not in ("torch.manual_seed", "torch.seed", "np.random.seed"), f"{path.name}: {name}"
