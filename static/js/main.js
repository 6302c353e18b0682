// The page's wiring: pad and pictures to the server, answers to the views.

import { AnswerView } from "./answer.js";
import {
  ApiError,
  Asker,
  NetworkError,
  explainImage,
  explainStrokes,
  readImage,
  readStrokes,
} from "./api.js";
import { Boxes } from "./boxes.js";
import { photoOf, strokesOf } from "./examples.js";
import { Explorer } from "./explore.js";
import { watchFiles } from "./files.js";
import { drawWhole, prepare } from "./ink.js";
import { KeyboardPen } from "./keyboard.js";
import { MOST_LINK, toFragment } from "./link.js";
import { Pad } from "./pad.js";
import { PhotoView } from "./photo.js";
import { PictureError, ofText, prepared, textOf } from "./picture.js";
import { Recent } from "./recent.js";
import { toCurl, toSvg } from "./share.js";
import { SharedDrawing } from "./shared.js";
import { inBrowser, inTab } from "./storage.js";
import { Drawing, boxAt, fromColumns } from "./strokes.js";
import { Words } from "./words.js";

/** Undo by a held key, a rubber over many strokes: asked when it is over, in ms. */
const SETTLE = 120;

/** Around a digit's ink, in pad units. */
const MARGIN = 16;

/** The same on a picture, as a share of its height. */
const PHOTO_MARGIN = 0.01;

/** Names of what the browser keeps. */
const DRAWING = "inkling-drawing";
const PHOTO = "inkling-photo";
const PEN_ONLY = "inkling-pen-only";

/** How long a notice stays, in ms. */
const NOTICE = 4000;

/** A larger picture does not fit into what a browser keeps, in bytes. */
const MOST_KEPT = 2 ** 21;

const find = (name) => document.querySelector(`[data-${name}]`);

const words = new Words(JSON.parse(document.body.dataset.texts));
const drawing = new Drawing();
/** Whether the answer that is shown is about what is on the stage. */
let current = false;
/** The picture on the stage, or null: its file, how often it was turned, and what was sent so. */
let picture = null;
/** The picture that is being opened, or null. */
let coming = null;
/** The timer that takes the notice away. */
let leaving = 0;

// ---- the answer ----

const view = new AnswerView(find("answer"), words, {
  looked: light,
  chosen: explain,
  changed: showBoxes,
});
const padBoxes = new Boxes(find("boxes"));
const photoBoxes = new Boxes(find("photo-boxes"));
const photo = new PhotoView(find("stage"), words);

const asker = new Asker({
  answered,
  refused: (error) => {
    photo.sending(null);
    clearBoxes();
    view.failed(words.problem(error));
    explain();
    showTools();
    if (!(error instanceof ApiError)) throw error;
  },
  late: () => view.notice(words.say("late"), words.say("late_hint")),
  lost: (error) => {
    const name = error instanceof NetworkError ? "lost" : "crowded";
    view.notice(words.say(name), words.say(`${name}_hint`));
    find("retry").hidden = false;
  },
});

addEventListener("online", () => asker.hurry());
find("retry").addEventListener("click", () => asker.hurry());

function answered(answer) {
  photo.sending(null);
  clearBoxes();
  current = true;
  named.ariaLive = "off";
  view.show(answer);
  if (!answer.digits.length) explain();
  showBoxes(answer);
}

function showBoxes(answer) {
  pad.light();
  if (picture) {
    photoBoxes.show(answer, answer.surface, words, answer.surface.height * PHOTO_MARGIN);
    photoBoxes.watch(light, () => light(view.picked), (index) => view.pick(index));
  } else {
    padBoxes.show(answer, pad.view, words, MARGIN);
  }
  showTools();
}

function clearBoxes() {
  padBoxes.clear();
  photoBoxes.clear();
  pad.light();
}

/** Let one digit shine everywhere: its strokes, its box, its place in the number; -1: none. */
function light(index) {
  const digit = view.answer?.digits[index];
  const lit = digit ? index : -1;
  view.mark(lit);
  padBoxes.light(lit);
  photoBoxes.light(lit);
  if (digit?.strokes && !picture) pad.light(digit.strokes, padBoxes.colourOf(index));
  else pad.light();
}

// ---- drawing ----

const pad = new Pad(find("pad"), find("tip"), drawing, {
  started,
  rested: readDrawing,
  ended: () => edited(),
  erased: () => edited(SETTLE),
  full: () => tell("full"),
  penSeen,
  hovered: (point) => {
    if (!view.answer || picture) return;
    const at = point ? boxAt(view.answer.digits.map(({ box }) => box), point, MARGIN) : -1;
    light(at >= 0 ? at : view.picked);
  },
  resized: () => padBoxes.layout(pad.view),
});
const keyboardPen = new KeyboardPen(find("pad"), find("cursor"), pad, drawing, {
  started,
  ended: () => edited(),
  erased: () => {
    pad.redraw();
    edited();
  },
  said: (down) => tell(down ? "pen_down" : "pen_up"),
});

/** An answer about the drawing as it was would be out of date. */
function started() {
  refuse("");
  asker.cancel();
  current = false;
  clearBoxes();
  showTools();
}

/** The drawing has changed. */
function edited(delay = 0) {
  refuse("");
  current = false;
  inTab.set(DRAWING, JSON.stringify(drawing.toColumns()));
  clearBoxes();
  if (drawing.isEmpty) {
    asker.cancel();
    view.idle();
    explain();
  } else {
    readDrawing(delay);
  }
  showTools();
}

function readDrawing(delay = 0) {
  view.busy();
  explorer.wait();
  asker.ask((signal) => readStrokes(drawing.toRequest(pad.view), signal), delay);
}

/** @param {() => boolean} edit of the drawing; says whether it changed anything */
function change(edit) {
  if (picture || shared.isOpen || pad.isDrawing) return;
  keyboardPen.lift();
  if (!edit()) return;
  pad.redraw();
  edited(SETTLE);
}

const TOOLS = {
  undo: () => change(() => drawing.undo()),
  redo: () => change(() => drawing.redo()),
  clear: () => {
    keepReading();
    change(() => drawing.clear());
  },
  erase: () => {
    pad.rubber = !pad.rubber;
    showTools();
  },
  submit: () => (picture ? readPicture() : readDrawing()),
};
for (const [name, act] of Object.entries(TOOLS)) find(name).addEventListener("click", act);

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "z" || key === "y") {
    event.preventDefault();
    // Digits are left out after all was drawn.
    const last = find("answer-back").hidden || asker.isBusy ? "undo" : "answer-back";
    find(key === "z" && !event.shiftKey ? last : "redo").click();
  }
});

/** Buttons are there when they can do something; focus is not lost with one that goes. */
function showTools() {
  const off = {
    undo: !drawing.canUndo,
    redo: !drawing.canRedo,
    erase: drawing.isEmpty && !pad.rubber,
    clear: drawing.isEmpty,
    pick: picture || !drawing.isEmpty,
    submit: !picture && drawing.isEmpty,
    "copy-number": !current,
    share: !current,
    svg: !current,
  };
  const focused = document.activeElement;
  for (const [name, disabled] of Object.entries(off)) find(name).disabled = disabled;
  if (focused?.disabled || focused === find("retry")) find("pad").focus({ preventScroll: true });
  find("erase").setAttribute("aria-pressed", String(pad.rubber));
  find("pad").classList.toggle("rubber", pad.rubber);
  find("pad-hint").hidden = !drawing.isEmpty;
  find("actions").hidden = !view.answer?.text;
  find("retry").hidden = true;
  find("svg").hidden = find("share").hidden = Boolean(picture);
}

document.addEventListener("themechange", () => {
  pad.redraw();
  light(view.picked);
});

/** A reload, another language: the drawing stays. */
function restore() {
  let strokes = null;
  try {
    strokes = fromColumns(JSON.parse(inTab.get(DRAWING)));
  } catch {
    // It is none of ours.
  }
  if (!strokes?.length) return;
  // One change a stroke: what can be undone one by one could be before.
  strokes.forEach((_, last) => drawing.replace(strokes.slice(0, last + 1)));
}

// ---- the pen that keeps fingers away ----

const penSwitch = find("pen-only");

function penSeen() {
  if (!find("pen-row").hidden) return;
  find("pen-row").hidden = false;
  pad.penOnly = penSwitch.checked = inBrowser.get(PEN_ONLY) !== "off";
}

penSwitch.addEventListener("change", () => {
  pad.penOnly = penSwitch.checked;
  inBrowser.set(PEN_ONLY, penSwitch.checked ? "on" : "off");
});

// ---- pictures ----

const form = find("drop-zone");
const mostBytes = Number(form.dataset.maxBytes);

watchFiles(form, bring);
find("pick").addEventListener("click", () => find("file").click());
find("rotate").addEventListener("click", () => {
  picture.turns = (picture.turns + 1) % 4;
  readPicture();
});
find("close").addEventListener("click", leavePicture);
find("cancel").addEventListener("click", () => (coming ? forget() : leavePicture()));

/**
 * What is on the stage stays there, with its answer, until the file is known to be a picture.
 * @param {Blob | Promise<Blob>} given
 */
async function bring(given) {
  const next = { turns: 0, sent: [] };
  coming = next;
  // The same name again is another choice.
  form.reset();
  refuse("");
  photo.sending(0);
  try {
    next.file = await given;
    next.sent[0] = await prepared(next.file, 0, mostBytes);
  } catch (error) {
    if (!(error instanceof PictureError)) throw error;
    if (coming === next) refuse(words.problem(error));
    return;
  }
  if (coming !== next || pad.isDrawing) return;
  // Later, it would have the drawing read instead of the picture.
  keyboardPen.lift();
  keepReading();
  shared.leave();
  coming = null;
  picture = next;
  readPicture();
  find("stage").scrollIntoView({ block: "nearest" });
}

/** Say why a file was not taken; the empty text takes that away. */
function refuse(message) {
  const place = find("refused");
  place.textContent = message && `${words.say("failed")} ${message}`;
  if (!message) return;
  forget();
  place.scrollIntoView({ block: "nearest" });
}

/** No file is coming: the last choice counts. */
function forget() {
  coming = null;
  if (!picture || !asker.isBusy) photo.sending(null);
}

/** The picture takes the stage; the drawing waits beneath it. */
function readPicture() {
  const { file, turns, sent } = picture;
  clearBoxes();
  view.busy();
  explorer.about(null);
  current = false;
  showTools();
  photo.sending(0);
  asker.ask(async (signal) => {
    sent[turns] ??= await prepared(file, turns, mostBytes);
    signal.throwIfAborted();
    await photo.show(sent[turns]);
    // It is there again after a reload, and in another language.
    const text = sent[turns].size > MOST_KEPT ? "" : await textOf(sent[turns]);
    signal.throwIfAborted();
    inTab.set(PHOTO, text);
    showStage();
    return readImage(sent[turns], signal, (share) => photo.sending(share));
  });
}

function leavePicture() {
  picture = coming = null;
  inTab.set(PHOTO, "");
  photo.sending(null);
  showStage();
  edited();
  find("pad").focus({ preventScroll: true });
}

function showStage(isShared = false) {
  find("pad").inert = find("toolbar").hidden = isShared;
  find("stage").classList.toggle("with-photo", Boolean(picture));
  find("photo").hidden = find("picture-tools").hidden = !picture;
  find("drawing-tools").hidden = Boolean(picture);
  showTools();
}

// ---- examples ----

for (const button of document.querySelectorAll("[data-example]")) {
  const image = button.querySelector("img");
  button.addEventListener("click", () => {
    if (image) bring(photoOf(image));
    else put(() => strokesOf(button.querySelector("svg"), pad.view));
  });
}

/** Put strokes in the place of what is on the stage. */
function put(strokes) {
  forget();
  keepReading();
  shared.leave();
  if (picture) leavePicture();
  change(() => {
    drawing.replace(strokes());
    return true;
  });
  find("stage").scrollIntoView({ block: "nearest" });
}

// ---- recent readings ----

const recent = new Recent(find("recent"), words, {
  chosen: (strokes) => put(() => strokes),
  deleted: (last) => {
    tell("deleted");
    if (last) find("pad").focus({ preventScroll: true });
  },
});

/** Before a drawing goes: its reading, where there is one. */
function keepReading() {
  if (!current || picture || shared.isOpen || !view.answer?.text) return;
  recent.keep(view.answer, drawing.toColumns());
}

document.addEventListener("visibilitychange", () => document.hidden && keepReading());
addEventListener("pagehide", keepReading);

// ---- a drawing that was shared ----

const shared = new SharedDrawing(find("shared"), {
  opened: (strokes) => {
    forget();
    keepReading();
    keyboardPen.lift();
    if (picture) leavePicture();
    inTab.set(PHOTO, "");
    drawing.lend(strokes);
    started();
    view.idle();
    explain();
    showStage(true);
  },
  drawn: (strokes) => {
    clearBoxes();
    pad.redraw(undefined, strokes);
  },
  played: () => (view.answer ? showBoxes(view.answer) : readDrawing()),
  left: (focused) => {
    drawing.giveBack();
    showStage();
    pad.redraw();
    edited();
    if (focused) find("pad").focus({ preventScroll: true });
  },
  damaged: () => refuse(words.say("link_damaged")),
});

addEventListener("hashchange", () => shared.open());
find("share").addEventListener("click", async () => {
  const url = location.origin + location.pathname + (await toFragment(drawing.toColumns()));
  if (url.length > MOST_LINK) tell("link_too_long");
  else if (navigator.share && matchMedia("(pointer: coarse)").matches) {
    // Whoever thinks better of it needs no message.
    navigator.share({ url }).catch((error) => error.name === "AbortError" || copy(url));
  } else copy(url);
});

// ---- copying ----

/** Say something for a moment. */
function tell(name) {
  clearTimeout(leaving);
  find("notice").textContent = words.say(name);
  leaving = setTimeout(() => (find("notice").textContent = ""), NOTICE);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    tell("copied");
  } catch {
    tell("not_copied");
  }
}

find("copy-number").addEventListener("click", () => copy(view.answer.text));
find("copy-curl").addEventListener("click", () => {
  copy(toCurl(location.origin, drawing.toRequest(pad.view), picture && (picture.file.name || "picture.png")));
});
find("svg").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([toSvg(drawing.strokes)], { type: "image/svg+xml" }));
  link.download = `inkling-${view.answer.text.replace(/[^\d.,]/g, "-")}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});

// ---- what the network sees ----

const explorer = new Explorer(find("explain"), words, (signal) => {
  const { nth } = view.answer.digits[view.chosen];
  if (picture) return explainImage(picture.sent[picture.turns], nth, signal);
  return explainStrokes({ ...drawing.toRequest(pad.view), index: nth }, signal);
});

/** Heard at a step only. */
const named = find("explain-digit");
for (const button of document.querySelectorAll("[data-step]")) {
  button.addEventListener("click", () => {
    const count = view.answer.digits.length;
    named.ariaLive = "polite";
    // After the last comes the first: no button has to vanish under the focus.
    view.pick((view.chosen + Number(button.dataset.step) + count) % count);
  });
}
find("see-how").addEventListener("click", () => (find("explain").open = true));

function explain(index = 0) {
  // The digits that are shown may have lost their ink.
  if (asker.isBusy) return;
  const digit = view.answer?.digits[index];
  find("explain-which").hidden = !(view.answer?.digits.length > 1);
  named.textContent = digit ? `${find("answer-title").textContent}: ${digit.digit}` : "";
  explorer.about(digit ? { digit, best: Boolean(view.answer.text), ink: inkOf(digit) } : null);
}

/** Draws a digit's ink in its box, cut out of all the rest, onto a canvas. */
function inkOf({ box, strokes }) {
  return (canvas) => {
    const side = Math.max(box.width, box.height, 1) * 1.3;
    const [x, y] = [box.x + (box.width - side) / 2, box.y + (box.height - side) / 2];
    canvas.width = canvas.height = 224;
    const context = canvas.getContext("2d");
    if (!strokes) context.drawImage(photo.image, x, y, side, side, 0, 0, 224, 224);
    prepare(context, { width: side, height: side }, getComputedStyle(canvas).color);
    context.translate(-x, -y);
    for (const stroke of strokes ?? []) drawWhole(context, drawing.strokes[stroke]);
    context.strokeStyle = getComputedStyle(canvas).outlineColor;
    context.lineWidth = side / 80;
    context.setLineDash([side / 30, side / 30]);
    context.strokeRect(box.x, box.y, box.width, box.height);
  };
}

// A browser may bring back a reloaded page's form as it was left.
form.reset();
showStage();
view.idle();
restore();
await shared.open();
if (!shared.isOpen) {
  if (!drawing.isEmpty) {
    pad.redraw();
    readDrawing();
    showTools();
  }
  const kept = inTab.get(PHOTO);
  if (kept) bring(ofText(kept));
}
