"""What `chargpt.py` puts together: a text, its batches, reports and samples. Provided; trains any model that maps ids
(batch, time) to logits (batch, time, vocabulary) with what training/ holds."""
