"""The notebooks of Part III and on in a browser."""

# Tests run in the order in which they are imported: first of all, what is true of a notebook that nobody has touched.
from tests.browser.every_notebook import (  # noqa: I001
    notebook,
    opened,
    path_fixture,
    test_every_check_is_right_but_for_the_exercises,
    test_predictions_are_committed_by_keyboard_and_compared,
    test_views_are_used_by_keyboard,
    test_a_wrong_answer_gets_a_hint_and_the_right_one_is_right,
    test_the_quiz_says_wrong_and_right,
    test_its_pictures_are_seen_without_a_kernel,
)

__all__ = [  # noqa: RUF022 (the same order)
    "notebook",
    "opened",
    "test_every_check_is_right_but_for_the_exercises",
    "test_predictions_are_committed_by_keyboard_and_compared",
    "test_views_are_used_by_keyboard",
    "test_a_wrong_answer_gets_a_hint_and_the_right_one_is_right",
    "test_the_quiz_says_wrong_and_right",
    "test_its_pictures_are_seen_without_a_kernel",
]

path = path_fixture(6, 99)
