/** What the visitor sees and does. Whatever takes time is asked of worker.js. */

import { decode, Refused, save, show } from "./files.js";

const NETWORK = "starter";
const HUES = "red orange yellow lime green turquoise cyan azure blue violet magenta pink".split(" ");

const $ = (id) => document.getElementById(id);
const controls = ["saturation", "hue"].map((name) => ({
  name,
  slider: $(name),
  free: $(`${name}-free`),
  value: $(`${name}-value`),
  note: $(`${name}-note`),
}));

let name = ""; // of the photo at hand
let number = 0; // of the photo at hand; what comes late for another one is dropped
let pictures; // {original, gray} of the photo at hand
let pending; // what the photo shall be colored to next
let busy = false;

// ------------------------------------------------------------ the worker

const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
const waiting = new Map(); // the number of a call -> what its answer settles
let calls = 0;

worker.onmessage = ({ data: { id, result, error } }) => {
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) resolve(result);
  else reject(new Error(error));
};
worker.onerror = () => complain("This browser can't run the network: it is too old, or workers are switched off.");

/** A call of worker.js and a promise of its answer. Buffers in `handed` are given away, not copied. */
function ask(call, given, handed = []) {
  return new Promise((resolve, reject) => {
    waiting.set(++calls, { resolve, reject });
    worker.postMessage({ id: calls, call, given }, handed);
  });
}

// ------------------------------------------------------------ words

function complain(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

function say(text, working = false) {
  $("status").textContent = text;
  $("colorizer").setAttribute("aria-busy", working);
}

function explain(error) {
  say("");
  complain(error instanceof Refused ? error.message : `That didn't work: ${error.message}`);
}

/** A hue from 0 to 1 in words. */
function inWords(hue) {
  return HUES[Math.round(hue * HUES.length) % HUES.length];
}

// ------------------------------------------------------------ a photo comes

async function open(file) {
  complain("");
  say("Opening the photo …", true);
  const mine = ++number;
  try {
    const photo = await decode(file);
    if (mine !== number) return;
    say("Loading the network: 22 MB, the first time …", true);
    const card = await ask("load", NETWORK);
    const shown = await ask("open", photo, [photo.data.buffer]);
    if (mine !== number) return;
    [name, pictures] = [file.name, shown];
    $("size").textContent = `${photo.width} × ${photo.height} pixels`;
    arrange(card);
    compare();
    await color();
  } catch (error) {
    if (mine === number) explain(error);
  }
}

/** Show the tools, with all controls free. */
function arrange(card) {
  for (const { free } of controls) free.checked = true;
  $("exactly").hidden = !card.conditions.length;
  $("told").hidden = !card.conditions.length;
  $("moved").hidden = card.conditions.length > 0;
  $("work").hidden = false;
  $("colorizer").classList.add("open");
}

function compare() {
  const which = document.querySelector("input[name=before]:checked").value;
  show($("before"), pictures[which]);
  const { width, height } = pictures[which];
  $("pictures").style.setProperty("--width", width);
  $("pictures").style.setProperty("--ratio", width / height);
  $("before-word").textContent = which === "gray" ? "gray" : "as it came";
}

// ------------------------------------------------------------ it is colored

/** Color the photo as the controls say. While that takes place, only the last of further wishes is kept. */
async function color() {
  const bound = controls.filter(({ free }) => !free.checked);
  pending = { targets: Object.fromEntries(bound.map(({ name, slider }) => [name, Number(slider.value)])) };
  pending.exact = $("exact").checked;
  if (busy) return;
  busy = true;
  try {
    while (pending) {
      const [wish, mine] = [pending, number];
      pending = undefined;
      say("Coloring …", true);
      const answer = await ask("color", wish);
      if (mine === number) present(answer, wish.targets);
    }
  } finally {
    busy = false;
  }
}

/** Show an answer of the worker's: the picture, and what it has of each control. */
function present({ picture, has, reach, missed, seconds }, targets) {
  show($("after"), picture);
  for (const { name, slider, free, value, note } of controls) {
    const found = has[name].toFixed(2);
    if (free.checked) slider.value = has[name];
    value.textContent = name === "hue" ? `${found} ${inWords(has[name])}` : found;
    slider.setAttribute("aria-valuetext", value.textContent);
    const [least, most] = (reach ?? []).map((end) => end.toFixed(2));
    const within = name === "saturation" && reach ? `: it can have ${least} to ${most}` : "";
    note.textContent = missed.includes(name) ? `${targets[name].toFixed(2)} can't be met on this photo${within}.` : "";
  }
  const times = `${seconds.all.toFixed(2)} s on this device, the network ${seconds.network.toFixed(2)} s of them`;
  say(`Colored in ${times}.`);
}

async function download(type) {
  say("Painting the photo at full size …", true);
  try {
    await save(await ask("finish"), name, type);
    say("Saved.");
  } catch (error) {
    explain(error);
  }
}

// ------------------------------------------------------------ what the visitor does

const again = () => color().catch(explain);

$("file").onchange = ({ target }) => {
  if (target.files.length) open(target.files[0]);
  target.value = ""; // so that the same photo may be chosen again
};
for (const example of document.querySelectorAll("[data-photo]")) {
  example.onclick = async () => {
    try {
      const answer = await fetch(example.dataset.photo);
      await open(new File([await answer.blob()], example.dataset.photo.split("/").pop()));
    } catch (error) {
      explain(error);
    }
  };
}
document.ondragover = (event) => {
  event.preventDefault();
  $("colorizer").classList.add("dragging");
};
document.ondragleave = ({ relatedTarget }) => {
  if (!relatedTarget) $("colorizer").classList.remove("dragging");
};
document.ondrop = (event) => {
  event.preventDefault();
  $("colorizer").classList.remove("dragging");
  if (event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
};
for (const { slider, free } of controls) {
  slider.oninput = () => {
    free.checked = false;
    again();
  };
  free.onchange = again;
}
$("exact").onchange = again;
for (const choice of document.querySelectorAll("input[name=before]")) choice.onchange = compare;
$("divider").oninput = ({ target }) => $("pictures").style.setProperty("--cut", `${target.value}%`);
$("jpeg").onclick = () => download("image/jpeg");
$("png").onclick = () => download("image/png");
$("colorizer").dataset.ready = "yes";
