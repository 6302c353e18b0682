"""Size limits of the recogniser: number of constants and of lines."""

import ast
import functools

import pytest

from webapp.config import ROOT

RECOGNITION = ROOT / "webapp" / "recognition"

MOST_IN_A_MODULE = {"webapp/recognition": 350, "webapp": 400, "train": 400}
"""Largest number of lines of a module, by folder."""

MOST_IN_A_FUNCTION = 60
"""Largest number of lines of a function of the recogniser."""

MOST_CONSTANTS = 96
"""Number of chosen numbers in the recogniser. The aim is 45. Three belong to the search within a
pattern, which the rest does without, and one to the explanation."""

MOST_LINES = 4_550
"""Lines of the recogniser, rounded up to 50. About 200 are heads of modules that were split to stay
short, 190 are the search within a pattern, and 60 are the ink that speaks for a digit. The aim is
3,000."""


def is_number(node: ast.expr) -> bool:
    """Return whether an expression consists of numbers only: `2.0**-44`, `-1`, `(32, 48)`."""
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case ast.UnaryOp(operand=operand):
            return is_number(operand)
        case ast.BinOp(left=left, right=right):
            return is_number(left) and is_number(right)
        case ast.Tuple(elts=elements):
            return bool(elements) and all(map(is_number, elements))
        case ast.Call(func=ast.Attribute(value=ast.Name(id="math")), args=arguments):
            return all(map(is_number, arguments))
    return False


def constants_of(source: str) -> dict[str, bool]:
    """Return the module-level UPPER_CASE numbers of a source, and whether each has a docstring.

    A number computed from other constants does not count. `A, B = 1, 2` counts as two, which share
    a docstring.
    """
    body = ast.parse(source).body
    found = {}
    for place, node in enumerate(body):
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        after = body[place + 1] if place + 1 < len(body) else None
        documented = (
            isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        )
        for target in targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            for name in names:
                if isinstance(name, ast.Name) and name.id.isupper() and is_number(value):
                    found[name.id] = documented
    return found


@functools.cache
def every_constant() -> dict[str, bool]:
    """Return the constants of all modules, by `module.NAME`."""
    return {
        f"{path.stem}.{name}": documented
        for path in sorted(RECOGNITION.rglob("*.py"))
        for name, documented in constants_of(path.read_text(encoding="utf-8")).items()
    }


def count_of_lines() -> int:
    """Return the number of lines of all modules, including blank ones and comments."""
    return sum(
        len(path.read_text(encoding="utf-8").splitlines()) for path in RECOGNITION.rglob("*.py")
    )


def test_it_works():
    """Numbers of every form are found, with or without a docstring, and nothing else is."""
    source = '''
A = 1
"""One."""
B: float = -2.0**-44
C, D = 3, 4
"""Two."""
E = (1, 2.5)
F = math.tan(math.radians(35))
"""An angle."""
G = A + 1
H = "text"
I = True
J = ()
lower = 5
_K = 6

def f():
    L = 7
'''
    assert constants_of(source) == {
        "A": True,
        "B": False,
        "C": True,
        "D": True,
        "E": False,
        "F": True,
        "_K": False,
    }


def test_there_are_no_more_constants():
    """The number of constants equals the bound. Lower the bound after removing one."""
    found = sorted(every_constant())
    assert len(found) == MOST_CONSTANTS, "\n".join([f"{len(found)} constants:", *found])


@pytest.mark.parametrize("name", every_constant())
def test_a_constant_says_what_it_is(name):
    """Each constant has a docstring."""
    assert every_constant()[name]


def test_there_are_no_more_lines():
    """The number of lines is within 50 below the bound. Lower the bound after removing lines."""
    count = count_of_lines()
    assert MOST_LINES - 50 < count <= MOST_LINES, f"{count} lines"


@pytest.mark.parametrize("folder", MOST_IN_A_MODULE)
def test_modules_are_short(folder):
    """No module exceeds the lines of its folder. Split those that do."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / folder).rglob("*.py")
    }
    assert lengths
    assert {n: length for n, length in lengths.items() if length > MOST_IN_A_MODULE[folder]} == {}


def test_functions_of_the_recogniser_are_short():
    """No function of the recogniser exceeds its limit of lines."""
    functions = [
        node
        for path in RECOGNITION.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    assert functions
    lengths = {f.name: (f.end_lineno or 0) - f.lineno + 1 for f in functions}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_IN_A_FUNCTION} == {}
