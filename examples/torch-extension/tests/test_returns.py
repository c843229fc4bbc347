import pytest
import torch
from kiln_returns import WITH_CUDA, discounted_returns

DEVICES = ["cpu", "cuda"]


@pytest.fixture(params=DEVICES)
def device(request):
    if request.param == "cuda" and not (WITH_CUDA and torch.cuda.is_available()):
        pytest.skip("this wheel has no code for CUDA" if not WITH_CUDA else "there is no GPU here")
    return request.param


def by_definition(rewards, gamma):
    steps = rewards.shape[-1]
    powers = torch.arange(steps)[None, :] - torch.arange(steps)[:, None]
    weights = torch.where(powers >= 0, gamma ** powers.clamp(min=0).to(torch.float64), 0.0)
    return rewards.to(torch.float64) @ weights.T


def test_the_returns_of_three_steps(device):
    rewards = torch.tensor([1.0, 2.0, 4.0], device=device)
    assert discounted_returns(rewards, 0.5).tolist() == [3.0, 4.0, 4.0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(1,), (33,), (5, 64), (3, 2, 257), (0, 7), (4, 0)])
def test_they_are_what_the_definition_says(device, dtype, shape):
    rewards = torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(7))
    returns = discounted_returns(rewards.to(device), 0.97)
    assert returns.dtype == dtype and returns.shape == rewards.shape
    torch.testing.assert_close(returns.cpu().to(torch.float64), by_definition(rewards, 0.97), rtol=1e-4, atol=1e-4)


def test_a_view_that_is_not_contiguous(device):
    rewards = torch.arange(12.0, device=device).reshape(3, 4).T
    assert torch.equal(discounted_returns(rewards, 0.5), discounted_returns(rewards.contiguous(), 0.5))


def test_other_types_are_refused_by_name(device):
    with pytest.raises(RuntimeError, match="float32 and float64"):
        discounted_returns(torch.ones(3, dtype=torch.int64, device=device), 0.5)
    with pytest.raises(RuntimeError, match="no dimension of steps"):
        discounted_returns(torch.tensor(1.0, device=device), 0.5)
