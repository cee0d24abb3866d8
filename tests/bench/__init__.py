"""What the design promises about speed and size, measured: a module a workload, thresholds and runner apart.

Each workload has `run() -> dict[str, float]`; a figure is named `group.figure`, its unit last in the name.
Nothing here runs in the ordinary tests but one small untimed pass, since a figure taken on a busy machine
proves nothing.
"""
