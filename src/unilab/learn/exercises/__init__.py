"""What each notebook's exercises are checked against: a module a notebook, a function an exercise.

A function takes what the learner made, and gives back Feedback. The solutions are in
``tests/notebooks/solutions/``: a test proves that they pass.
"""
