"""What turns a notebook into a lesson: opening card, predictions, checks, a closing quiz, and progress.

None of it blocks or fails when a notebook is run from top to bottom with nobody
at the keyboard; each has a static form for that case.
"""

from unilab.learn.card import Card, card
from unilab.learn.comparison import Span
from unilab.learn.feedback import Feedback, check
from unilab.learn.journal import objectives, progress
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
    "Span",
    "card",
    "check",
    "objectives",
    "predict",
    "progress",
    "quiz",
]
