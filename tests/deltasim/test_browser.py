"""The dashboard of a real run, opened in headless Chromium as a reader would."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser_checks import check_page, missing_browser

import deltasim as ds
from deltasim.api import job_of
from deltasim.experiment.execute import run_job
from deltasim.experiment.files import Experiment

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing_browser()), reason=str(missing_browser()))]


@pytest.mark.parametrize("accelerator", ["horowitz-45nm", "loihi1-sanafe"])
def test_the_dashboard_of_a_real_run(accelerator, tmp_path):
    """With a clock, and without: an asynchronous chip that cannot run the original network."""
    experiment = Experiment.model_validate(
        {
            "accelerator": accelerator,
            "quantisation": {"weight_bits": 6, "levels": 7},
            "frames": {"dataset": "mnist", "range": "0:200"},
            "record_messages": True,
        }
    )
    run = run_job(job_of(experiment), tmp_path / "run")
    check_page(ds.dashboard(run))


def test_the_dashboard_of_a_layer_on_many_cores(tmp_path):
    """A hundred cores, shared links, multicast: the views of the chip and of its links."""
    experiment = Experiment.model_validate(
        {
            "accelerator": str(Path(__file__).parents[2] / "examples" / "tiled-array.yaml"),
            "mapping": {
                "layers": {
                    "input": {"cores": [0]},
                    "layer1": {"cores": [*range(1, 101)]},
                    "layer2": {"cores": [101, 102]},
                    "layer3": {"cores": [103]},
                }
            },
            "frames": {"dataset": "mnist", "range": "0:12"},
            "modes": ["original", "rounding", "sigma_delta"],
        }
    )
    run = run_job(job_of(experiment), tmp_path / "run")
    assert run.layout.count == 104
    check_page(ds.dashboard(run))
