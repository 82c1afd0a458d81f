"""The program of a student process, started by its path. A data loader's worker runs it again, as `__mp_main__`."""

import os
import sys

if __name__ in ("__main__", "__mp_main__"):
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    from startup.launch import protect

    protect()
    if __name__ == "__mp_main__":
        from startup.student_modules import install_in_worker

        install_in_worker()
    else:
        from grading.child import host

        sys.exit(host.main(sys.argv[1:]))
