"""The alternating step of lesson 3 taken apart: the leaky one, and the gradients that reach each network."""

import copy

import torch
from torch import Tensor, nn

from colorlib.losses import discriminator_loss, fooling_loss


def cost_of_d(true_logits: Tensor, generated_logits: Tensor) -> Tensor:
    """D's cost: the mean of its two halves, as the lesson writes it."""
    return (discriminator_loss(true_logits, True) + discriminator_loss(generated_logits, False)) / 2


def cost_of_g(generated_logits: Tensor) -> Tensor:
    """G's adversarial cost, the non-saturating one."""
    return fooling_loss(generated_logits)


def leaky_step(G, D, adam_g, adam_d, gray, true):
    """The stub of the exercise: D's turn leaves gradients in G."""
    adam_g.zero_grad()
    adam_d.zero_grad()
    loss_d = cost_of_d(D(gray, true), D(gray, G(gray)))
    loss_d.backward()
    adam_d.step()
    predicted = G(gray)
    loss_g = cost_of_g(D(gray, predicted)) + 100 * (predicted - true).abs().mean()
    loss_g.backward()
    adam_g.step()


RATE = 0.1  # of the gradient descent that takes the step apart


class Pair(nn.Module):
    """A discriminator that is as small as can be, and smooth."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 1, 3)

    def forward(self, gray: Tensor, color: Tensor) -> Tensor:
        return self.layer(torch.cat([gray, color], dim=1)).flatten(1)


def after(step, start: tuple[nn.Module, nn.Module], gray: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """The weights of G and D after a step from the same start, by plain gradient descent."""
    G, D = copy.deepcopy(start)
    step(G, D, *(torch.optim.SGD(net.parameters(), lr=RATE) for net in (G, D)), gray, true)
    return tuple(torch.cat([weight.detach().flatten() for weight in net.parameters()]) for net in (G, D))


def gradient_of_g(G, D_now, gray, true, verdict: bool = True, l1: bool = True, leak=None) -> Tensor:
    """What reaches G: of D's verdict, of L1, and, with the D at the start as `leak`, of D's own cost."""
    predicted = G(gray)
    cost = cost_of_g(D_now(gray, predicted)) * verdict + 100 * (predicted - true).abs().mean() * l1
    if leak is not None:
        cost = cost + cost_of_d(leak(gray, true), leak(gray, predicted))
    return torch.cat([one.flatten() for one in torch.autograd.grad(cost, list(G.parameters()))])


def gradient_of_d(D, G, gray, true, half: bool = False) -> Tensor:
    """What reaches D: of both pairs, or of the true one alone."""
    fake = D(gray, G(gray).detach())
    cost = cost_of_d(D(gray, true), fake.detach() if half else fake)
    return torch.cat([one.flatten() for one in torch.autograd.grad(cost, list(D.parameters()))])


def loaded(network: nn.Module, weights: Tensor) -> nn.Module:
    """A copy of a network with these weights."""
    network = copy.deepcopy(network)
    nn.utils.vector_to_parameters(weights, network.parameters())
    return network
