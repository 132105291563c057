"""make claim: the chapter of a claim, its assertion with another seed, and what is said if it fails."""

from types import SimpleNamespace

import pytest

import claim


def cells(last):
    texts = {"parameters": "SEED = 0\nWIDTH = 3", "work": "value = SEED + WIDTH", "assert-L01": last}
    return [SimpleNamespace(id=name, source=text) for name, text in texts.items()]


def test_the_chapter_of_a_claim_ends_with_its_assertion():
    path, found = claim.find("L17")
    assert path.stem.endswith("_he")
    assert found[-1].id == "assert-L17"
    assert "parameters" in [cell.id for cell in found]


def test_an_unknown_claim_lists_the_known():
    with pytest.raises(SystemExit, match="L received 'L99'; allowed: L01, L02"):
        claim.find("L99")


def test_the_seed_is_replaced_and_a_failure_names_its_line():
    assert claim.run(cells("assert value == 3\nprint('yes')")) == (None, "yes\n")
    assert claim.run(cells("x = 1\nassert value == 3"), seed=4) == ("cell assert-L01: assert value == 3", "")
    assert claim.run(cells("assert value == 7"), seed=4)[0] is None
