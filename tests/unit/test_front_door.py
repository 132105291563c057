"""``import warmstart`` shows what there is and loads nothing of it."""

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import warmstart


def fresh(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_the_import_loads_nothing_and_a_name_loads_its_module():
    code = "import sys, warmstart\n"
    code += (
        "loaded = lambda: sorted(name for name in sys.modules if name.startswith('warmstart.') or name == 'torch')\n"
    )
    code += "print(loaded()); warmstart.scale.gain('relu'); print('warmstart.scale' in loaded(), 'torch' in loaded())\n"
    code += "warmstart.initialize_; print('torch' in loaded(), 'warmstart.plots' in loaded())"
    assert fresh(code).splitlines() == ["[]", "True False", "True False"]


def test_all_modules_are_shown_and_each_name_is_what_its_home_has():
    found = {module.name for module in pkgutil.iter_modules(warmstart.__path__) if not module.name.startswith("_")}
    assert found - {"datasets"} == set(warmstart.__all__) - set(warmstart._HOMES)
    assert set(dir(warmstart)) == {*warmstart.__all__, "__version__"}
    for name in warmstart.__all__:
        home = importlib.import_module(f"warmstart.{warmstart._HOMES.get(name, name)}")
        assert getattr(warmstart, name) is (getattr(home, name) if name in warmstart._HOMES else home)
    with pytest.raises(AttributeError, match="module 'warmstart' has no attribute 'initialise'"):
        warmstart.initialise  # noqa: B018


def test_the_map_names_every_module():
    text = inspect.getdoc(warmstart)
    assert [name for name in warmstart.__all__ if name not in (*warmstart._HOMES, "errors") and name not in text] == []


@pytest.mark.parametrize("room", ["initialization", "transfer"])
def test_a_room_shows_what_its_modules_make_public(room):
    module = importlib.import_module(f"warmstart.{room}")
    assert sorted(module.__all__) == sorted(set(module.__all__))
    for name in module.__all__:
        value = getattr(module, name)
        assert inspect.getmodule(value) is None or inspect.getmodule(value).__name__.startswith(f"warmstart.{room}.")
