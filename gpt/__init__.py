"""What trains a character GPT: the pieces that `chargpt.py` puts together. Provided; works with any model that maps
ids (batch, time) to logits (batch, time, vocabulary)."""
