"""Keeps the student's code in a process of its own: channel, process, fork server, sandbox, memory."""
