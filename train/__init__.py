"""Training, evaluation and export of the networks that `webapp.recognition` serves."""
