/**
 * A photo's color moved until it has the saturation and the hue that were asked for: colorlib/moving.py in JavaScript.
 *
 * Its chroma is scaled, its hue turned, by as little as the target takes. What that is is found by trying, on the photo
 * made small: `Small` knows how saturated, and of what hue, the small photo is in any color.
 */

import { join, lightnessOf } from "./lab.js";
import { enlarge, round } from "./photo.js";

const TRIED_AT = 192; // pixels: what holds for a photo of this short side holds for the whole one
const LARGEST = 4 * TRIED_AT ** 2; // pixels: of a panorama fewer are tried
const TOLERANCE = 0.005; // what is farther from its target hasn't met it
const FACTORS = Array.from({ length: 25 }, (_, k) => -8 + (k * (Math.log(16) + 8)) / 24); // of the chroma, tried first
const HALVINGS = 12; // between two of those
const ANGLES = 8; // around the circle, tried first
const TURNS = 12; // corrections of the best one
const ROUNDS = 4; // over both targets, each of which disturbs the other a little
const ENOUGH = 0.0005; // what is nearer to its target needs no other round
const NO_HUE = 1e-3; // a mean color that is no longer than this (of 1) is gray

/** A change of color, as a complex number: a + ib of each pixel is multiplied with it. */
const scaling = (amount) => ({ re: Math.exp(amount), im: 0 });
const turn = (angle) => ({ re: Math.cos(angle), im: Math.sin(angle) });

/** A color after a change, written over `result`, or a new one. */
export function changed({ width, height, a, b }, { re, im }, result = null) {
  result ??= { width, height, a: new Float32Array(a.length), b: new Float32Array(b.length) };
  for (let k = 0; k < a.length; k++) {
    const before = a[k]; // since `result` may be the very color that is changed
    result.a[k] = before * re - b[k] * im;
    result.b[k] = before * im + b[k] * re;
  }
  return result;
}

/** The difference of two hues the shorter way around, -0.5 to 0.5 of the circle. */
export function hueDifference(one, other) {
  const difference = one - other + 0.5;
  return difference - Math.floor(difference) - 0.5;
}

/** A photo made small, on which colors are tried. */
export class Small {
  constructor(photo) {
    const { width, height } = photo;
    const scale = Math.min(1, TRIED_AT / Math.min(width, height), Math.sqrt(LARGEST / (width * height)));
    this.width = Math.max(1, round(width * scale));
    this.height = Math.max(1, round(height * scale));
    this.rgba = new Uint8ClampedArray(4 * this.width * this.height); // written over at each trial
    const from = new Uint32Array(photo.data.buffer, photo.data.byteOffset, width * height);
    const to = new Uint32Array(this.rgba.buffer);
    for (let y = 0; y < this.height; y++) {
      const row = Math.trunc(((y + 0.5) * height) / this.height) * width;
      for (let x = 0; x < this.width; x++) {
        to[y * this.width + x] = from[row + Math.trunc(((x + 0.5) * width) / this.width)];
      }
    }
    this.lightness = lightnessOf(this.rgba);
    this.scratch = this.fit({ width: 1, height: 1, a: [0], b: [0] });
  }

  /** A color at the small photo's size. */
  fit(color) {
    return enlarge(color, this.width, this.height);
  }

  /** Saturation and hue, both 0 to 1, of the small photo in a color of its size, as gamut and 8 bits leave it. */
  measure(color) {
    join(this.lightness, color.a, color.b, this.rgba);
    const count = this.lightness.length;
    const mean = [0, 0, 0];
    let saturation = 0;
    for (let k = 0; k < 4 * count; k += 4) {
      const [red, green, blue] = [this.rgba[k], this.rgba[k + 1], this.rgba[k + 2]];
      const most = Math.max(red, green, blue);
      if (most) saturation += (most - Math.min(red, green, blue)) / most;
      mean[0] += red;
      mean[1] += green;
      mean[2] += blue;
    }
    const [red, green, blue] = mean.map((sum) => sum / count / 255);
    const [x, y] = [red - (green + blue) / 2, (Math.sqrt(3) / 2) * (green - blue)];
    const angle = x * x + y * y < NO_HUE ** 2 ? 0 : Math.atan2(y, x) / (2 * Math.PI);
    return { saturation: saturation / count, hue: angle - Math.floor(angle) };
  }
}

/** What the small photo has of a control in this color after a change. */
function after(small, color, change, name) {
  return small.measure(changed(color, change, small.scratch))[name];
}

/**
 * The least change of the chroma that meets a saturation, or comes nearest to it: with what it takes.
 *
 * Some factors are tried; of the steps between them that pass the target, the one nearest to no change is halved again
 * and again. `reach` is the least and the most saturation that was met on the way.
 */
function toSaturation(small, color, target) {
  const saturation = (amount) => after(small, color, scaling(amount), "saturation");
  const values = FACTORS.map(saturation);
  const reach = [Math.min(...values), Math.max(...values)];
  const passes = values.map((value, k) => k + 1 < values.length && value >= target !== values[k + 1] >= target);
  const nearest = (indices, distance) => indices.reduce((one, k) => (distance(k) < distance(one) ? k : one));
  const steps = [...FACTORS.keys()].filter((k) => passes[k]);
  let amount = FACTORS[nearest([...FACTORS.keys()], (k) => Math.abs(values[k] - target))];
  if (steps.length) {
    const step = nearest(steps, (k) => Math.abs(FACTORS[k] + FACTORS[k + 1]));
    const rising = values[step + 1] >= target;
    let [low, high] = [FACTORS[step], FACTORS[step + 1]];
    for (let n = 0; n < HALVINGS; n++) {
      const middle = (low + high) / 2;
      if (saturation(middle) < target === rising) low = middle;
      else high = middle;
    }
    amount = (low + high) / 2;
  }
  return { change: scaling(amount), reach };
}

/** The turn of the color around gray that gives a hue, or comes as near as it can. */
function toHue(small, color, target) {
  const missing = (angle) => hueDifference(target, after(small, color, turn(angle), "hue"));
  let best = 0;
  let least = missing(0);
  for (let n = 1; n < ANGLES + TURNS && Math.abs(least) > ENOUGH / 10; n++) {
    const angle = n < ANGLES ? (2 * Math.PI * n) / ANGLES : best + 2 * Math.PI * least * (n % 3 === 0 ? 0.5 : 1);
    const short = missing(angle);
    if (Math.abs(short) < Math.abs(least)) [best, least] = [angle, short];
  }
  return { change: turn(best) };
}

const WAYS = { saturation: toSaturation, hue: toHue };
const DISTANCE = { saturation: (one, other) => one - other, hue: hueDifference };

/**
 * Move a photo's color to targets, as {saturation: 0.4, hue: 0.1}; what isn't named is free.
 *
 * Returns the moved color; `has`, what the photo then has of both; `reach`, the least and the most saturation within
 * its gamut; and `missed`, the names of the targets that can't be met.
 */
export function move(small, color, targets) {
  let [tried, moved, reach] = [small.fit(color), color, null];
  let has = small.measure(tried);
  const missing = (name) => Math.abs(DISTANCE[name](has[name], targets[name]));
  const names = Object.keys(WAYS).filter((name) => name in targets);
  for (let n = 0; n < (names.length > 1 ? ROUNDS : 1); n++) {
    for (const name of names) {
      if (n && missing(name) < ENOUGH) continue;
      const found = WAYS[name](small, tried, targets[name]);
      reach ??= found.reach ?? null; // of the color as it came: saturation is the first
      [tried, moved] = [changed(tried, found.change), changed(moved, found.change)];
      has = small.measure(tried);
    }
  }
  return { color: moved, has, reach, missed: names.filter((name) => missing(name) > TOLERANCE) };
}
