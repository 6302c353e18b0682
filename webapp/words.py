"""A reading in words, for the page without JavaScript; static/js/words.js says the same.

Both take their texts from texts/; tests/words.json holds them to each other.
"""

from collections.abc import Mapping

from .recognition import Alternative, Reading, Status

NOTABLE = 0.01
"""Other readings less likely than this are not worth words; the bars show them all."""

MOST = 3
"""Other readings that are named."""

SURE = ((0.97, "very_sure"), (0.9, "sure"), (0.6, "fairly_sure"))
"""From which confidence on which words; below the last, it is a guess."""


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
        name = "could_be" if reading.status == "unsure" else "looks_like"
        return self.say(name, text=one_line(reading.text))

    def detail(self, reading: Reading) -> str:
        """How sure, and for what is none, what helps."""
        if reading.status == "empty":
            return self.say("no_ink_hint")
        if reading.status == "not_a_number":
            others = self.others(reading)
            if others:
                said = self.say("if_it_is", text=others[0].text)
            else:
                said = self.say("no_number_hint")
            return f"{said} {self.say('stray')}" if reading.ignored else said
        sure = self.sureness(reading.confidence, reading.status)
        return f"{sure} {self.say('left_out')}" if reading.ignored else sure

    def sureness(self, confidence: float, status: Status = "ok") -> str:
        """A confidence in words and as a percentage.

        What makes one a guess that would be very sure is something else: ink that is left out,
        digits that touch or lie one over the other.
        """
        found = [name for least, name in SURE if confidence >= least and status != "unsure"]
        if not found and confidence >= SURE[0][0]:
            return self.say("clear_guess")
        words = self.say(found[0] if found else "a_guess")
        return self.say("sureness", words=words, percent=self.percent(confidence))

    def percent(self, share: float, decimals: int = 1) -> str:
        """A share of 1 as a percentage; only what is certain has 100."""
        most = 100 - 10.0**-decimals if share < 1 else 100.0
        number = f"{min(100 * share, most):.{decimals}f}"
        return self.say("percent", number=number.replace(".", self.say("decimal")))

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
    return f"{100 * share:.{decimals}f}\u00a0%"


def one_line(text: str) -> str:
    """Lines of writing on one line."""
    return text.replace("\n", "; ")
