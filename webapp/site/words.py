"""Answers in words, for the page without JavaScript; static/js/words.js does the same.

Both take their texts from texts/, and tests/words.json checks that they agree.
"""

from collections.abc import Mapping

from ..recognition import Alternative, Reading

NOTABLE = 0.01
"""Least confidence of an alternative in the words. The bars show all of them."""

MOST = 3
"""Alternatives in the words, at most."""

PROBABLE = 0.6
"""Confidence from which an unsure reading is "probably". Below, it is "maybe"."""


class Words:
    """An answer in words, in the language of the texts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def say(self, name: str, **values: str) -> str:
        """Return a text by its name, with its placeholders filled."""
        return self._texts[name].format(**values)

    def sentence(self, reading: Reading) -> str:
        """Return the reading as one sentence."""
        if reading.status == "empty":
            return self.say("no_ink")
        if reading.status == "not_a_number":
            return self.say("no_number")
        name = "looks_like"
        if reading.status == "unsure":
            name = "probably" if reading.confidence >= PROBABLE else "maybe"
        return self.say(name, text=one_line(reading.text))

    def detail(self, reading: Reading) -> str:
        """Return the confidence, or advice.

        Only a confident reading has a percentage. Thresholds differ between strokes and pictures,
        so an unsure reading could otherwise show a higher percentage than a confident one.
        """
        if reading.status == "empty":
            return self.say("no_ink_hint")
        if reading.status == "not_a_number":
            others = self.others(reading)
            if others:
                said = self.say("best_guess", text=others[0].text)
            else:
                said = self.say("no_number_hint")
            return f"{said} {self.say('stray')}" if reading.ignored else said
        if reading.status == "ok":
            said = self.say("sure", percent=self.percent(reading.confidence))
        else:
            said = self.say("check")
        return f"{said} {self.say('left_out')}" if reading.ignored else said

    def percent(self, share: float) -> str:
        """Return a share as a percentage. Only a share of 1 gives 100."""
        most = 99.0 if share < 1 else 100.0
        return self.say("percent", number=f"{min(100 * share, most):.0f}")

    def others(self, reading: Reading) -> list[Alternative]:
        """Return the likeliest alternatives. For one digit, they include that it is a non-digit."""
        others = [Alternative(one_line(o.text), o.confidence) for o in reading.alternatives]
        alone = len(reading.digits) == 1 and not reading.signs
        is_digit = reading.digits[0].is_digit if alone else None
        if is_digit is not None and reading.status != "not_a_number":
            others.append(Alternative(self.say("no_digit"), 1 - is_digit))
        notable = [other for other in others if other.confidence >= NOTABLE]
        return sorted(notable, key=lambda other: -other.confidence)[:MOST]


def percent(share: float, decimals: int = 1) -> str:
    """Return a share as a percentage, in English."""
    return f"{100 * share:.{decimals}f}%"


def one_line(text: str) -> str:
    """Return lines of writing on one line."""
    return text.replace("\n", "; ")
