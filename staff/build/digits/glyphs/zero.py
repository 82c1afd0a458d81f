"""Control points of the digit 0: one function per style (the conventions are in this folder's __init__)."""

from staff.build.digits.hand import Hand
from staff.build.digits.strokes import Stroke, oval


def plain(hand: Hand) -> list[Stroke]:
    """One anticlockwise turn that stops short, meets, or runs over its start, ending inside or outside it."""
    u = hand.between
    return [oval((0.5, 0.5), (u(0.24, 0.5), 0.5), u(-135, -30), -(360 + u(-20, 36)), 11, u(-0.2, 0.1))]


def clockwise(hand: Hand) -> list[Stroke]:
    """The same, turned the other way, from a seam at the top left with more or less of a lead-in."""
    u, g = hand.between, hand.bell
    turn = oval((0.5, 0.5), (u(0.26, 0.5), 0.5), u(-140, -80), 360 + u(-18, 30), 11, g(0.06))
    return [[(turn[0][0] - u(0.0, 0.3), turn[0][1] + u(-0.08, 0.1)), *turn]]


def curled(hand: Hand) -> list[Stroke]:
    """Runs past its start and ends in a tail inside or across the top."""
    u, g = hand.between, hand.bell
    turn = oval((0.5, 0.5), (u(0.26, 0.5), 0.5), u(-95, -15), -u(335, 375), 10, g(0.06))
    end_x, end_y = turn[-1][0], turn[-1][1]
    return [[*turn, (end_x - u(0.05, 0.42), end_y + u(-0.08, 0.22))]]


def hooked(hand: Hand) -> list[Stroke]:
    """Begins with a small hook from the right, as if coming from a 6."""
    u, g = hand.between, hand.bell
    turn = oval((0.5, 0.52), (u(0.28, 0.5), 0.48), u(-100, -60), -u(350, 385), 11, g(0.05))
    return [[(0.5 + u(0.1, 0.34), u(-0.04, 0.16)), *turn]]


def unclosed(hand: Hand) -> list[Stroke]:
    """Stays open, or its ends pass each other, at the top right."""
    u, g = hand.between, hand.bell
    start = u(-75, -20)
    turn = oval((0.5, 0.5), (u(0.3, 0.5), 0.5), start, -(330 + u(-25, 20)), 10, g(0.08))
    return [[(turn[0][0] + u(0.0, 0.22), turn[0][1] - u(-0.08, 0.12)), *turn[1:]]]
