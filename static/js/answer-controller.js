// The answer: asked for, shown, and its digits lit over the ink.

import { AnswerView } from "./answer.js";
import { ApiError, Asker, NetworkError } from "./api.js";
import { Boxes } from "./boxes.js";
import { find } from "./page.js";
import { boxAt } from "./strokes.js";

/** Around a digit's ink, in pad units. */
const MARGIN = 16;

/** The same on a picture, as a share of its height. */
const PHOTO_MARGIN = 0.01;

export class AnswerController {
  #stage;
  #words;
  #callbacks;
  #view;
  #asker;
  #padBoxes = new Boxes(find("boxes"));
  #photoBoxes = new Boxes(find("photo-boxes"));

  /**
   * @param {object} callbacks asked(); settled(): an answer or a refusal has come; answered(): an answer
   *   is shown; chosen(index): a digit shows its details; lit(strokes, colour): on the pad; view(): of the pad; changed();
   *   edited(before, after): the visitor has changed the answer
   */
  constructor(stage, words, callbacks) {
    this.#stage = stage;
    this.#words = words;
    this.#callbacks = callbacks;
    this.#view = new AnswerView(find("answer"), words, {
      looked: (index) => this.light(index),
      chosen: callbacks.chosen,
      changed: (before, after) => {
        this.showBoxes();
        callbacks.edited(before, after);
      },
    });
    this.#asker = new Asker({
      answered: (answer) => this.#show(answer),
      refused: (error) => this.#refuse(error),
      late: () => this.#tell("late"),
      lost: (error) => {
        this.#tell(error instanceof NetworkError ? "lost" : "crowded");
        find("retry").hidden = false;
      },
    });
    addEventListener("online", () => this.#asker.hurry());
    find("retry").addEventListener("click", () => this.#asker.hurry());
  }

  /** The answer that is shown, or null. */
  get shown() {
    return this.#view.answer;
  }

  /** The index of the digit whose details are shown. */
  get chosen() {
    return this.#view.chosen;
  }

  /** The index of the digit that the visitor has picked, or -1. */
  get picked() {
    return this.#view.picked;
  }

  /** Whether an answer is still to come. */
  get isBusy() {
    return this.#asker.isBusy;
  }

  pick(index) {
    this.#view.pick(index);
  }

  /** Change the answer, if it is about what is on the stage, as `AnswerView.edit`. */
  edit(change) {
    if (this.#stage.isCurrent) this.#view.edit(change);
  }

  /** Ask for an answer, as `Asker.ask`; the one before stays, paler. */
  ask(task, delay) {
    this.#view.busy();
    this.#callbacks.asked();
    this.#asker.ask(task, delay);
  }

  /** Say something more to whoever listens. */
  hear(said) {
    this.#view.hear(said);
  }

  cancel() {
    this.#asker.cancel();
  }

  /** What is on the stage has changed: the answer is about something else. */
  expire() {
    this.#stage.isCurrent = false;
    this.#view.expire();
    this.clearBoxes();
    this.#callbacks.changed();
  }

  /** Show that there is nothing to read. */
  clear() {
    this.cancel();
    this.#view.idle();
    this.#callbacks.chosen(0);
    this.#callbacks.changed();
  }

  #show(answer) {
    this.#callbacks.settled();
    this.clearBoxes();
    this.#stage.isCurrent = true;
    this.#view.show(answer);
    if (!answer.digits.length) this.#callbacks.chosen(0);
    this.showBoxes();
    this.#callbacks.answered();
  }

  #refuse(error) {
    this.#callbacks.settled();
    this.clearBoxes();
    this.#view.failed(this.#words.problem(error));
    this.#callbacks.chosen(0);
    this.#callbacks.changed();
    if (!(error instanceof ApiError)) throw error;
  }

  #tell(name) {
    this.#view.notice(this.#words.say(name), this.#words.say(`${name}_hint`));
  }

  /** Show which ink made which digit. */
  showBoxes() {
    const answer = this.shown;
    this.#callbacks.lit();
    if (this.#stage.picture) {
      const margin = answer.surface.height * PHOTO_MARGIN;
      this.#photoBoxes.show(answer, answer.surface, this.#words, margin);
      this.#photoBoxes.watch(
        (index) => this.light(index),
        () => this.light(),
        (index) => this.pick(index),
      );
    } else {
      this.#padBoxes.show(answer, this.#callbacks.view(), this.#words, MARGIN);
    }
    this.#callbacks.changed();
  }

  clearBoxes() {
    this.#padBoxes.clear();
    this.#photoBoxes.clear();
    this.#callbacks.lit();
  }

  /** The pad has another size. */
  layout() {
    this.#padBoxes.layout(this.#callbacks.view());
  }

  /** Light one digit everywhere: its strokes, its box, its place in the number; -1: none. */
  light(index = this.#view.picked) {
    const digit = this.shown?.digits[index];
    const lit = digit ? index : -1;
    this.#view.mark(lit);
    this.#padBoxes.light(lit);
    this.#photoBoxes.light(lit);
    if (digit?.strokes && !this.#stage.picture) {
      this.#callbacks.lit(digit.strokes, this.#padBoxes.colourOf(index));
    } else {
      this.#callbacks.lit();
    }
  }

  /** Light the digit at a point of the pad; without a point, the one that was picked. */
  hover(point) {
    if (!this.shown || this.#stage.picture) return;
    const at = point ? boxAt(this.shown.digits.map(({ box }) => box), point, MARGIN) : -1;
    this.light(at >= 0 ? at : undefined);
  }
}
