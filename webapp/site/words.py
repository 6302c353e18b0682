"""A reading in words, for the page without JavaScript; static/js/words.js says the same.

Both take their texts from texts/; tests/words.json holds them to each other.
"""

from collections.abc import Mapping

from ..recognition import Alternative, Reading

NOTABLE = 0.01
"""Other readings less likely than this are not worth words; the bars show them all."""

MOST = 3
"""Other readings that are named."""

PROBABLE = 0.6
"""From which confidence on an unsure reading is probable; below it, it is a guess."""


class Words:
    """An answer in words, in the language of the texts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def say(self, name: str, **values: str) -> str:
        """A text by its name, with what stands in braces put in."""
        return self._texts[name].format(**values)

    def sentence(self, reading: Reading) -> str:
        """What was read, as one sentence."""
        if reading.status == "empty":
            return self.say("no_ink")
        if reading.status == "not_a_number":
            return self.say("no_number")
        name = "looks_like"
        if reading.status == "unsure":
            name = "probably" if reading.confidence >= PROBABLE else "maybe"
        return self.say(name, text=one_line(reading.text))

    def detail(self, reading: Reading) -> str:
        """How sure it is, or what helps.

        Only a sure reading has a percentage: thresholds differ between strokes and pictures, and
        a guess must not look surer than what is sure.
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
        """A share of 1 as a percentage; only what is certain has 100."""
        most = 99.0 if share < 1 else 100.0
        return self.say("percent", number=f"{min(100 * share, most):.0f}")

    def others(self, reading: Reading) -> list[Alternative]:
        """The likeliest of what else it could be: other readings or, of one digit, none at all."""
        others = [Alternative(one_line(o.text), o.confidence) for o in reading.alternatives]
        alone = len(reading.digits) == 1 and not reading.signs
        is_digit = reading.digits[0].is_digit if alone else None
        if is_digit is not None and reading.status != "not_a_number":
            others.append(Alternative(self.say("no_digit"), 1 - is_digit))
        notable = [other for other in others if other.confidence >= NOTABLE]
        return sorted(notable, key=lambda other: -other.confidence)[:MOST]


def percent(share: float, decimals: int = 1) -> str:
    """A share of 1 as a percentage, in English."""
    return f"{100 * share:.{decimals}f}%"


def one_line(text: str) -> str:
    """Lines of writing on one line."""
    return text.replace("\n", "; ")
