"""Question 7: trains a character GPT on plays, and lets it write.

    python chargpt.py                                  train on the built-in plays for three minutes
    python chargpt.py --text FILE --minutes 2          train on a text of your own
    python chargpt.py --resume                         go on where the last run stopped
    python chargpt.py sample --prompt "ROMEO:"         write with the model that was trained last
    torchrun --nproc_per_node=2 chargpt.py             train with several processes or GPUs

Your model comes from gpt_model.py and models.py. Nothing here needs editing; the pieces are in gpt/ and training/.
"""

import sys

from gpt.command_line import main

if __name__ == "__main__":
    sys.exit(main(description=__doc__))
