"""Runs fuzz targets. Needs a nightly toolchain; cargo-fuzz is built once if it is missing.

Inputs that fail are in tests/fuzz/artifacts/TARGET, the committed ones in tests/fuzz/corpus/TARGET.
"""

from __future__ import annotations

from .process import Argument, output_of, run_to_end
from .project import ROOT, target_folder
from .provision.packages import cargo_program
from .report import Failed


def fuzz(seconds: str, *names: str) -> None:
    """Runs each target for some seconds; all targets if none is named."""
    program = cargo_program("cargo-fuzz")
    tests, target = ROOT / "tests", ROOT / "target" / "fuzz"
    environment = {"RUSTUP_TOOLCHAIN": "nightly", "CARGO_TARGET_DIR": str(target)}
    chosen = names or tuple(output_of([program, "list", "--fuzz-dir", "fuzz"], cwd=tests, env=environment).split())
    for name in chosen:
        print(f"== fuzzing {name} for {seconds} s", flush=True)
        folders = [target / "learned" / name, tests / "fuzz/corpus" / name, tests / "fuzz/artifacts" / name]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        # New inputs go to the first folder; the committed corpus is only read, until `cmin` condenses both.
        command: list[Argument] = [
            program,
            "run",
            "--fuzz-dir",
            "fuzz",
            name,
            *folders[:2],
            "--",
            f"-max_total_time={seconds}",
        ]
        command += ["-max_len=65536", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]
        # A build and a run of that length can be silent.
        silence = 1800.0 + int(seconds)
        log = target_folder() / f"fuzz-{name}.log"
        status, text = run_to_end(command, log, cwd=tests, env=environment, silence=silence)
        print("\n".join(text.splitlines()[-25:]), flush=True)
        if status != 0:
            raise Failed(f"fuzzing {name} ended with status {status} ({log})")
