"""What every generator is: the base class of all in `colorlib.models.GENERATORS`, and what they have in common.

To add one, derive it from `Generator`, write the three methods that it must have, and give it a line in `GENERATORS`.
It is built without memory where a saved one is opened, so all that it holds must be in its state_dict.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from colorlib.controls import Asked
from colorlib.errors import ConfigError
from colorlib.fields import Kind
from colorlib.model import Model
from colorlib.models.heads import Head


class Generator(Kind, nn.Module):
    """Gray `(B, 1, H, W)`, in the color space's units, to what its head understands.

    It must have `from_model`, `initialize` and `forward`. All else here it may have: the defaults are those of a
    network that takes pictures of every size, listens to no control and has no encoder of its own origin. reads: the
    settings that it looks at, and not every generator does; one with "conditions" among them listens to controls.
    size_multiple: what the sides of a picture must be multiples of; None: it takes squares of one size alone.
    """

    size_multiple: int | None = 1

    @classmethod
    def from_model(cls, model: Model, head: Head) -> "Generator":
        """The generator that a model describes, for its head, with any weights. Raises `ConfigError`."""
        raise NotImplementedError

    def initialize(self) -> None:
        """Draw the weights that training starts from."""
        raise NotImplementedError

    def forward(self, gray: Tensor, asked: Asked | None = None) -> Tensor:
        """asked: targets of the controls that it listens to. It is given to those alone that listen to some."""
        raise NotImplementedError

    # ------------------------------------------------------------ what it may have

    def check_size(self, height: int, width: int) -> None:
        """Raise `ValueError` for a picture that it can't take. Every size will do."""

    def initialize_conditions(self) -> None:
        """Draw the weights of what listens to controls alone, without effect yet. There is none."""

    def encoder_parameters(self) -> Iterable[nn.Parameter]:
        """The weights of an encoder that may have been trained before, and so may learn more slowly. There is none."""
        return ()

    def freeze_encoder(self) -> None:
        """Let the encoder's weights stay as they are. There are none."""

    def load_encoder(self, weights: dict[str, Tensor]) -> None:
        """Give the encoder weights by torchvision's names. Raises `ConfigError`, since there is none."""
        raise ConfigError(f"{type(self).__name__} has no encoder for --encoder-weights; leave it out")


class Noise(nn.Module):
    """Noise z `(B, size)` for a batch `(B, ...)`: drawn anew while training, as dropout is; else one fixed draw.

    The same picture then always gets the same color; `colorlib.models.drawing` draws anew all the same.
    """

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def forward(self, batch: Tensor) -> Tensor:
        if self.training:
            return torch.randn(len(batch), self.size, dtype=batch.dtype, device=batch.device)
        fixed = torch.randn(1, self.size, generator=torch.Generator().manual_seed(0))
        return fixed.to(batch.device, batch.dtype).expand(len(batch), -1)


def check_full_size(model: Model, head: Head) -> None:
    """Raise `ConfigError` for a head that wants an output smaller than the picture, of a generator that has none."""
    if head.reduction > 1:
        raise ConfigError(f"--generator {model.generator} answers at full size, and --head {model.head} wants less")
