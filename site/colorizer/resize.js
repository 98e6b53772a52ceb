/**
 * A photo made small as Pillow makes it small, to the level: reduced by averages of whole pixels, then by the Lanczos
 * filter, then sharpened. A canvas resizes too, but each browser in its own way, and the network has learned from
 * Pillow's pictures: Chromium's differ from them by 3 to 7 levels of 255 in the mean of the example photos, and by up
 * to 46.
 *
 * A picture is {width, height, data}: red, green, blue and alpha of each pixel, 0 to 255, as in ImageData.
 */

const SUPPORT = 3; // the filter's half width, in pixels of the result
const BITS = 22; // the filter's weights are whole numbers of 1 / 2^22

/** `photo` at a smaller (or larger) size, opaque: Pillow's resize(size, LANCZOS, reducing_gap=gap). */
export function resize(photo, width, height, gap = 3) {
  const factors = [photo.width / width, photo.height / height].map((ratio) => Math.max(1, Math.trunc(ratio / gap)));
  const [across, down] = factors;
  const reduced = across > 1 || down > 1 ? reduce(photo, across, down) : photo;
  const narrow = filterRows(reduced, weights(reduced.width, photo.width / across, width));
  // Columns are rows of the picture laid on its side.
  return transpose(filterRows(transpose(narrow), weights(reduced.height, photo.height / down, height)));
}

/** Averages of blocks of `across` times `down` pixels; those at the right and lower edge may be smaller. */
function reduce(photo, across, down) {
  const width = Math.ceil(photo.width / across);
  const height = Math.ceil(photo.height / down);
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let y = 0; y < height; y++) {
    const bottom = Math.min((y + 1) * down, photo.height);
    for (let x = 0; x < width; x++) {
      const right = Math.min((x + 1) * across, photo.width);
      const count = (right - x * across) * (bottom - y * down);
      const share = Math.floor(2 ** 24 / count);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let row = y * down; row < bottom; row++) {
        for (let k = 4 * (row * photo.width + x * across); k < 4 * (row * photo.width + right); k += 4) {
          red += photo.data[k];
          green += photo.data[k + 1];
          blue += photo.data[k + 2];
        }
      }
      const half = count >> 1;
      const pixel = 4 * (y * width + x);
      data[pixel] = Math.floor(((red + half) * share) / 2 ** 24);
      data[pixel + 1] = Math.floor(((green + half) * share) / 2 ** 24);
      data[pixel + 2] = Math.floor(((blue + half) * share) / 2 ** 24);
    }
  }
  return { width, height, data };
}

function lanczos(x) {
  if (x === 0) return 1;
  if (Math.abs(x) >= SUPPORT) return 0;
  const p = Math.PI * x;
  return (Math.sin(p) / p) * (Math.sin(p / SUPPORT) / (p / SUPPORT));
}

/** For each of `wanted` pixels: the first of `count` pixels that it is made of, and their weights. `extent` of them
 * are the photo: after a reduction its last pixel may be a part of one. */
function weights(count, extent, wanted) {
  const scale = extent / wanted;
  const wide = Math.max(scale, 1);
  return Array.from({ length: wanted }, (_, k) => {
    const center = (k + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - SUPPORT * wide + 0.5));
    const end = Math.min(count, Math.trunc(center + SUPPORT * wide + 0.5));
    const values = Array.from({ length: end - first }, (_, n) => lanczos((first + n - center + 0.5) / wide));
    const sum = values.reduce((one, other) => one + other, 0);
    const whole = values.map((value) => {
      const exact = (value / sum) * 2 ** BITS;
      return Math.trunc(exact + (exact < 0 ? -0.5 : 0.5));
    });
    return { first, whole: Int32Array.from(whole) };
  });
}

/** Each row of a picture filtered to as many pixels as there are sets of weights. */
function filterRows(picture, sets) {
  const { height } = picture;
  const width = sets.length;
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, whole } = sets[x];
      let red = 2 ** (BITS - 1);
      let green = red;
      let blue = red;
      let k = 4 * (y * picture.width + first);
      for (let n = 0; n < whole.length; n++, k += 4) {
        red += picture.data[k] * whole[n];
        green += picture.data[k + 1] * whole[n];
        blue += picture.data[k + 2] * whole[n];
      }
      const pixel = 4 * (y * width + x);
      data[pixel] = red >> BITS; // a clamped array cuts what is below 0 or above 255
      data[pixel + 1] = green >> BITS;
      data[pixel + 2] = blue >> BITS;
    }
  }
  return { width, height, data };
}

function transpose({ width, height, data }) {
  const pixels = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const turned = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) turned[x * height + y] = pixels[y * width + x];
  }
  return { width: height, height: width, data: new Uint8ClampedArray(turned.buffer) };
}

/** Each pixel moved away from the mean around it: Pillow's UnsharpMask(radius=1, percent, threshold=0). */
export function sharpen(picture, percent) {
  if (!percent) return picture;
  const soft = transpose(blurRows(transpose(blurRows(picture))));
  const data = picture.data.slice();
  for (let k = 0; k < data.length; k++) {
    const away = picture.data[k] - soft.data[k];
    if (k % 4 < 3) data[k] = picture.data[k] + Math.trunc((away * percent) / 100);
  }
  return { ...picture, data };
}

/** Three blurs along each row by a box that reaches a quarter of a pixel to both sides: nearly a Gaussian, sigma 1. */
function blurRows(picture) {
  const inner = Math.fround(2 ** 24 / 1.5); // in single precision, as Pillow divides
  const outer = Math.floor((2 ** 24 - inner) / 2);
  const { width, height } = picture;
  let from = picture.data;
  for (let pass = 0; pass < 3; pass++) {
    const data = new Uint8ClampedArray(from.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const here = 4 * (y * width + x);
        const left = x > 0 ? here - 4 : here; // beyond the edge, the pixel at the edge goes on
        const right = x < width - 1 ? here + 4 : here;
        for (let c = 0; c < 4; c++) {
          const sum = from[here + c] * inner + (from[left + c] + from[right + c]) * outer + 2 ** 23;
          data[here + c] = Math.floor(sum / 2 ** 24);
        }
      }
    }
    from = data;
  }
  return { width, height, data: from };
}
