/**
 * From a photo to what the network sees of it, and back: the photo in a new color, with its own lightness.
 * colorlib/colorizer/__init__.py in JavaScript. A color is {width, height, a, b}, with a and b of each pixel in Lab units.
 */

import { join, lightnessOf } from "./lab.js";
import { resize, sharpen } from "./resize.js";

const STRIP_PIXELS = 2 ** 18; // a photo is painted in strips of about this many pixels, which takes little memory

/** Rounded as Python does it: halves to the even neighbor. */
export function round(x) {
  const down = Math.floor(x);
  return x - down === 0.5 ? down + (down % 2) : Math.round(x);
}

/** Width and height at which the network sees a photo: in its own proportions, as near as its levels allow. */
export function seenSize(width, height, card) {
  const ratio = Math.min(Math.max(width, height) / Math.min(width, height), card.longest);
  const short = card.photo_size;
  const long = Math.max(round((short * ratio) / card.multiple) * card.multiple, short);
  return width >= height ? [long, short] : [short, long];
}

/** What the network sees of a photo: small, and as sharp as the pictures that it has learned from. */
export function seen(photo, card) {
  return sharpen(resize(photo, ...seenSize(photo.width, photo.height, card)), card.sharpen);
}

/** The gray that goes into the network, one number for each pixel. */
export function grayOf(picture, card) {
  return lightnessOf(picture.data).map((lightness) => lightness / card.gray.scale - card.gray.shift);
}

/** `photo` in this color, brought to its size: a picture with the photo's own lightness and transparency. */
export function paint(photo, color) {
  const { width, height } = photo;
  const data = photo.data.slice();
  const rows = Math.max(1, Math.floor(STRIP_PIXELS / width));
  for (let top = 0; top < height; top += rows) {
    const count = Math.min(rows, height - top);
    const from = top * width;
    const lightness = lightnessOf(photo.data, from, from + count * width);
    const { a, b } = enlarge(color, width, height, top, count);
    join(lightness, a, b, data, from);
  }
  return { width, height, data };
}

/** Rows `top` to `top + count` of a color that is brought to `width` times `height` by linear interpolation. */
export function enlarge(color, width, height, top = 0, count = height) {
  const columns = Array.from({ length: width }, (_, x) => between(x, width, color.width));
  const stretched = (values) => {
    const result = new Float32Array(width * count);
    for (let y = 0; y < count; y++) {
      const row = between(top + y, height, color.height);
      const [upper, lower] = [row.low * color.width, row.high * color.width];
      const down = (_, x) => mix(values[upper + x], values[lower + x], row.part);
      const narrow = Float64Array.from({ length: color.width }, down);
      for (let x = 0; x < width; x++) {
        const { low, high, part } = columns[x];
        result[y * width + x] = mix(narrow[low], narrow[high], part);
      }
    }
    return result;
  };
  return { width, height: count, a: stretched(color.a), b: stretched(color.b) };
}

/** The two of `few` pixels between which pixel `k` of `many` lies, and how far it is from the first to the second. */
function between(k, many, few) {
  const at = Math.min(Math.max(((k + 0.5) / many) * few - 0.5, 0), few - 1);
  const low = Math.floor(at);
  return { low, high: Math.min(low + 1, few - 1), part: at - low };
}

function mix(one, other, part) {
  return one + (other - one) * part;
}
