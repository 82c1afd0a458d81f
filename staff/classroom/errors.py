"""What can go wrong for reasons that the person who grades the class can fix."""


class ClassroomError(Exception):
    """The class cannot be graded as asked; the text says why and what to do."""
