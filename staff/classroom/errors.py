"""What can go wrong for reasons that whoever grades the class can mend."""


class ClassroomError(Exception):
    """The class cannot be graded as asked; the text says why and what to do."""
