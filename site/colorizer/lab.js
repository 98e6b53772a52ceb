/**
 * sRGB and Lab's lightness, and a picture joined again from lightness and color: colorlib/color/__init__.py in JavaScript.
 *
 * Pictures are what a canvas holds: red, green, blue and alpha of each pixel, 0 to 255 (sRGB). Lightness L is 0 to 100,
 * a and b about -110 to 110 (CIE 1976, D65, 2 degree observer). Lesson 1 of the course builds all of this.
 */

const RGB_TO_XYZ = [
  [0.412453, 0.35758, 0.180423],
  [0.212671, 0.71516, 0.072169],
  [0.019334, 0.119193, 0.950227],
];
const WHITE = [0.95047, 1.0, 1.08883]; // what the rows sum up to
const RGB_TO_RELATIVE_XYZ = RGB_TO_XYZ.map((row, k) => row.map((m) => m / WHITE[k]));
const [RED, GREEN, BLUE] = inverse(RGB_TO_RELATIVE_XYZ); // of X, Y and Z relative to white
const [Y_OF_RED, Y_OF_GREEN, Y_OF_BLUE] = RGB_TO_RELATIVE_XYZ[1];

const KNEE = 6 / 29; // below this cube root (of X, Y or Z relative to white) Lab goes on as a straight line
const CUBE = KNEE ** 3;
const SLOPE = 1 / (3 * KNEE * KNEE); // of that line
const GAMUT_REACH = 0.5 + 1e-4; // a screen shows the linear RGB values that lie no farther than this from 0.5
const STEPS = 12; // of the search for the most chroma that a screen can show

/** The inverse of a 3x3 matrix, by cofactors. */
function inverse(m) {
  const cofactor = (r, c) => {
    const [i, j, k, l] = [(r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3];
    return m[i][k] * m[j][l] - m[i][l] * m[j][k];
  };
  const determinant = [0, 1, 2].reduce((sum, c) => sum + m[0][c] * cofactor(0, c), 0);
  return [0, 1, 2].map((r) => [0, 1, 2].map((c) => cofactor(c, r) / determinant));
}

/** Undo the sRGB transfer curve: a value in [0, 1] to the light's intensity in [0, 1]. */
export function toLinear(value) {
  return value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92;
}

const LINEAR = Float64Array.from({ length: 256 }, (_, level) => toLinear(level / 255));

// The way back to a level of 0 to 255, without a power for each pixel: the least intensity that is rounded to a level,
// and for 4096 intensities the level to begin the search with.
const LEAST = Float64Array.from({ length: 257 }, (_, level) => toLinear((level - 0.5) / 255));
LEAST[256] = Infinity; // there is no such level
const GUESS = new Uint8Array(4097);
for (let k = 0, level = 0; k <= 4096; k++) {
  while (k / 4096 >= LEAST[level + 1]) level++;
  GUESS[k] = level;
}

/** A light's intensity to the nearest level of sRGB, 0 to 255; what lies outside the gamut is cut. */
export function toLevel(linear) {
  if (!(linear > 0)) return 0;
  if (linear >= 1) return 255;
  let level = GUESS[(linear * 4096) | 0];
  while (linear >= LEAST[level + 1]) level++;
  return level;
}

/** The lightness L of each pixel of `rgba`, from pixel `from` to before `to`. */
export function lightnessOf(rgba, from = 0, to = rgba.length / 4) {
  const lightness = new Float32Array(to - from);
  for (let k = from; k < to; k++) {
    const y =
      Y_OF_RED * LINEAR[rgba[4 * k]] + Y_OF_GREEN * LINEAR[rgba[4 * k + 1]] + Y_OF_BLUE * LINEAR[rgba[4 * k + 2]];
    const root = y > CUBE ? Math.cbrt(y) : KNEE + SLOPE * (y - CUBE);
    lightness[k - from] = 116 * root - 16;
  }
  return lightness;
}

/** Undo the cube root from which Lab is made. */
function fromRoot(root) {
  return root > KNEE ? root * root * root : CUBE + (root - KNEE) / SLOPE;
}

const light = new Float64Array(3); // red, green and blue of the color at hand, as intensities

/** The light of a color, into `light`. root: that of its Y, relative to white. */
function shine(root, a, b) {
  const x = fromRoot(root + a / 500);
  const y = fromRoot(root);
  const z = fromRoot(root - b / 200);
  light[0] = RED[0] * x + RED[1] * y + RED[2] * z;
  light[1] = GREEN[0] * x + GREEN[1] * y + GREEN[2] * z;
  light[2] = BLUE[0] * x + BLUE[1] * y + BLUE[2] * z;
}

/** Whether a screen can't show it. */
function outside() {
  return Math.max(Math.abs(light[0] - 0.5), Math.abs(light[1] - 0.5), Math.abs(light[2] - 0.5)) > GAMUT_REACH;
}

/**
 * Write the picture with this lightness and, as far as the gamut allows, this color into `rgba`, from pixel `at` on.
 *
 * A color that a screen can't show loses chroma, never lightness or hue: on the line from it to gray, bisection finds
 * the farthest that can be shown. Alpha is left as it is.
 */
export function join(lightness, a, b, rgba, at = 0) {
  for (let k = 0; k < lightness.length; k++) {
    const root = (lightness[k] + 16) / 116;
    shine(root, a[k], b[k]);
    if (outside()) {
      let kept = 0.5; // the fraction of the chroma that is kept
      let step = 0.5;
      for (let n = 0; n < STEPS; n++) {
        step /= 2;
        shine(root, kept * a[k], kept * b[k]);
        kept += outside() ? -step : step;
      }
      kept -= step; // rather a little too gray than outside
      shine(root, kept * a[k], kept * b[k]);
    }
    const pixel = 4 * (at + k);
    rgba[pixel] = toLevel(light[0]);
    rgba[pixel + 1] = toLevel(light[1]);
    rgba[pixel + 2] = toLevel(light[2]);
  }
}
