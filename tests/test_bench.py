"""The bench measures everything that it promises; whether goals are met depends on the machine and is for people."""

from __future__ import annotations

from dataclasses import replace

from staff.evidence import bench


def test_a_short_bench_prints_every_measurement(monkeypatch, capsys):
    short = [replace(contest, passes=1, rows=min(contest.rows, 1920)) for contest in bench.contests()]
    monkeypatch.setattr(bench, "contests", lambda: short)
    monkeypatch.setattr(bench, "GENERATED_IMAGES", 500)
    bench.main(["--repeats", "1"])
    printed = capsys.readouterr().out
    for mark in ("(a)", "(b)", "(c)", "(d)", "(e)", "q1, batches of 1", "q4, batches of 64", "digits.npz", "images/s"):
        assert mark in printed


def test_both_loops_of_the_bench_see_the_same_number_of_batches():
    import data

    for contest in bench.contests():
        arrays = data.training_arrays(data.Library().load(contest.dataset_name))
        dataset = contest.dataset(None, arrays)
        ours = [x.shape for x, _ in bench.loaded_batches(contest, dataset)]
        bare = [x.shape for x, _ in bench.bare_batches(contest, dataset)]
        assert len(ours) == len(bare)
