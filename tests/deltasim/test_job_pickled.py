"""A run that is planned here can be carried out in another process."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from pickled import pickled

import deltasim as ds
from deltasim.experiment.execute import run_job
from deltasim.experiment.job import Job, plan_job
from deltasim.experiment.mapping_choice import MappingChoice
from deltasim.experiment.settings import Settings
from workloads.content_hash import content_sha256

SETTINGS = Settings("mine", ("rounding", "sigma_delta"), MappingChoice(strategy="balance", cores=4), "paced", 50.0)


def _job() -> Job:
    random = np.random.default_rng(0)
    network = ds.network_from_arrays([random.normal(size=(784, 5)), random.normal(size=(5, 10))])
    frames = ds.frames("mnist", frames="0:20")
    return plan_job(ds.quantise(network, frames), frames, ds.load_accelerator("seneca-22nm"), SETTINGS)


def test_all_that_makes_a_run_is_the_same_when_pickled() -> None:
    job = _job()
    for each in (SETTINGS, job.network, job.accelerator, job.mapping, job.settings):
        assert content_sha256(pickled(each)) == content_sha256(each)
    assert pickled(job).hashes == job.hashes


def test_another_process_writes_the_same_run(tmp_path: Path) -> None:
    job = _job()
    run_job(job, tmp_path / "here")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(_run, job, tmp_path / "there").result() == job.config_sha256
    here, there = ({file.name: file.read_bytes() for file in (tmp_path / each).iterdir()} for each in ("here", "there"))
    assert here == there


def _run(job: Job, path: Path) -> str:
    run_job(job, path)
    return job.config_sha256
