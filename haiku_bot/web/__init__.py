"""The chat as a page on this machine: `python chat.py --web`. Beside each answer the page shows how it came to be.

`program` starts and ends it, `server` speaks HTTP, and `gate` decides who may come in. `requests` reads what the page
asks, and `room` answers. `views` writes the bot's objects as JSON, and `faults` names what is unfinished. `page/` is
what the browser gets. Nothing but the standard library is needed, and nothing is asked of another machine.
"""
