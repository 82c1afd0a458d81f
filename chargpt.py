"""Question 7: trains a character GPT on plays, and lets it write.

    python chargpt.py                                  train on the built-in plays for three minutes
    python chargpt.py --text FILE --minutes 2          train on a text of your own
    python chargpt.py --resume                         go on where the last run stopped
    python chargpt.py sample --prompt "ROMEO:"         write with the model that was trained last
    torchrun --nproc_per_node=2 chargpt.py             train with several processes or GPUs

Your model comes from gpt_model.py and models.py. Nothing here needs editing; the pieces are in gpt/ and training/.
"""

import os
import sys

if __name__ in ("__main__", "__mp_main__"):  # the second is the name in a data loader's worker process
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from startup.launch import run

    run("chargpt.py", "gpt.command_line", is_worker=__name__ == "__mp_main__", description=__doc__)
