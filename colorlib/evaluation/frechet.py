"""How far apart two sets of pictures are, by what a network sees in them: the Frechet distance of features.

Of each set, the features' mean and covariance are kept, as if the features were normally distributed. The distance is 0
where both agree. It needs no pairs: colors may be other ones than the true ones, if only they are as natural. With the
features of Inception it is the FID (Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule"); with those of
any other network it is no FID, and numbers of two networks can't be compared. Neither can those of few pictures and of
many: with few, the distance is too large.
"""

import torch
from torch import Tensor


class Moments:
    """Mean and covariance of features that come in batches, in double precision, without keeping the features."""

    def __init__(self):
        self.count, self.total, self.products = 0, 0.0, 0.0

    def update(self, features: Tensor) -> None:
        """Take in features `(B, F)`."""
        features = features.detach().cpu().double()
        self.count += len(features)
        self.total = self.total + features.sum(dim=0)
        self.products = self.products + features.T @ features

    @property
    def mean(self) -> Tensor:
        """`(F,)`."""
        return self.total / self.count

    @property
    def covariance(self) -> Tensor:
        """`(F, F)`, of a sample: divided by one less than its size. Raises `ValueError` for less than two pictures."""
        if self.count < 2:
            raise ValueError(f"a covariance takes two pictures or more, got {self.count}")
        return (self.products - self.count * torch.outer(self.mean, self.mean)) / (self.count - 1)


def frechet_distance(one: Moments, other: Moments) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 sqrt(C1 C2)), from 0 up; the same in both directions."""
    first, second = one.covariance, other.covariance
    root = symmetric_root(first)
    # C1 C2 has the eigenvalues of sqrt(C1) C2 sqrt(C1), which is symmetric, so that they are real and from 0 up.
    shared = torch.linalg.eigvalsh(root @ second @ root).clamp_min(0).sqrt().sum()
    distance = (one.mean - other.mean).square().sum() + first.trace() + second.trace() - 2 * shared
    return max(distance.item(), 0.0)


def symmetric_root(matrix: Tensor) -> Tensor:
    """The square root of a symmetric matrix `(F, F)` without negative eigenvalues, but for rounding."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T
