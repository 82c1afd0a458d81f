"""Elective 1: updates and schedules are exact, `minimize` gives the path, and a recipe leads through a valley."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from data import Library
from grading.checks import diagnosis, expect, variants
from grading.checks.student import Picture, Student
from grading.checks.variants import EXACT, ROUNDED
from grading.outcomes import CheckFailed
from test_cases.e1 import mistakes, reference
from test_cases.e1.public import surfaces
from test_cases.e1.public.charts import BowlPaths, Schedules
from test_cases.e1.public.picture import UPDATES, ValleyPaths

MODULE = "electives.optimizers"
PICTURE = "test_cases.e1.public.picture"
STEPS, RUNS, SHAPE = 20, 2, (3, 2)  # of the exact checks
GRADIENT_SIZES = {"adam": (1.0, 1e-6)}  # of each run: epsilon shows where gradients are tiny
FIRST_GRADIENT_SIZES = (1e-3, 1.0, 1e3, 1e6)
START_SHAPES = ((3,), (2, 2))
BOWL_START, BOWL_RATES, BOWL_STEPS = np.array([-1.0, -2.0]), (0.01, 0.1, 0.5), 50
STABLE_TOLERANCE, STABLE_STEPS = 0.01, 100  # a share of the right rate; of what a message tells
VALLEY_STEPS, VALLEY_STARTS, START_DISTANCE = 2000, 5, 0.2
OTHER_RATES = {"gradient_descent": 1e-3, "momentum": 5e-4, "adam": 0.05}  # of the updates that are not the recipe's


def gradient_descent(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _exact_over_steps(student, _random(library, 1), "gradient_descent")


def momentum(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _exact_over_steps(student, _random(library, 2), "momentum")


def adam_first_step(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 3)
    sizes = np.array(FIRST_GRADIENT_SIZES)
    starts = random.standard_normal((len(sizes), 4))
    slopes = sizes[:, None, None] * random.choice([-1.0, 1.0], (len(sizes), 1, 4))
    rates = np.array([random.uniform(0.01, 0.1)])
    given = starts, slopes, rates
    paths = _paths(student, "adam", *given)
    with diagnosis.explained(partial(_wrong_update, student, "adam", paths, given)):
        for size, path, slope in zip(sizes, paths, slopes[:, 0], strict=True):
            what = f"the first step with the rate {rates[0]:.4f} and gradients of size {size:g} should be"
            _require_finite(path, f"{what} finite")
            right = -rates[0] * slope / (size + reference.EPSILON)
            expect.close(path[1] - path[0], right, EXACT, what, "Are both means corrected?")


def adam(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _exact_over_steps(student, _random(library, 4), "adam")


def schedules(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 5)
    rate, every, steps = random.uniform(0.05, 0.5), int(random.integers(5, 12)), int(random.integers(40, 80))
    settings: dict[str, tuple[float, ...]] = {
        "step_decay": (every, random.uniform(0.3, 0.8)),
        "exponential_decay": (random.uniform(0.02, 0.2),),
        "cosine_annealing": (steps, random.uniform(0.001, 0.01)),
    }
    curves = {}
    for name, setting in settings.items():
        calls = [(rate, step, *setting) for step in range(steps + 1)]
        found = [student.call(f"{MODULE}.{name}", *call) for call in calls]
        probes = list(zip(calls, found, strict=True))
        with diagnosis.explained(partial(_wrong_schedule, name, probes)):
            for call, value in [probes[0], probes[-1], *probes]:  # both ends first
                what = f"{name}({', '.join(f'{number:.4g}' for number in call)}) should"
                found_rate, right = expect.number(value, f"{what} return a rate"), getattr(reference, name)(*call)
                expect.close(found_rate, right, EXACT, f"{what} return", "The docstring has the formula.")
        curves[name] = np.array([expect.number(value, name) for value in found])
    student.exhibit(lambda: Schedules(curves))


def minimize(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 6)
    for shape in START_SHAPES:
        start, centre = random.standard_normal((2, *shape))
        curvatures, rate = random.uniform(0.5, 2.0, shape), random.uniform(0.1, 0.3)
        given = {"start": start, "centre": centre, "curvatures": curvatures, "rate": rate, "steps": STEPS}
        found = student.probe("stretched_bowl", {"minimize": f"{MODULE}.minimize"}, **given)
        with diagnosis.explained(partial(_wrong_minimize, found, given)):
            what = f"minimize with {STEPS} steps and a start of shape {shape} should return a path"
            path = expect.array(found, (STEPS + 1, *shape), what)
            what = "the path down a stretched bowl should hold"
            hint = "The docstring says what `update` gets."
            expect.close(path, mistakes.minimized(**given), EXACT, what, hint)
    _require_detached(student, random.standard_normal(START_SHAPES[0]))


def stable_rate(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 7)
    for size in (2, 5):
        directions, _ = np.linalg.qr(random.standard_normal((size, size)))
        curvatures = np.sort(random.uniform(1.0, 4.0, size)) * random.uniform(1.0, 50.0)
        hessian = (directions * curvatures) @ directions.T
        found = student.call(f"{MODULE}.largest_stable_rate", hessian)
        what = f"the largest stable rate for curvatures {expect.shown(curvatures, ())} should be"
        with diagnosis.explained(partial(_wrong_stable_rate, found, hessian)):
            right, value = (
                reference.largest_stable_rate(hessian),
                expect.number(found, "largest_stable_rate should return"),
            )
            if not abs(value - right) <= STABLE_TOLERANCE * right:
                raise expect.Mismatch(
                    f"{what} {right:.4g}; got {value:.4g}. {_in_steps(hessian, value)}",
                    "For which rate is the factor of one direction exactly -1?",
                )


def bowl(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    functions = {"minimize": f"{MODULE}.minimize", "update": f"{MODULE}.gradient_descent"}
    found = student.probe(
        "bowl", functions, has_curve=False, start=BOWL_START, rates=np.array(BOWL_RATES), steps=BOWL_STEPS
    )
    if not isinstance(found, list) or len(found) != len(BOWL_RATES):
        raise CheckFailed(f"minimize was asked for {len(BOWL_RATES)} paths down the bowl; got {expect.kind(found)}.")
    shown = []
    for rate, path in zip(BOWL_RATES, found, strict=True):
        what = f"{BOWL_STEPS} steps of gradient descent with the rate {rate} from (-1, -2) should give a path"
        path = expect.array(path, (BOWL_STEPS + 1, 2), what)
        right = reference.descend(reference.gradient_descent, BOWL_START, reference.bowl_slope, [rate] * BOWL_STEPS)
        expect.close(path, right, EXACT, f"gradient descent down the bowl with the rate {rate} should give")
        shown.append(path)
    student.exhibit(lambda: BowlPaths(BOWL_RATES, np.stack(shown)))


def valley(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 8)
    name, rates = _recipe(student)
    starts = np.array(surfaces.VALLEY_START) + random.uniform(-START_DISTANCE, START_DISTANCE, (VALLEY_STARTS, 2))
    paths = reference.descend(
        reference.UPDATES[name], starts, reference.rosenbrock_slope, rates
    )  # (steps + 1, starts, 2)
    with np.errstate(over="ignore", invalid="ignore"):
        losses = surfaces.rosenbrock(paths)  # (steps + 1, starts)
    student_loss = _watched(student, starts[0], name, rates)
    worst = max(float(np.nan_to_num(losses[-1], nan=np.inf).max()), student_loss)
    if np.isfinite(worst):
        student.record("valley_loss", worst)
    with diagnosis.explained(lambda text: mistakes.of_recipe(losses, rates)):
        what = f"the loss after {VALLEY_STEPS:,} steps of {name}, the largest of {VALLEY_STARTS} starts,"
        expect.at_most(worst, thresholds["maximum_valley_loss"], what, "Which update gets along a flat, curved floor?")


def _random(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, number])


def _exact_over_steps(student: Student, random: np.random.Generator, name: str) -> None:
    """Runs that take turns, each with its own state, give what the definition gives."""
    sizes = np.array(GRADIENT_SIZES.get(name, (1.0,) * RUNS))
    starts = random.standard_normal((RUNS, *SHAPE))
    slopes = sizes.reshape(RUNS, 1, 1, 1) * random.standard_normal((RUNS, STEPS, *SHAPE))
    rates = random.uniform(0.01, 0.1, STEPS)
    given = starts, slopes, rates
    paths = _paths(student, name, *given)
    with diagnosis.explained(partial(_wrong_update, student, name, paths, given)):
        for start, slope, path in zip(starts, slopes, paths, strict=True):
            _require_finite(path, f"the weights of {STEPS} steps of {name} should be finite")
            right = reference.run(reference.UPDATES[name], start, slope, rates)
            wrong = np.abs(path - right).reshape(STEPS + 1, -1).max(axis=1) > EXACT
            step = int(wrong.argmax()) if wrong.any() else STEPS
            what = f"step {step} of {name} should give the weights"
            expect.close(path[step], right[step], EXACT, what, "The docstring has the formula.")


def _paths(student: Student, name: str, starts: np.ndarray, slopes: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """The paths of runs that take turns, (runs, steps + 1, ...), if the update keeps to its contract."""
    found = student.probe("updates", {"update": f"{MODULE}.{name}"}, starts=starts, gradients=slopes, rates=rates)
    if not isinstance(found, dict) or not isinstance(found.get("changed", []), list):
        raise CheckFailed(f"{name} was asked for {RUNS} paths; got {expect.kind(found)}.")
    if "odd" in found:
        odd = found["odd"]
        got = expect.kind(odd[0]) + " for the weights" if isinstance(odd, list) and len(odd) == 2 else expect.kind(odd)
        raise CheckFailed(
            f"{name} should return two things: new weights of shape {starts.shape[1:]} and a state; got {got}."
        )
    if changed := found.get("changed"):
        raise CheckFailed(
            f"{name} changed its argument {' and '.join(map(str, changed))} in place. A path would then hold "
            "the same tensor again and again. Which operations make a new tensor?"
        )
    paths = found.get("paths")
    shape = (len(starts), len(rates) + 1, *starts.shape[1:])
    if not isinstance(paths, np.ndarray) or paths.shape != shape:
        raise CheckFailed(f"{name} should give paths of shape {shape}; got {expect.kind(paths)}.")
    return paths.astype(np.float64)


def _require_finite(path: np.ndarray, what: str) -> None:
    steps = np.flatnonzero(~np.isfinite(path).reshape(len(path), -1).all(axis=1))
    if steps.size:
        raise expect.Mismatch(f"{what}; after step {steps[0]} some are NaN or infinite.", "Is something divided by 0?")


def _recipe(student: Student) -> tuple[str, np.ndarray]:
    """The update's name and the rate of each step, if the recipe is one."""
    what = f"valley_recipe({VALLEY_STEPS}) should return the name of an update and {VALLEY_STEPS:,} rates"
    found = student.call(f"{MODULE}.valley_recipe", VALLEY_STEPS)
    if not isinstance(found, list) or len(found) != 2:
        raise CheckFailed(f"{what}; got {expect.kind(found)}.")
    name, rates = found
    if not isinstance(name, str) or name not in UPDATES:
        got = repr(name[:40]) if isinstance(name, str) else expect.kind(name)
        raise CheckFailed(f"{what}. The name is one of {', '.join(UPDATES)}; got {got}.")
    if isinstance(rates, list) and all(isinstance(rate, (int, float)) for rate in rates):
        rates = np.array(rates, np.float64)
    rates = expect.array(rates, (VALLEY_STEPS,), f"{what}, a list")
    if not (rates > 0).all():
        step = int((rates <= 0).argmax())
        raise CheckFailed(f"each rate of valley_recipe should be above 0; the rate of step {step} is {rates[step]:g}.")
    return name, rates


def _watched(student: Student, start: np.ndarray, name: str, rates: np.ndarray) -> float:
    """The loss at the end of the path that the student's own functions take; a window and the report show all three."""
    all_rates = np.stack([rates if other == name else np.full(len(rates), OTHER_RATES[other]) for other in UPDATES])
    functions = {other: f"{MODULE}.{other}" for other in ("minimize", *UPDATES)}
    found = student.probe(
        "valley", functions, Picture(PICTURE, {"recipe": name}), has_curve=False, start=start, rates=all_rates
    )
    what = f"minimize should return paths of {VALLEY_STEPS:,} steps through the valley"
    if not isinstance(found, list) or len(found) != len(UPDATES):
        raise CheckFailed(f"{what}; got {expect.kind(found)}.")
    for path in found:
        if not isinstance(path, np.ndarray) or path.shape != (len(rates) + 1, 2):
            raise CheckFailed(f"{what} of shape {(len(rates) + 1, 2)}; got {expect.kind(path)}.")
    student.exhibit(lambda: ValleyPaths(name, np.stack(found)))
    with np.errstate(over="ignore", invalid="ignore"):
        loss = float(surfaces.rosenbrock(found[UPDATES.index(name)][-1].astype(np.float64)))
    return loss if np.isfinite(loss) else np.inf


def _wrong_update(
    student: Student, name: str, paths: np.ndarray, given: tuple[np.ndarray, np.ndarray, np.ndarray], text: str
) -> str:
    """The mistake in an update. Runs that give other numbers again, or alone, disturb each other."""
    starts, slopes, rates = given
    again = _paths(student, name, *given)
    alone = [_paths(student, name, starts[[run]], slopes[[run]], rates) for run in range(len(starts))]
    if not all(np.array_equal(paths, other, equal_nan=True) for other in (again, np.concatenate(alone))):
        return mistakes.KEPT_OUTSIDE
    return mistakes.of_update(name, paths, *given)


def _require_detached(student: Student, start: np.ndarray) -> None:
    """The graph behind the weights does not grow from step to step."""
    functions = {"minimize": f"{MODULE}.minimize"}
    found = student.probe("operations", functions, has_curve=False, start=start, rate=0.1, steps=STEPS)
    if not isinstance(found, list) or len(found) < STEPS or not all(type(count) is int for count in found):
        raise CheckFailed(f"minimize should call the function in each of {STEPS} steps; got {expect.kind(found)}.")
    if found[-1] > found[1]:
        raise CheckFailed(
            f"minimize kept the graph of all steps. The weights of step 1 depend on {found[1]:,} operations of torch, "
            f"those of step {STEPS - 1} on {found[-1]:,}. Where are the weights of each step detached?"
        )


def _wrong_schedule(name: str, probes: list[diagnosis.Probe], text: str) -> str:
    why = variants.nearly_right(getattr(reference, name), probes, float32=mistakes.FLOAT32_RATES)
    return variants.first(why, lambda: diagnosis.recognised(mistakes.SCHEDULES[name], probes, EXACT))


def _wrong_minimize(found: Any, given: Mapping[str, Any], text: str) -> str:
    return mistakes.of_minimize(found, *given.values())


def _wrong_stable_rate(found: Any, hessian: np.ndarray, text: str) -> str:
    return diagnosis.recognised(mistakes.STABLE_RATES, [((hessian,), found)], ROUNDED)


def _in_steps(hessian: np.ndarray, rate: float) -> str:
    """What a rate does on the quadratic function of a Hessian, in words."""
    start = np.ones(len(hessian))
    path = reference.descend(reference.gradient_descent, start, lambda w: hessian @ w, [rate] * STABLE_STEPS)
    with np.errstate(over="ignore", invalid="ignore"):
        first, last = (float(w @ hessian @ w / 2) for w in (path[0], path[-1]))
    return f"With that rate, {STABLE_STEPS} steps change the loss from {first:.2g} to {last:.2g}."
