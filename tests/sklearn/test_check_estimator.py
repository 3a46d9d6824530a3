"""All that scikit-learn asks of an estimator."""

import re

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.support.builds import in_float64
from tinyae.sklearn import PCA, AutoencoderOutlierDetector, AutoencoderTransformer

NO_DENSITY = "scores data of which one feature follows from others: all of PCA has no density there"


def expected_failures(estimator):
    """Of a check that is run where SCIPY_ARRAY_API is set."""
    return {"check_array_api_input": NO_DENSITY} if str(estimator) == "PCA()" else {}


CHECKS = parametrize_with_checks(
    [
        AutoencoderTransformer(epochs=20),
        AutoencoderTransformer(early_stopping=True, build=in_float64),
        AutoencoderOutlierDetector(epochs=20),
        AutoencoderOutlierDetector(3, hidden=(8, 4), activation="tanh", early_stopping=True),
        PCA(),
        PCA(1, whiten=True),
    ],
    expected_failed_checks=expected_failures,
).mark


def label(part):
    """As scikit-learn has it, without the addresses of functions, which each process has others."""
    return re.sub(r"<function(\w+)at0x\w+>", r"\1", CHECKS.kwargs["ids"](part))


# in scikit-learn 1.6 they are an iterator, which pytest will not take for long
@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), ids=label)
def test_what_scikit_learn_asks_of_an_estimator(estimator, check):
    check(estimator)
