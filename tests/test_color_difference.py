"""CIEDE2000 against the published test data, against scikit-image, and where hue is ill-defined."""

import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000, rgb2lab

from colorlib.color.difference import ciede2000

# Sharma, Wu and Dalal 2005, table 1: two colors in Lab and their difference, rounded to four digits.
PUBLISHED = """
50.0000   2.6772 -79.7751   50.0000   0.0000 -82.7485    2.0425
50.0000   3.1571 -77.2803   50.0000   0.0000 -82.7485    2.8615
50.0000   2.8361 -74.0200   50.0000   0.0000 -82.7485    3.4412
50.0000  -1.3802 -84.2814   50.0000   0.0000 -82.7485    1.0000
50.0000  -1.1848 -84.8006   50.0000   0.0000 -82.7485    1.0000
50.0000  -0.9009 -85.5211   50.0000   0.0000 -82.7485    1.0000
50.0000   0.0000   0.0000   50.0000  -1.0000   2.0000    2.3669
50.0000  -1.0000   2.0000   50.0000   0.0000   0.0000    2.3669
50.0000   2.4900  -0.0010   50.0000  -2.4900   0.0009    7.1792
50.0000   2.4900  -0.0010   50.0000  -2.4900   0.0010    7.1792
50.0000   2.4900  -0.0010   50.0000  -2.4900   0.0011    7.2195
50.0000   2.4900  -0.0010   50.0000  -2.4900   0.0012    7.2195
50.0000  -0.0010   2.4900   50.0000   0.0009  -2.4900    4.8045
50.0000  -0.0010   2.4900   50.0000   0.0010  -2.4900    4.8045
50.0000  -0.0010   2.4900   50.0000   0.0011  -2.4900    4.7461
50.0000   2.5000   0.0000   50.0000   0.0000  -2.5000    4.3065
50.0000   2.5000   0.0000   73.0000  25.0000 -18.0000   27.1492
50.0000   2.5000   0.0000   61.0000  -5.0000  29.0000   22.8977
50.0000   2.5000   0.0000   56.0000 -27.0000  -3.0000   31.9030
50.0000   2.5000   0.0000   58.0000  24.0000  15.0000   19.4535
50.0000   2.5000   0.0000   50.0000   3.1736   0.5854    1.0000
50.0000   2.5000   0.0000   50.0000   3.2972   0.0000    1.0000
50.0000   2.5000   0.0000   50.0000   1.8634   0.5757    1.0000
50.0000   2.5000   0.0000   50.0000   3.2592   0.3350    1.0000
60.2574 -34.0099  36.2677   60.4626 -34.1751  39.4387    1.2644
63.0109 -31.0961  -5.8663   62.8187 -29.7946  -4.0864    1.2630
61.2901   3.7196  -5.3901   61.4292   2.2480  -4.9620    1.8731
35.0831 -44.1164   3.7933   35.0232 -40.0716   1.5901    1.8645
22.7233  20.0904 -46.6940   23.0331  14.9730 -42.5619    2.0373
36.4612  47.8580  18.3852   36.2715  50.5065  21.2231    1.4146
90.8027  -2.0831   1.4410   91.1528  -1.6435   0.0447    1.4441
90.9257  -0.5406  -0.9208   88.6381  -0.8985  -0.7239    1.5381
 6.7747  -0.2908  -2.4247    5.8714  -0.0985  -2.2286    0.6377
 2.0776   0.0795  -1.1350    0.9033  -0.0636  -0.5514    0.9082
"""


def difference(colors, others) -> np.ndarray:
    """Of rows of Lab (N, 3): each pair's difference (N,)."""
    batches = (torch.tensor(np.asarray(lab), dtype=torch.float32).T[None, :, None] for lab in (colors, others))
    return ciede2000(*batches)[0, 0].numpy()


def test_published_test_data():
    table = np.array([line.split() for line in PUBLISHED.split("\n") if line], dtype=float)
    assert table.shape == (34, 7)
    first, second, expected = table[:, :3], table[:, 3:6], table[:, 6]
    np.testing.assert_allclose(difference(first, second), expected, atol=2e-4)
    np.testing.assert_allclose(difference(second, first), expected, atol=2e-4)


@pytest.mark.parametrize("noise", [None, 20, 2, 0.01], ids=lambda noise: f"noise-{noise}")
def test_random_colors_of_the_gamut(noise):
    random = np.random.default_rng(0)
    rgb = random.random((100_000, 3))
    other = random.random(rgb.shape) if noise is None else rgb + random.normal(scale=noise / 255, size=rgb.shape)
    labs = [rgb2lab(values.clip(0, 1)).astype(np.float32) for values in (rgb, other)]
    expected = deltaE_ciede2000(*(lab.astype(np.float64) for lab in labs))
    assert expected.max() > {None: 100, 20: 30, 2: 4, 0.01: 0.03}[noise]
    np.testing.assert_allclose(difference(*labs), expected, atol=1e-3)


def test_edges():
    def around(hue, chroma=40):
        return [50, chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))]

    pairs = [
        ([0, 0, 0], [100, 0, 0]),  # gray to gray: the lightness alone
        ([0, 0, 0], [0, 0, 0]),
        ([50, 0, 0], [50, 60, -60]),  # gray to color
        ([30, 80, -107], [30, 0, 0]),  # blue, where chroma and hue are entangled
        *((around(hue), around(hue + 179)) for hue in range(0, 360, 15)),  # nearly opposite, on both sides
        *((around(hue), around(hue + 181)) for hue in range(0, 360, 15)),
        *((around(359), around(hue)) for hue in (0, 1, 2, 178)),  # over the angle where hue begins again
        *((around(-1e-7), around(hue)) for hue in (1e-7, 5, 355)),
        ([50, -40, -0.0], [50, -40, 1]),
    ]
    colors, others = (np.array(column, dtype=np.float32) for column in zip(*pairs, strict=True))
    expected = deltaE_ciede2000(colors.astype(np.float64), others.astype(np.float64))
    np.testing.assert_allclose(difference(colors, others), expected, atol=1e-3)
    np.testing.assert_allclose(difference(others, colors), expected, atol=1e-3)
    assert difference(colors[:1], others[:1]) == pytest.approx(100)


def test_equal_colors_do_not_differ():
    lab = rgb2lab(np.random.default_rng(0).random((1000, 3)))
    assert (difference(lab, lab) == 0).all()


def test_shape_and_precision():
    lab = torch.rand(2, 3, 4, 5, dtype=torch.float64) * 50
    result = ciede2000(lab, lab.flip(0))
    assert result.shape == (2, 4, 5) and result.dtype == torch.float32  # Apple's GPUs have no float64
    assert torch.equal(result[0], result[1])


@pytest.mark.parametrize("shape", [(2, 1, 4, 5), (2, 3, 4, 6), (3, 4, 5)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="tensors are compared, got"):
        ciede2000(torch.zeros(2, 3, 4, 5), torch.zeros(shape))
    with pytest.raises(ValueError, match="tensors are compared, got"):
        ciede2000(torch.zeros(3, 4, 5), torch.zeros(3, 4, 5))
