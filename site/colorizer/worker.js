/**
 * All that takes time, away from the page, which stays alive meanwhile: the network, and the painting of pixels.
 *
 * The page sends {id, call, given}; the answer is {id, result}, or {id, error} with a sentence. One call is done after
 * the other. The photo that was opened last is kept here; it goes nowhere else.
 */

import { move, Small } from "./moving.js";
import { Network } from "./network.js";
import { paint, seen } from "./photo.js";
import { resize } from "./resize.js";

const SHOWN = 960; // pixels of the long side of a picture on the page

let network; // once it is loaded, which takes a while the first time
let photo; // {full, shown, picture, small, answer}: as it came, as large as the page shows it, as the network sees it, to
// try colors on, and the network's last answer
let color; // of the last answer

const calls = {
  /** Load the network of this name. Returns its card. */
  async load(name) {
    network ??= await Network.load(name);
    return network.card;
  },

  /** Keep a photo {width, height, data}. Returns it as large as the page shows it, as it came and in gray. */
  open(full) {
    const scale = Math.min(1, SHOWN / Math.max(full.width, full.height));
    const sides = [full.width, full.height].map((side) => Math.max(1, Math.round(side * scale)));
    const shown = scale < 1 ? resize(full, ...sides) : full;
    photo = { full, shown, picture: seen(full, network.card), small: new Small(full) };
    const none = { width: 1, height: 1, a: [0], b: [0] };
    return { original: shown, gray: paint(shown, none) };
  },

  /**
   * Color the photo as the targets ask: {saturation, hue}, both 0 to 1, and free where they aren't named. They are told
   * to the network, if it listens; if it doesn't, or they shall be met exactly, its answer is moved until they are.
   */
  async color({ targets, exact }) {
    const begun = performance.now();
    const listens = network.card.conditions.length > 0;
    if (listens || !photo.answer) photo.answer = await network.color(photo.picture, targets);
    const answered = performance.now();
    const moved = move(photo.small, photo.answer, exact || !listens ? targets : {});
    color = moved.color;
    const picture = paint(photo.shown, color);
    const seconds = { network: (answered - begun) / 1000, all: (performance.now() - begun) / 1000 };
    return { picture, has: moved.has, reach: moved.reach, missed: moved.missed, seconds };
  },

  /** The photo in full size, in the color of the last answer. */
  finish() {
    return paint(photo.full, color);
  },
};

let queue = Promise.resolve();

self.onmessage = ({ data: { id, call, given } }) => {
  queue = queue.then(async () => {
    try {
      self.postMessage({ id, result: await calls[call](given) });
    } catch (error) {
      self.postMessage({ id, error: error.message });
    }
  });
};
