"""Question 8: the chatbot that answers only in haiku.

    python chat.py                                     trains once, then chats; quit or Ctrl-D ends
    python chat.py --ask "How do clouds feel today?"   answers one message
    python chat.py --web                               chats in a browser, and shows how each answer comes to be
    python chat.py --renku                             each verse takes up an image of the one before

Your functions come from haiku.py, gpt_model.py and models.py. Nothing here needs editing; the pieces are in haiku_bot/.
"""

import os
import sys

if __name__ in ("__main__", "__mp_main__"):  # the second is the name in a data loader's worker process
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from startup.launch import run

    run("chat.py", "haiku_bot.chat", is_worker=__name__ == "__mp_main__", description=__doc__)
