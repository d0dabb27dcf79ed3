"""Numbers and names that the cases of functions and methods share."""

from collections.abc import Callable

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Case, Random, call

Make = Callable[[Random], Call]


def pair(name: str, *makes: Make, **options: object) -> dict[str, tuple[Case, ...]]:
    """Cases of both the function and the method of this name."""
    cases = tuple(Case(make, **options) for make in makes)
    return {f"torch.{name}": cases, f"torch.Tensor.{name}": cases}


def function(name: str, *makes: Make, **options: object) -> dict[str, tuple[Case, ...]]:
    """Cases of the function."""
    return {f"torch.{name}": tuple(Case(make, **options) for make in makes)}


def method(name: str, *makes: Make, **options: object) -> dict[str, tuple[Case, ...]]:
    """Cases of the method."""
    return {f"torch.Tensor.{name}": tuple(Case(make, **options) for make in makes)}


def matrix(random: Random, rows: int | None = None, columns: int | None = None) -> np.ndarray:
    """Standard normal; a size that is not given is 2 to 6."""
    return random.standard_normal((rows or random.randint(2, 7), columns or random.randint(2, 7)))


def positive(random: Random) -> np.ndarray:
    """A matrix of numbers in [0.5, 2)."""
    return random.uniform(0.5, 2, matrix(random).shape)


def like(random: Random, other: np.ndarray) -> np.ndarray:
    """Standard normal in the shape of another array."""
    return random.standard_normal(other.shape)


def cube(random: Random) -> np.ndarray:
    """Standard normal with three dimensions of 2 to 5."""
    return random.standard_normal(tuple(random.randint(2, 6, 3)))


def distinct(random: Random, shape: tuple[int, ...]) -> np.ndarray:
    """Shuffled, without equal numbers, so that order is the same in both frameworks."""
    return (random.permutation(int(np.prod(shape))) - 3.5).reshape(shape) / 4


def one(random: Random) -> Call:
    """A call with one matrix."""
    return call(matrix(random))


def two(random: Random) -> Call:
    """A call with two matrices of one shape."""
    first = matrix(random)
    return call(first, like(random, first))
