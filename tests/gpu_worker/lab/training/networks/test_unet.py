"""The denoiser's noise schedule starts at pure noise."""

from gpu_worker.lab.training.networks import unet


def test_the_schedule_starts_at_pure_noise() -> None:
    scheduler = unet.build_scheduler()
    scheduler.set_timesteps(8)
    assert int(scheduler.timesteps[0]) == 999
    assert float(scheduler.alphas_cumprod[999]) < 1e-6
