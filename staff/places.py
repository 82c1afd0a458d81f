"""Where the staff's own solutions lie; the project itself is `startup.project.PROJECT_DIRECTORY`."""

from __future__ import annotations

from startup.project import PROJECT_DIRECTORY

SOLUTIONS_DIRECTORY = PROJECT_DIRECTORY / "staff" / "solutions"
MEDIOCRE_DIRECTORY = PROJECT_DIRECTORY / "staff" / "evidence" / "mediocre"  # right, with other habits and less skill
