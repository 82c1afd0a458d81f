"""Question 8: the chatbot that answers only in haiku.

    python chat.py                                     trains once, then chats; quit or Ctrl-D ends
    python chat.py --ask "How do clouds feel today?"   answers one message
    python chat.py --renku                             each verse takes up an image of the one before

Your functions come from haiku.py, gpt_model.py and models.py. Nothing here needs editing; the pieces are in haiku_bot/.
"""

import sys

from haiku_bot.chat import main

if __name__ == "__main__":
    sys.exit(main(description=__doc__))
