/**
 * The network, as `colorlib export` has written it, run by ONNX Runtime Web on one thread of the visitor's processor.
 *
 * Its files lie beside this one: the runtime in ort/, the network and its card in model/. Nothing comes from elsewhere.
 */

import * as ort from "./ort/ort.wasm.min.mjs";
import { grayOf } from "./photo.js";

const beside = (name) => new URL(name, import.meta.url).href;

ort.env.wasm.numThreads = 1; // more would need headers that not every web server sends
ort.env.wasm.wasmPaths = {
  mjs: beside("ort/ort-wasm-simd-threaded.mjs"),
  wasm: beside("ort/ort-wasm-simd-threaded.wasm"),
};

async function fetched(name) {
  const answer = await fetch(beside(name));
  if (!answer.ok) throw new Error(`${name} could not be loaded (${answer.status})`);
  return answer;
}

export class Network {
  /** The network of model/`name`.onnx with its card, which says how a photo is prepared and what can be asked for. */
  static async load(name) {
    const card = await (await fetched(`model/${name}.json`)).json();
    const graph = new Uint8Array(await (await fetched(`model/${name}.onnx`)).arrayBuffer());
    return new Network(card, await ort.InferenceSession.create(graph));
  }

  constructor(card, session) {
    this.card = card;
    this.session = session;
  }

  /** Color for a picture as the network sees it: {width, height, a, b}. What isn't in `targets` is free. */
  async color(picture, targets) {
    const { width, height } = picture;
    const gray = new ort.Tensor("float32", grayOf(picture, this.card), [1, 1, height, width]);
    const asked = this.card.conditions.map(({ name }) => targets[name] ?? NaN);
    const told = asked.length ? { asked: new ort.Tensor("float32", Float32Array.from(asked), [1, asked.length]) } : {};
    const { ab } = await this.session.run({ gray, ...told });
    return { width, height, a: ab.data.slice(0, width * height), b: ab.data.slice(width * height) };
  }
}
