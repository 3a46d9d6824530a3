"""`ReduceLROnPlateau`: when the learning rate falls, how far, and when it may not."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.small_models import samples, small_model

RATE = 0.08


def rates(values, **options):
    """The learning rate after each epoch, of which these are the losses."""
    model = small_model(optimizer=tae.SGD(RATE))
    callback = tae.ReduceLROnPlateau("loss", **{"factor": 0.5, "min_delta": 0.0, **options})
    callback.set_model(model)
    found = []
    for epoch, value in enumerate(values):
        assert callback(epoch, {"loss": value}) is None  # it never stops the training
        found.append(model.optimizer.learning_rate / RATE)
    return found


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        ([3, 2, 1, 0], {"patience": 1}, [1, 1, 1, 1]),
        ([3, 3, 3, 3], {"patience": 1}, [1, 0.5, 0.25, 0.125]),
        ([3, 3, 3, 3], {"patience": 0}, [1, 0.5, 0.25, 0.125]),
        ([3, 3, 3, 3, 3], {"patience": 2}, [1, 1, 0.5, 0.5, 0.25]),
        ([3, 4, 2, 4, 4], {"patience": 2}, [1, 1, 1, 1, 0.5]),  # an improvement begins anew
        ([3, 2.5, 2.25, 2.0], {"patience": 1, "min_delta": 0.5}, [1, 0.5, 0.5, 0.25]),
        ([3, 3, 3, 3, 3], {"patience": 1, "cooldown": 2}, [1, 0.5, 0.5, 0.5, 0.25]),
        ([3] * 7, {"patience": 2, "cooldown": 2}, [1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]),
        ([3, 3, 2, 3, 3], {"patience": 1, "cooldown": 1}, [1, 0.5, 0.5, 0.25, 0.25]),
        ([3, 3, 3, 3], {"patience": 1, "factor": 0.25}, [1, 0.25, 1 / 16, 1 / 64]),
        ([3, 3, 3, 3], {"patience": 1, "min_lr": RATE * 0.3}, [1, 0.5, 0.3, 0.3]),
        ([3, 3], {"patience": 1, "min_lr": RATE * 2}, [1, 1]),  # it never rises
        ([3] * 4, {"patience": 1, "factor": 1e-200}, [1, 1e-200, 1e-200, 1e-200]),  # nor is it 0
        ([np.inf, np.inf, 3, 3], {"patience": 1}, [0.5, 0.25, 0.25, 0.125]),
    ],
)
def test_the_rate_falls_when_the_figure_has_not(values, options, expected):
    assert rates(values, **options) == pytest.approx(expected, rel=1e-12)


def test_fit_goes_on_at_the_smaller_rate_and_each_training_begins_anew():
    callback = tae.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    ae, expected = (small_model(optimizer=tae.SGD(RATE)) for _ in range(2))
    for rate in (1, 1 / 2):  # at each `fit` the first epoch is the best yet
        ae.fit(samples(), epochs=2, callbacks=callback, verbose=0)
        for _ in range(2):
            expected.optimizer.learning_rate = RATE * rate
            expected.fit(samples(), verbose=0)
        assert ae.optimizer.learning_rate == pytest.approx(RATE * rate / 2)
    np.testing.assert_array_equal(ae.parameters, expected.parameters)


def test_a_schedule_is_refused_before_training():
    ae = small_model(optimizer=tae.SGD(tae.CosineDecay(0.1, 10)))
    with pytest.raises(ValueError, match="needs an optimizer with a learning rate that stays"):
        ae.fit(samples(), callbacks=tae.ReduceLROnPlateau("loss"), verbose=0)
    assert ae.progress.step == 0
    with pytest.raises(ValueError, match="monitors 'val_loss'"):
        small_model().fit(samples(), callbacks=tae.ReduceLROnPlateau(), verbose=0)
