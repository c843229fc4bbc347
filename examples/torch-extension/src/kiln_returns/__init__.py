"""Discounted returns, as reinforcement learning has them."""

import torch

from . import _C

__all__ = ["WITH_CUDA", "discounted_returns"]

#: Whether the operator has code for CUDA tensors.
WITH_CUDA = bool(_C.WITH_CUDA)


def discounted_returns(rewards: torch.Tensor, gamma: float) -> torch.Tensor:
    """Gives returns[..., t] = rewards[..., t] + gamma * returns[..., t + 1].

    The last dimension is time; float32 and float64, on the CPU and, where
    WITH_CUDA is true, on CUDA devices. Has no gradient.
    """
    stream = torch.cuda.current_stream(rewards.device).cuda_stream if rewards.is_cuda else 0
    return torch.ops.kiln_returns.discounted_returns(rewards, gamma, stream)
