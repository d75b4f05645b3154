"""What turns a notebook into a lesson: opening card, predictions, checks and a closing quiz.

None of it blocks or fails when a notebook is run from top to bottom with nobody
at the keyboard; each has a static form for that case.
"""

from unilab.learn.card import Card, card
from unilab.learn.feedback import Feedback, check
from unilab.learn.prediction import Prediction, Reveal, predict
from unilab.learn.question import Question
from unilab.learn.recall import Quiz, quiz

__all__ = [
    "Card",
    "Feedback",
    "Prediction",
    "Question",
    "Quiz",
    "Reveal",
    "card",
    "check",
    "predict",
    "quiz",
]
