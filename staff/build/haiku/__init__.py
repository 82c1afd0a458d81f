"""The hand-written haiku collection: its format, its themes and the checker that keeps it true."""
