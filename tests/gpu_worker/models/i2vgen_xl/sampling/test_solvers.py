"""Our solvers take the steps that diffusers' schedulers take."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from torch import Tensor

from gpu_worker.models.i2vgen_xl.checkpoint.random_checkpoint import released_scheduler
from gpu_worker.models.i2vgen_xl.sampling.schedule import NoiseLevel, Schedule, read_schedule
from gpu_worker.models.i2vgen_xl.sampling.solvers import SOLVERS, SolverState
from storage.domain.models.sampling import Scheduler, Spacing

STEPS = 9


def net(sample: Tensor, timestep: int) -> Tensor:
    """Predict something smooth, so that solvers of every order have something to solve."""
    return torch.tanh(0.7 * sample + timestep / 1000) - 0.3 * sample


def ours(name: Scheduler, times: Schedule, noise: Tensor) -> Tensor:
    """Take all steps with one of our solvers."""
    solver, state = SOLVERS[name](times), SolverState(noise)
    for index, timestep in enumerate(times.timesteps):
        state = solver.step(index, state, net(state.sample, timestep))
    return state.sample


def theirs(scheduler: Any, noise: Tensor) -> Tensor:
    """Take all steps with one of diffusers' schedulers."""
    scheduler.set_timesteps(STEPS)
    sample = noise
    for timestep in scheduler.timesteps:
        sample = scheduler.step(net(sample, int(timestep)), timestep, sample).prev_sample
    return sample


@pytest.fixture
def noise() -> Tensor:
    """Draw where all solvers start."""
    return torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("prediction", ["v_prediction", "epsilon", "sample"])
@pytest.mark.parametrize("spacing", ["leading", "trailing"])
def test_ddim_is_the_stock_scheduler(noise: Tensor, prediction: str, spacing: str) -> None:
    changes: dict[str, Any] = {"prediction_type": prediction, "timestep_spacing": spacing}
    if prediction == "epsilon":
        # Noise cannot be predicted where there is nothing but noise.
        changes |= {"rescale_betas_zero_snr": False, "beta_schedule": "scaled_linear"}
    made = cast(Any, DDIMScheduler).from_config(released_scheduler().config, **changes)
    assert torch.allclose(
        ours(Scheduler.DDIM, read_schedule(made, STEPS), noise), theirs(made, noise), atol=1e-5
    )


@pytest.mark.parametrize("spacing", list(Spacing)[1:])
def test_a_preset_may_space_its_steps_otherwise(spacing: Spacing) -> None:
    given = released_scheduler()
    made = cast(Any, DDIMScheduler).from_config(given.config, timestep_spacing=spacing.value)
    assert read_schedule(given, STEPS, spacing) == read_schedule(made, STEPS)
    own = given.config.timestep_spacing == spacing.value
    assert (read_schedule(given, STEPS, spacing) == read_schedule(given, STEPS)) is own


def test_trailing_steps_begin_with_pure_noise() -> None:
    given = released_scheduler()
    assert read_schedule(given, STEPS, Spacing.TRAILING).levels[0].signal == 0.0
    assert read_schedule(given, STEPS).levels[0].signal > 0.0


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_second_order_solver_follows_diffusers(noise: Tensor) -> None:
    other: Any = DPMSolverMultistepScheduler(
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        timestep_spacing="leading",
        final_sigmas_type="zero",
    )
    other.set_timesteps(STEPS)
    levels = tuple(
        NoiseLevel(float(power) ** 0.5, (1 - float(power)) ** 0.5)
        for power in other.alphas_cumprod[other.timesteps]
    )
    ending = (*levels, NoiseLevel(1.0, 0.0))
    steps = tuple(int(step) for step in other.timesteps)
    times = Schedule(steps, ending, ending[1:], "v_prediction", None)
    expected = theirs(other, noise)
    assert torch.allclose(ours(Scheduler.DPM_PLUS_PLUS, times, noise), expected, atol=1e-4)


@pytest.mark.parametrize("name", list(SOLVERS))
def test_a_step_taken_again_from_its_state_gives_the_same(noise: Tensor, name: Scheduler) -> None:
    times = read_schedule(released_scheduler(), STEPS)
    solver, state = SOLVERS[name](times), SolverState(noise)
    for index, timestep in enumerate(times.timesteps):
        predicted = net(state.sample, timestep)
        first, second = (solver.step(index, state, predicted) for _ in range(2))
        assert torch.equal(first.sample, second.sample)
        state = first
