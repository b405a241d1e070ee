"""Text understanding for feedback, offline and in batches. See `feedback.nlp.engine`."""

from feedback.nlp.engine import ENGINE, segment, understand, warm_up
from feedback.nlp.folding import fold
from feedback.nlp.personal_data import mask
from feedback.nlp.understanding import Mention, PersonalData, Understanding

__all__ = ["ENGINE", "Mention", "PersonalData", "Understanding", "fold", "mask", "segment", "understand", "warm_up"]
