"""What a process can still take is the machine's, or what its control group leaves."""

from pathlib import Path

from gpu_worker.models.i2vgen_xl.hardware.host_memory import available_host_bytes


def test_a_control_group_bounds_a_host(tmp_path: Path) -> None:
    assert available_host_bytes(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9 kB\nMemAvailable:  4096 kB\n")
    assert available_host_bytes(tmp_path) == 4096 * 1024
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("2000000\n")
    (group / "memory.current").write_text("1500000\n")
    (group / "memory.stat").write_text("anon 1\ninactive_file 100000\n")
    assert available_host_bytes(tmp_path) == 600000.0
    (group / "memory.max").write_text("max\n")
    assert available_host_bytes(tmp_path) == 4096 * 1024
