"""The command of the image: `operator` in a Deployment, `agent` in a DaemonSet."""

from __future__ import annotations

import os
import re
import sys
import uuid
from pathlib import Path
from typing import Any

import click

from . import __version__, logs

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Duration(click.ParamType[float]):
    """Text such as 30s, 5m or 1h; the value is in seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds as a float."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", str(value))
        if match is None:
            self.fail(f"{value!r} is no duration: write 30s, 5m or 1h", param, ctx)
        return float(match[1]) * UNITS[match[2]]


DURATION = Duration()


@click.group(context_settings={"auto_envvar_prefix": "LIMITWISE", "show_default": True})
@click.version_option(__version__, prog_name="limitwise-operator")
@click.option("--log-level", default="info", type=click.Choice(["debug", "info", "warning"]))
@click.option("--log-format", default="json", type=click.Choice(["json", "text"]))
def main(log_level: str, log_format: str) -> None:
    """Keep the limits of a cluster's nodes as NodeTunings say.

    Every option can be given in the environment too: LIMITWISE_OPERATOR_NAMESPACE for the
    operator's --namespace, LIMITWISE_LOG_LEVEL for --log-level.
    """
    logs.set_up(log_level, log_format)


@main.command(short_help="Decide which node gets what, and when.")
@click.option("--namespace", default="limitwise-system", help="Where the leader's Lease is.")
@click.option(
    "--kubeconfig", type=click.Path(), help="Outside a pod: the cluster to work on [$KUBECONFIG]."
)
@click.option("--identity", help="This replica's name in the Lease; by default the host's.")
@click.option(
    "--max-unavailable",
    default="20%",
    help="Nodes in change or drained at once, over all NodeTunings: a count, or a share as 20%.",
)
@click.option("--drain-timeout", type=DURATION, default="30m", help="When a drain is given up.")
@click.option(
    "--drain-retry-after", type=DURATION, default="1h", help="When a given-up drain is tried again."
)
@click.option(
    "--drain-empty-dir/--keep-empty-dir",
    default=True,
    help="Whether drains evict pods with emptyDir volumes, whose contents they lose.",
)
@click.option(
    "--drain-unmanaged/--keep-unmanaged",
    default=False,
    help="Whether drains evict pods that no controller makes again.",
)
@click.option(
    "--own-node", envvar="NODE_NAME", default="", help="The node it runs on, remediated last."
)
@click.option(
    "--delete-pods/--never-delete-pods",
    default=False,
    help="Whether a RemediationPolicy may have pods deleted that cannot be evicted in time.",
)
@click.option("--rate", default=200.0, help="Requests to the API server in a second, on average.")
@click.option("--in-flight", default=8, help="Requests to the API server at once.")
@click.option("--lease-duration", default=12, help="Seconds after which a lost leader is replaced.")
@click.option(
    "--census", type=DURATION, default="5m", help="How often watches are put to the test."
)
@click.option(
    "--watch-grace", type=DURATION, default="2m", help="When a watch counts as dead after that."
)
@click.option("--listen", default="0.0.0.0", help="The address for probes and metrics.")  # noqa: S104
@click.option("--health-port", default=8080, help="/healthz and /readyz; 0: none.")
@click.option("--metrics-port", default=9090, help="Prometheus; 0: none.")
def operator(**options: Any) -> None:
    """Watch Nodes and the kinds of limitwise.dev; decide which node gets what, and when.

    Run two replicas: one leads, the other watches and takes over within 20 seconds.

    Probes: /healthz fails when watches have stopped delivering or planning has stopped; /readyz
    is good once the whole cluster is known, in the standing-by replica too.
    """
    import asyncio

    from .running import Ports, operate

    ports = Ports(options["listen"], options["health_port"], options["metrics_port"])
    try:
        asyncio.run(operate(_options(options), options["kubeconfig"], ports))
    except KeyboardInterrupt:
        sys.exit(130)


@main.command(short_help="Make one node what it should be, and tell how it is.")
@click.option("--node-name", envvar="NODE_NAME", required=True, help="The node it works for.")
@click.option("--host-root", default="/host", help="Where the host's root is mounted.")
@click.option("--namespace", default="limitwise-system", help="Where its own Lease is.")
@click.option(
    "--kubeconfig", type=click.Path(), help="Outside a pod: the cluster to report to [$KUBECONFIG]."
)
@click.option("--interval", type=DURATION, default="30s", help="Between two looks at the host.")
@click.option(
    "--heartbeat", type=DURATION, default="60s", help="Between two renewals of its Lease."
)
@click.option("--timeout", type=DURATION, default="8m", help="How long one run may take.")
@click.option("--pod-uid", envvar="POD_UID", help="The uid of its own pod.")
@click.option(
    "--allow",
    type=click.Path(path_type=Path),
    help="A file of dangerous keys that may be set, besides the node's /etc/limitwise/allow.",
)
@click.option(
    "--runs", type=click.Path(path_type=Path), help="A small tmpfs for what a run leaves behind."
)
@click.option("--port", default=9469, help="Probes and metrics; 0: none.")
@click.option("--once", is_flag=True, help="Do what there is to do now, then end.")
def agent(**options: Any) -> None:
    """Make one node what its NodeTuningState says, and tell what it is.

    Looks at the host's limits in process; runs Ansible only when something is to be changed. It
    needs the host's root at --host-root and the host's PID, network and IPC namespaces.
    """
    from .agent.main import run
    from .agent.options import Options

    sys.exit(run(Options(**{key: value for key, value in options.items() if value is not None})))


def _options(given: dict[str, Any]) -> Any:
    from datetime import timedelta

    from .decide.observed import DrainOptions, Settings
    from .effects.door import Manners
    from .effects.lease import Terms
    from .session import Options

    most = given["max_unavailable"]
    drain = DrainOptions(
        given["drain_empty_dir"],
        given["drain_unmanaged"],
        timedelta(seconds=given["drain_timeout"]),
        timedelta(seconds=given["drain_retry_after"]),
    )
    lasts = given["lease_duration"]
    return Options(
        identity=given["identity"] or f"{os.uname().nodename}_{uuid.uuid4().hex[:8]}",
        namespace=given["namespace"],
        manners=Manners(
            rate=given["rate"], burst=int(given["rate"] * 2), in_flight=given["in_flight"]
        ),
        terms=Terms(lasts, lasts * 2 / 3, lasts / 6),
        settings=Settings(
            int(most) if most.isdecimal() else most,
            drain,
            given["own_node"],
            given["delete_pods"],
        ),
        census=given["census"],
        watch_grace=given["watch_grace"],
    )


if __name__ == "__main__":
    main()
